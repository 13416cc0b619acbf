/** How long to wait before the next attempt at something that the server refused for now. */

import type { Problem } from "@hoopoe/sdk";

/** When it may be tried again, in ms since 1970; `null`: at once. */
export function retryAt(problem: Problem, now: number): number | null {
  if (problem.retryAfterMs === null || problem.retryAfterMs <= 0) return null;
  return now + problem.retryAfterMs;
}

/** Whole seconds that are left, rounded up so that it never says 0 while there is something to wait for. */
export function secondsLeft(at: number | null, now: number): number {
  if (at === null || at <= now) return 0;
  return Math.ceil((at - now) / 1000);
}

/** `0:09`, `14:59`. */
export function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
