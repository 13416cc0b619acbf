import type { Observable } from "@hoopoe/sdk";
import { useCallback, useMemo, useState, useSyncExternalStore } from "react";

/** The value of an observable now; the component is drawn anew when it changes. */
export function useValue<T>(observable: Observable<T>): T {
  const subscribe = useCallback(
    (listener: () => void) => observable.subscribe(listener),
    [observable],
  );
  const get = () => observable.getSnapshot();
  return useSyncExternalStore(subscribe, get, get);
}

/** An observable of several: its value is the same array until one of them changes. */
export function combine<T>(observables: readonly Observable<T>[]): Observable<readonly T[]> {
  let last: readonly T[] | undefined;
  return {
    getSnapshot() {
      const next = observables.map((one) => one.getSnapshot());
      if (last === undefined || next.some((value, i) => !Object.is(value, last?.[i]))) last = next;
      return last;
    },
    subscribe(listener) {
      const ends = observables.map((one) => one.subscribe(listener));
      return () => {
        for (const end of ends) end();
      };
    },
  };
}

/** An observable that never changes. */
export function constant<T>(value: T): Observable<T> {
  return { getSnapshot: () => value, subscribe: () => () => {} };
}

const nothing = constant(null);

/** As `useValue`, for what may not be there. */
export function useMaybeValue<T>(observable: Observable<T> | null | undefined): T | null {
  return useValue<T | null>(observable ?? nothing);
}

function same<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}

/** The values of several observables; which ones may change from one drawing to the next. */
export function useValues<T>(observables: readonly Observable<T>[]): readonly T[] {
  const [kept, keep] = useState(observables);
  if (!same(kept, observables)) keep(observables);
  return useValue(useMemo(() => combine(kept), [kept]));
}
