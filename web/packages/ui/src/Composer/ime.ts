/** Keys that belong to an input method, and not to the composer. */

/** What is asked of a key event. */
export interface KeyLike {
  readonly isComposing: boolean;
  readonly keyCode: number;
  readonly timeStamp: number;
}

/** The key code of everything that an input method swallows. */
const PROCESSED = 229;
/** Safari ends the composition just before the key that ended it; nobody types two keys in this time. */
const SAME_KEY_MS = 100;

/** Tells the Enter that ends a composition from the one that sends. */
export class ImeGuard {
  #endedAtMs: number | null = null;

  /** A composition ended. `timeStamp` is that of the event, in milliseconds. */
  ended(timeStamp: number): void {
    this.#endedAtMs = timeStamp;
  }

  /** A key was let go: the next one is a new one. */
  released(): void {
    this.#endedAtMs = null;
  }

  /** Whether this key went to the input method. */
  owns(event: KeyLike): boolean {
    const endedAtMs = this.#endedAtMs;
    this.#endedAtMs = null;
    if (event.isComposing || event.keyCode === PROCESSED) {
      return true;
    }
    return endedAtMs !== null && event.timeStamp - endedAtMs < SAME_KEY_MS;
  }
}
