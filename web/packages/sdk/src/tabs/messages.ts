/** What tabs say to each other on their channel. */

import type { LineState } from "../line/socket.ts";
import type { EventFrame, SkipFrame } from "../line.ts";
import type { Problem } from "../model.ts";

/** The time in which a tab leads. The later one counts: a tab that slept may still believe in its own. */
export interface Term {
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly tab: string;
}

/** The leader's session; `number` is another one for each. */
export interface Seat {
  readonly user: string;
  readonly session: string;
  readonly number: number;
}

/** A command that the leader is asked to pass on. */
export interface Ask {
  readonly kind: "ask";
  readonly term: Term;
  readonly tab: string;
  readonly id: number;
  readonly method: string;
  readonly params: object;
  readonly timeoutMs?: number;
  /** When it was asked: a leader that slept passes nothing on that was given up since. */
  readonly at: number;
}

/** The answer to it. */
export interface Answer {
  readonly kind: "answer";
  readonly tab: string;
  readonly id: number;
  readonly result?: unknown;
  readonly problem?: Problem;
}

/** Everything that is said. */
export type TabMessage =
  /** The leader lives, and this is how its line stands. */
  | {
      readonly kind: "beat";
      readonly term: Term;
      readonly state: LineState;
      readonly seat: Seat | null;
    }
  /** The server told something. */
  | { readonly kind: "frame"; readonly term: Term; readonly frame: EventFrame | SkipFrame }
  /** The leader leads no more. */
  | { readonly kind: "gone"; readonly term: Term }
  /** Who leads? `wake`: and there is a reason to doubt its line. */
  | { readonly kind: "hello"; readonly tab: string; readonly wake: boolean }
  /** Somebody wants the next attempt now. */
  | { readonly kind: "retry" }
  /** A follower goes. */
  | { readonly kind: "bye"; readonly tab: string }
  /** From the rest of the SDK to the same in other tabs. */
  | { readonly kind: "tell"; readonly message: unknown }
  | Ask
  | Answer;

/** Whether `a` is a later term than `b`. */
export function isLater(a: Term, b: Term): boolean {
  return a.since > b.since || (a.since === b.since && a.tab > b.tab);
}

/** Whether both are the same term. */
export function isSame(a: Term | null, b: Term | null): boolean {
  return a?.since === b?.since && a?.tab === b?.tab;
}
