/** Values that can be watched. */

import type { Observable } from "../model.ts";

let depth = 0;
const waiting = new Set<Source<unknown>>();

/** Runs `work`; whoever watches is told once, at its end, however much has changed. */
export function batch<T>(work: () => T): T {
  depth++;
  try {
    return work();
  } finally {
    depth--;
    if (depth === 0) {
      const told = [...waiting];
      waiting.clear();
      for (const source of told) source.notify();
    }
  }
}

/** What `Value` and `Derived` share. */
export abstract class Source<T> implements Observable<T> {
  readonly #listeners = new Set<() => void>();
  /** Told when the first comes to watch, and when the last has gone. */
  onWatched: ((watched: boolean) => void) | undefined;

  abstract getSnapshot(): T;

  readonly subscribe = (listener: () => void): (() => void) => {
    // A wrapper of its own: the same function may watch twice, and each end ends one.
    const own = (): void => listener();
    this.#listeners.add(own);
    if (this.#listeners.size === 1) this.onWatched?.(true);
    return () => {
      if (this.#listeners.delete(own) && this.#listeners.size === 0) this.onWatched?.(false);
    };
  };

  get watched(): boolean {
    return this.#listeners.size > 0;
  }

  notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  protected changed(): void {
    if (depth > 0) waiting.add(this as Source<unknown>);
    else this.notify();
  }
}

/** A value that is set. */
export class Value<T> extends Source<T> {
  #value: T;

  constructor(value: T) {
    super();
    this.#value = value;
  }

  readonly getSnapshot = (): T => this.#value;

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    this.changed();
  }
}

/** A value that is made from others when it is asked for; whoever changes one of them says `touch`. */
export class Derived<T> extends Source<T> {
  #value: T | undefined;
  #stale = true;
  readonly #make: (before: T | undefined) => T;

  /** `make` gets the value from before, and answers it where nothing is different. */
  constructor(make: (before: T | undefined) => T) {
    super();
    this.#make = make;
  }

  readonly getSnapshot = (): T => {
    if (this.#stale) {
      this.#value = this.#make(this.#value);
      this.#stale = false;
    }
    return this.#value as T;
  };

  touch(): void {
    this.#stale = true;
    this.changed();
  }
}

/** `now`, frozen; or `before`, where every field of both is the same. */
export function frozen<T extends object>(before: T | null | undefined, now: T): T {
  const keys = Object.keys(now) as (keyof T)[];
  return before && keys.every((key) => Object.is(before[key], now[key]))
    ? before
    : Object.freeze(now);
}
