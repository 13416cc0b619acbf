/** The line of a tab that holds the socket itself: from a token to a session, and what follows each way to lose it. */

import type { EventFrame, Line, LineHandler, SkipFrame, Started } from "../line.ts";
import type { ConnectionState, Problem } from "../model.ts";
import { ownError, ownProblem, problemOf, readProblem } from "../problems.ts";
import { Backoff } from "./backoff.ts";
import { Calls, type Reply } from "./calls.ts";
import { type LineOptions, pageSurroundings, type Socket, silent, socketUrl } from "./options.ts";
import type { RequestOptions } from "./pending.ts";
import { value } from "./value.ts";

/** The subprotocol: JSON in text frames. */
export const SUBPROTOCOL = "hoopoe.v1.json";
/** How long the app may take for a token. */
const TOKEN_MAX_MS = 30_000;
/** An attempt this old is given up when the network comes back: it may wait for an answer of before. */
const STUCK_AFTER_MS = 2_000;
/** From the first byte to an open socket, and from `session.start` to its reply. */
const DIAL_MAX_MS = 15_000;
/** After so long without a frame the server is asked for one: pings cannot be seen by a page. */
export const PROBE_AFTER_MS = 30_000;
/** A line is dead when nothing comes for so long after that. */
export const PROBE_WAIT_MS = 30_000;
/** The same when the page came back, or the network did: there is a reason to doubt the line. */
export const WAKE_WAIT_MS = 10_000;
/** The same when the device says that the network is gone: it is nearly always right, but a server on the same machine answers. */
export const OFFLINE_WAIT_MS = 2_000;
/** A timer that comes so much too late was asleep with the machine, and what came meanwhile is not read yet. */
const LATE_MS = 5_000;
/** A session that lived so long was a good one: the next attempt comes soon. */
const GOOD_AFTER_MS = 5_000;
/** Tokens in a row that the server may refuse before no more are asked for. */
export const REFUSED_MAX = 3;
/** How long to wait after 4429, which names no time. */
const RATE_WAIT_MS = 1_000;

/** `ConnectionState` without what only the rest of the SDK knows. */
export type LineState = Omit<ConnectionState, "synced">;
type Phase = "idle" | "token" | "dialing" | "starting" | "live" | "leaving" | "waiting" | "stopped";
type Stop = NonNullable<ConnectionState["stop"]>;

/** The state of a line at which nothing is known yet. */
export const IDLE: LineState = {
  status: "idle",
  retryAt: null,
  stop: null,
  failure: null,
  leader: true,
};

/** A line with a socket of its own. */
export class SocketLine implements Line {
  readonly state = value<LineState>(IDLE);
  readonly #options: LineOptions;
  readonly #now: () => number;
  readonly #backoff: Backoff;
  readonly #calls: Calls;
  #phase: Phase = "idle";
  #handler: LineHandler | null = null;
  /** Grows with each attempt, so that what belongs to an earlier one is known by it. */
  #attempt = 0;
  #asking: Promise<string> | null = null;
  #token = "";
  /** The last token that the server did not take, and how many in a row. */
  #refused: string | undefined;
  #refusal: Problem | null = null;
  #refusals = 0;
  #socket: Socket | null = null;
  #startId = 0;
  #dialedAt = 0;
  #liveSince = 0;
  #heardAt = 0;
  /** Frames of this line, counted because two may come in one millisecond. */
  #heard = 0;
  #retryAt = 0;
  #notBefore = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #forgetPage: (() => void) | null = null;

  constructor(options: LineOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#backoff = new Backoff(options.random ?? Math.random);
    this.#calls = new Calls((text) => this.#socket?.send(text));
  }

  open(handler: LineHandler): void {
    this.#handler = handler;
    if (this.#phase !== "idle" && this.#phase !== "stopped") {
      return;
    }
    this.#refused = undefined;
    this.#refusals = 0;
    this.#backoff.reset();
    this.#forgetPage = this.#watchPage();
    this.#seek();
  }

  close(): void {
    this.#stop("closed", null);
  }

  request<R>(method: string, params: object, options: RequestOptions = {}): Promise<R> {
    return this.#phase === "live"
      ? this.#calls.ask<R>(method, params, options)
      : Promise.reject(ownError("sdk.offline"));
  }

  retryNow(): void {
    if (this.#phase === "waiting") {
      this.#seek();
    }
  }

  /** There are no other tabs. */
  tell(_message: unknown): void {}

  onTold(_listener: (message: unknown) => void): () => void {
    return () => {};
  }

  /** There is a reason to believe that the network is back: tries at once, or makes sure of the line. */
  wake(): void {
    if (this.#phase === "live") {
      this.#probe(WAKE_WAIT_MS);
    } else if (this.#phase === "waiting" && this.#now() >= this.#notBefore) {
      this.#seek();
    } else if (this.#phase === "dialing" && this.#now() - this.#dialedAt > STUCK_AFTER_MS) {
      this.#again();
    }
  }

  /** There is a reason to believe that the network is gone: makes sure of the line, and hangs up soon. */
  doubt(): void {
    if (this.#phase === "live") {
      this.#probe(OFFLINE_WAIT_MS);
    }
  }

  /** Does what is due: timers of a hidden page come up to a minute late. */
  tick(): void {
    if (this.#phase === "waiting" && this.#now() >= this.#retryAt) {
      this.#seek();
    } else if (this.#phase === "live" && this.#now() - this.#heardAt > PROBE_AFTER_MS) {
      this.#probe(WAKE_WAIT_MS);
    }
  }

  #watchPage(): () => void {
    const page = this.#options.surroundings ?? pageSurroundings();
    const forgetWake = page.onWake(() => this.wake());
    const forgetOffline = page.onOffline?.(() => this.doubt());
    return () => {
      forgetWake();
      forgetOffline?.();
    };
  }

  /** Begins an attempt: a token first. */
  async #seek(): Promise<void> {
    const attempt = this.#enter("token");
    this.#show({ status: "connecting" });
    this.#after(TOKEN_MAX_MS, () => this.#wait(ownProblem("sdk.timeout", "no token came")));
    try {
      const token = await this.#askToken();
      if (attempt !== this.#attempt) {
        return;
      }
      if (token === this.#refused) {
        this.#stop("token_refused", this.#refusal);
      } else {
        this.#dial(token);
      }
    } catch (error) {
      if (attempt !== this.#attempt) {
        return;
      }
      const problem = problemOf(error);
      if (problem.code === "sdk.signed_out") {
        this.#stop("signed_out", problem);
      } else {
        this.#wait(problem);
      }
    }
  }

  /** One call of the app at a time, be it that the attempt which asked is long over. */
  #askToken(): Promise<string> {
    const hint = this.#refused === undefined ? undefined : { refused: this.#refused };
    this.#asking ??= Promise.resolve(hint)
      .then(this.#options.getToken)
      .finally(() => {
        this.#asking = null;
      });
    return this.#asking;
  }

  #dial(token: string): void {
    const Class = this.#options.WebSocket ?? globalThis.WebSocket;
    if (Class === undefined) {
      this.#stop("refused", ownProblem("sdk.no_socket"));
      return;
    }
    this.#enter("dialing");
    this.#dialedAt = this.#now();
    this.#token = token;
    this.#after(DIAL_MAX_MS, () => this.#lose("the server does not answer"));
    let socket: Socket;
    try {
      socket = new Class(socketUrl(this.#options.url), [SUBPROTOCOL]);
    } catch (error) {
      this.#wait(problemOf(error));
      return;
    }
    this.#socket = socket;
    socket.onopen = () => this.#onOpen();
    socket.onmessage = (event: { data: unknown }) => this.#onMessage(event.data);
    socket.onclose = (event: { code: number; reason: string }) =>
      this.#onClosed(event.code, event.reason);
    // What went wrong is told by `onclose`, which follows; browsers say nothing here on purpose.
    socket.onerror = () => {};
  }

  #onOpen(): void {
    this.#enter("starting");
    this.#after(DIAL_MAX_MS, () => this.#lose("the server does not start a session"));
    this.#startId = this.#calls.fresh();
    const cursor = this.#handler?.cursor() ?? undefined;
    const { device } = this.#options;
    const params = { token: this.#token, device, cursor };
    this.#socket?.send(JSON.stringify({ id: this.#startId, method: "session.start", params }));
  }

  #onMessage(data: unknown): void {
    this.#heardAt = this.#now();
    this.#heard += 1;
    let frame: Partial<Reply & EventFrame & SkipFrame> | null = null;
    try {
      frame = typeof data === "string" ? JSON.parse(data) : null;
    } catch (error) {
      this.#log("a frame is no JSON", error);
    }
    if (typeof frame !== "object" || frame === null) {
      return;
    }
    if (typeof frame.id === "number") {
      if (frame.id === this.#startId) {
        this.#onStartReply(frame as Reply);
      } else {
        this.#calls.onReply(frame as Reply);
      }
    } else if (frame.event !== undefined || frame.skip !== undefined) {
      this.#tell((handler) => handler.onFrame(frame as EventFrame | SkipFrame));
    }
  }

  #onStartReply(reply: Reply): void {
    if (this.#phase !== "starting") {
      return;
    }
    const started = reply.result as Started | undefined;
    if (typeof started?.session === "string") {
      this.#enter("live");
      this.#liveSince = this.#heardAt;
      this.#refused = undefined;
      this.#refusals = 0;
      const attempt = this.#attempt;
      this.#pulse();
      this.#tell((handler) => handler.onStarted(started));
      if (attempt === this.#attempt) {
        this.#show({ status: "online" });
      }
      return;
    }
    const problem = readProblem(reply.error) ?? ownProblem("sdk.bad_reply");
    if (problem.status === 401) {
      this.#refresh(problem);
    } else if ([408, 429].includes(problem.status) || problem.status >= 500) {
      this.#wait(problem, problem.retryAfterMs ?? 0);
    } else {
      this.#stop("refused", problem);
    }
  }

  /** The token is not taken: another one first, so that nobody knocks with what was refused. */
  #refresh(problem: Problem, isShort = false): void {
    this.#refused = this.#token;
    this.#refusal = problem;
    this.#refusals += 1;
    if (this.#refusals > REFUSED_MAX) {
      this.#stop("token_refused", problem);
    } else if (isShort) {
      this.#wait(problem);
    } else {
      this.#again();
    }
  }

  #onClosed(code: number, reason: string): void {
    const wasLive = this.#phase === "live";
    const isGood = wasLive && this.#now() - this.#liveSince >= GOOD_AFTER_MS;
    if (isGood) {
      this.#backoff.reset();
    }
    const problem = ownProblem("sdk.offline", `the line was closed with ${code}`);
    if (code === 4403) {
      this.#stop("revoked", problem);
    } else if (code === 4401 && wasLive) {
      // Before the session's start was answered it only says that the start came too late.
      this.#refresh(problem, !isGood);
    } else if (code === 4409 && isGood) {
      this.#again();
    } else {
      this.#wait(problem, retryAfter(reason) ?? (code === 4429 ? RATE_WAIT_MS : 0));
    }
  }

  #lose(why: string): void {
    this.#log(why);
    this.#wait(ownProblem("sdk.offline", why));
  }

  #again(): void {
    if (this.#leave()) {
      this.#seek();
    }
  }

  /** Gives the attempt up and makes another one later. */
  #wait(failure: Problem, leastMs = 0): void {
    if (!this.#leave()) {
      return;
    }
    this.#enter("waiting");
    const delay = this.#backoff.next(leastMs);
    this.#notBefore = this.#now() + leastMs;
    this.#retryAt = this.#now() + delay;
    this.#after(delay, () => this.#seek());
    this.#show({ status: "waiting", retryAt: this.#retryAt, failure });
  }

  #stop(stop: Stop, failure: Problem | null): void {
    if (this.#phase === "stopped" || this.#phase === "idle") {
      return;
    }
    if (!this.#leave()) {
      return;
    }
    this.#enter("stopped");
    this.#forgetPage?.();
    this.#forgetPage = null;
    this.#show({ status: "stopped", stop, failure });
  }

  /**
   * Lets the socket go, with the session on it if there is one. `false`: who heard of that closed or
   * opened the line, so what the caller was about to do is void.
   */
  #leave(): boolean {
    const wasLive = this.#phase === "live";
    const attempt = this.#enter("leaving");
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null) {
      socket.onopen = null;
      socket.onmessage = null;
      socket.onclose = null;
      // `onerror` stays: some sockets throw when nobody listens that they were closed too early.
      socket.close(1000);
    }
    if (wasLive) {
      this.#calls.onLost();
      this.#tell((handler) => handler.onLost());
    }
    return attempt === this.#attempt;
  }

  /** Sleeps until nothing was heard for long, then asks. */
  #pulse(): void {
    const quiet = Math.max(0, this.#now() - this.#heardAt);
    if (quiet >= PROBE_AFTER_MS) {
      this.#probe(PROBE_WAIT_MS);
    } else {
      this.#after(PROBE_AFTER_MS - quiet, () => this.#pulse());
    }
  }

  #probe(waitMs: number): void {
    const sentAt = this.#now();
    const heard = this.#heard;
    this.#socket?.send(JSON.stringify({ id: this.#calls.fresh(), method: "session.sync" }));
    this.#after(waitMs, () => {
      if (this.#heard !== heard) {
        this.#pulse();
      } else if (this.#now() - sentAt > waitMs + LATE_MS) {
        this.#probe(WAKE_WAIT_MS);
      } else {
        this.#lose("the line is silent");
      }
    });
  }

  #enter(phase: Phase): number {
    clearTimeout(this.#timer);
    this.#phase = phase;
    this.#attempt += 1;
    return this.#attempt;
  }

  /** The one thing that is waited for now. */
  #after(delayMs: number, run: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(run, delayMs);
  }

  #show(state: Partial<LineState>): void {
    this.state.set({ ...IDLE, ...state });
  }

  /** A mistake in what hears of it is not the line's. */
  #tell(say: (handler: LineHandler) => void): void {
    if (this.#handler === null) {
      return;
    }
    try {
      say(this.#handler);
    } catch (error) {
      this.#log("what the line told was not taken in", error);
    }
  }

  #log(message: string, ...data: unknown[]): void {
    (this.#options.logger ?? silent).warn(`hoopoe: ${message}`, ...data);
  }
}

/** What the server may put into the reason of a close frame. */
function retryAfter(reason: string): number | null {
  try {
    const wait: unknown = JSON.parse(reason)?.retry_after_ms;
    return typeof wait === "number" && wait >= 0 ? wait : null;
  } catch {
    return null;
  }
}
