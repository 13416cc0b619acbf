/** A tab that follows the leader: it hears what the leader hears, and asks through it. */

import { HoopoeError } from "../error.ts";
import type { LineOptions } from "../line/options.ts";
import { Pending, type RequestOptions } from "../line/pending.ts";
import { IDLE, type LineState } from "../line/socket.ts";
import type { EventFrame, SkipFrame, Started } from "../line.ts";
import { ownError } from "../problems.ts";
import { isLater, isSame, type Seat, type TabMessage, type Term } from "./messages.ts";
import type { Role, Tab } from "./role.ts";

/** After so long without a word the leader is asked whether it lives. */
export const SUSPECT_AFTER_MS = 6_000;
/** How long it may take to answer: a hidden tab answers at once, a frozen one never. */
export const ANSWER_MAX_MS = 4_000;
/** Tabs that lost the same leader do not all move at once. */
const SPREAD_MS = 1_000;
/** Between attempts to join a session. */
const JOIN_AGAIN_MS = 2_000;

/** The reply of `sync.get`. */
type Synced = Omit<Started, "user" | "session" | "digest" | "more"> & {
  readonly digest?: string;
  readonly next_page?: string;
};

export class Follower implements Role {
  readonly #tab: Tab;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #onSilent: () => void;
  readonly #pending = new Pending();
  readonly #forgetPage: () => void;
  #term: Term | null = null;
  #seat: Seat | null = null;
  /** What came before the session was joined; `null` when it is. */
  #early: (EventFrame | SkipFrame)[] | null = [];
  #lastId = 0;
  #watch: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;

  /** `onSilent`: the leader does not answer any more. */
  constructor(tab: Tab, options: LineOptions, onSilent: () => void) {
    this.#tab = tab;
    this.#now = options.now ?? Date.now;
    this.#random = options.random ?? Math.random;
    this.#onSilent = onSilent;
    this.#forgetPage = options.surroundings?.onWake(() => this.#suspect(true)) ?? (() => {});
    tab.show(FOLLOWING);
    this.#suspect(false);
  }

  request(method: string, params: object, options: RequestOptions): Promise<unknown> {
    return this.#early === null ? this.#ask(method, params, options) : Promise.reject(offline());
  }

  retryNow(): void {
    this.#tab.post({ kind: "retry" });
  }

  onMessage(message: TabMessage): void {
    if (message.kind === "beat") {
      this.#onBeat(message.term, message.state, message.seat);
    } else if (message.kind === "frame" && isSame(message.term, this.#term)) {
      this.#onFrame(message.frame);
    } else if (message.kind === "answer" && message.tab === this.#tab.id) {
      const { id, result, problem } = message;
      if (problem === undefined) {
        this.#pending.answer(id, result);
      } else {
        this.#pending.refuse(id, new HoopoeError(problem));
      }
    } else if (message.kind === "gone" && isSame(message.term, this.#term)) {
      this.#term = null;
      this.#lose();
      this.#tab.show(FOLLOWING);
    }
  }

  end(): void {
    clearTimeout(this.#watch);
    this.#forgetPage();
    this.#lose();
    this.#tab.post({ kind: "bye", tab: this.#tab.id });
  }

  #onBeat(term: Term, state: LineState, seat: Seat | null): void {
    if (this.#term !== null && isLater(this.#term, term)) {
      return;
    }
    const isOther = !isSame(term, this.#term) || seat?.number !== this.#seat?.number;
    this.#term = term;
    this.#listen(state);
    if (isOther) {
      this.#lose();
      this.#seat = seat;
      if (seat !== null) {
        void this.#join(seat);
      }
    }
    if (this.#early === null) {
      this.#tab.show({ ...state, leader: false });
    } else {
      const isUnderWay = state.status === "online" || state.status === "stopped";
      this.#tab.show(isUnderWay ? FOLLOWING : { ...state, leader: false });
    }
  }

  #onFrame(frame: EventFrame | SkipFrame): void {
    if (this.#early === null) {
      this.#tab.handler().onFrame(frame);
    } else if (this.#seat !== null) {
      this.#early.push(frame);
    }
  }

  /** Begins in the leader's session: asks what was missed, and holds back what comes meanwhile. */
  async #join(seat: Seat): Promise<void> {
    this.#early = [];
    const cursor = this.#tab.handler().cursor() ?? undefined;
    let synced: Synced;
    try {
      synced = (await this.#ask("sync.get", { cursor }, {})) as Synced;
    } catch {
      // The line was lost, which the leader tells, or the server is slow.
      if (this.#seat === seat) {
        this.#again = setTimeout(() => void this.#join(seat), JOIN_AGAIN_MS);
      }
      return;
    }
    if (this.#seat !== seat) {
      return;
    }
    const { next_page, digest = "", ...rest } = synced;
    const early = this.#early;
    this.#early = null;
    const { user, session } = seat;
    this.#tab
      .handler()
      .onStarted({ ...rest, user, session, digest, more: next_page !== undefined });
    for (const frame of early ?? []) {
      if (this.#seat === seat) {
        this.#tab.handler().onFrame(frame);
      }
    }
    if (this.#seat === seat) {
      this.#tab.show({ ...FOLLOWING, status: "online" });
    }
  }

  #ask(method: string, params: object, options: RequestOptions): Promise<unknown> {
    const { signal, timeoutMs } = options;
    if (this.#term === null) {
      return Promise.reject(offline());
    }
    if (signal?.aborted) {
      return Promise.reject(ownError("sdk.aborted", null, signal.reason));
    }
    this.#lastId += 1;
    const id = this.#lastId;
    const answer = this.#pending.add<unknown>(id, options);
    const { id: tab } = this.#tab;
    const term = this.#term;
    this.#tab.post({ kind: "ask", term, tab, id, method, params, timeoutMs, at: this.#now() });
    return answer;
  }

  /** The session is gone, and so is what was asked in it. */
  #lose(): void {
    clearTimeout(this.#again);
    const wasJoined = this.#early === null;
    this.#seat = null;
    this.#early = [];
    this.#pending.refuseAll(offline);
    if (wasJoined) {
      this.#tab.handler().onLost();
    }
  }

  /** The leader lives. It is asked again when it is silent, or late with what it was about to do. */
  #listen(state: LineState): void {
    clearTimeout(this.#watch);
    const isDue = state.retryAt === null ? Number.POSITIVE_INFINITY : state.retryAt - this.#now();
    const spread = this.#random() * SPREAD_MS;
    const wait = Math.min(SUSPECT_AFTER_MS, Math.max(isDue, 0) + SPREAD_MS) + spread;
    this.#watch = setTimeout(() => this.#suspect(false), wait);
  }

  #suspect(wake: boolean): void {
    clearTimeout(this.#watch);
    this.#tab.post({ kind: "hello", tab: this.#tab.id, wake });
    this.#watch = setTimeout(this.#onSilent, ANSWER_MAX_MS);
  }
}

/** There is a leader, and what it has is not here yet. */
const FOLLOWING: LineState = { ...IDLE, status: "connecting", leader: false };

function offline(): HoopoeError {
  return ownError("sdk.offline");
}
