import type { Observable } from "../model.ts";

/** A value that can be watched and set. */
export interface Value<T> extends Observable<T> {
  /** Puts another value in its place and tells it; the same one changes nothing. */
  set(value: T): void;
}

/** Makes one. */
export function value<T>(first: T): Value<T> {
  let current = first;
  const listeners = new Set<() => void>();
  return {
    getSnapshot: () => current,
    subscribe(listener) {
      // The same function may be given twice, and each is ended by itself.
      const own = () => listener();
      listeners.add(own);
      return () => {
        listeners.delete(own);
      };
    },
    set(next) {
      if (Object.is(next, current)) {
        return;
      }
      current = next;
      for (const listener of [...listeners]) {
        listener();
      }
    },
  };
}
