import type { Observable } from "@hoopoe/sdk";

/** An observable that a test sets. */
export interface Value<T> extends Observable<T> {
  set(next: T): void;
  update(change: (now: T) => T): void;
  /** How many watch it now. */
  readonly watchers: number;
}

/** An observable that begins with `initial`. */
export function value<T>(initial: T): Value<T> {
  let now = initial;
  const listeners = new Set<() => void>();
  const set = (next: T) => {
    if (Object.is(now, next)) return;
    now = next;
    for (const listener of [...listeners]) listener();
  };
  return {
    getSnapshot: () => now,
    subscribe(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    set,
    update: (change) => set(change(now)),
    get watchers() {
      return listeners.size;
    },
  };
}
