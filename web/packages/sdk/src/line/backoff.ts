/** The bound of the first wait. */
export const BACKOFF_BASE_MS = 500;
/** No bound is larger. */
export const BACKOFF_CAP_MS = 30_000;

/**
 * Full jitter: evenly from nothing to a bound that doubles. A thousand tabs that lost the same
 * server come back spread over the whole bound, not in waves.
 */
export class Backoff {
  readonly #random: () => number;
  #failures = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** How long to wait after one more failure; never less than the other side asked for. */
  next(leastMs = 0): number {
    const bound = Math.min(BACKOFF_BASE_MS * 2 ** Math.min(this.#failures, 16), BACKOFF_CAP_MS);
    this.#failures += 1;
    return leastMs + Math.round(this.#random() * bound);
  }

  reset(): void {
    this.#failures = 0;
  }
}
