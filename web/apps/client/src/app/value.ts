import type { Observable } from "@hoopoe/sdk";

/** An observable that can be set. */
export interface Settable<T> extends Observable<T> {
  set(next: T): void;
}

/** A value to be watched. Setting the same one again tells nobody. */
export function settable<T>(initial: T): Settable<T> {
  let current = initial;
  const listeners = new Set<() => void>();
  return {
    getSnapshot: () => current,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    set(next) {
      if (Object.is(next, current)) return;
      current = next;
      for (const listener of [...listeners]) listener();
    },
  };
}
