import { createContext, useContext, useEffect, useState } from "react";

export const NowContext = createContext<() => number>(Date.now);

/** The clock of the kit; injected for tests. */
export function useClock(): () => number {
  return useContext(NowContext);
}

/** The time, drawn anew every `everyMs`; stands still while `everyMs` is `null`. */
export function useNow(everyMs: number | null): number {
  const clock = useClock();
  const [now, setNow] = useState(clock);
  useEffect(() => {
    setNow(clock());
    if (everyMs === null) return;
    const timer = setInterval(() => setNow(clock()), everyMs);
    return () => clearInterval(timer);
  }, [clock, everyMs]);
  return now;
}
