/** The tab that holds the socket, and serves the others. */

import type { LineOptions } from "../line/options.ts";
import type { RequestOptions } from "../line/pending.ts";
import { type LineState, SocketLine } from "../line/socket.ts";
import type { LineHandler } from "../line.ts";
import { ownProblem, problemOf } from "../problems.ts";
import type { Ask, Seat, TabMessage, Term } from "./messages.ts";
import { PresenceShare } from "./presence.ts";
import type { Role, Tab } from "./role.ts";

/** How often the leader says that it lives. */
export const BEAT_MS = 3_000;
/** What was asked so long ago was given up by who asked: this tab slept meanwhile. */
const STALE_MS = 5_000;

export class Leader implements Role {
  readonly term: Term;
  readonly #tab: Tab;
  readonly #line: SocketLine;
  readonly #now: () => number;
  readonly #presence = new PresenceShare((method, params, options) =>
    this.#line.request(method, params, options),
  );
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #unwatch: () => void;
  #seat: Seat | null = null;
  #sessions = 0;

  /** `onStopped`: the line is over for good. */
  constructor(tab: Tab, options: LineOptions, onStopped: () => void) {
    this.#tab = tab;
    this.#now = options.now ?? Date.now;
    this.term = { since: this.#now(), tab: tab.id };
    this.#line = new SocketLine(options);
    this.#unwatch = this.#line.state.subscribe(() => {
      const state = this.#line.state.getSnapshot();
      this.#beat();
      tab.show(state);
      if (state.status === "stopped") {
        onStopped();
      }
    });
    this.#timer = setInterval(() => this.#beat(), BEAT_MS);
    this.#beat();
    this.#line.open(this.#handler());
  }

  get state(): LineState {
    return this.#line.state.getSnapshot();
  }

  request(method: string, params: object, options: RequestOptions): Promise<unknown> {
    return this.#presence.request(this.#tab.id, method, params, options);
  }

  retryNow(): void {
    this.#line.retryNow();
  }

  onMessage(message: TabMessage): void {
    if (message.kind === "hello") {
      if (message.wake) {
        this.#line.wake();
      }
      // Timers of a hidden page come late, messages do not.
      this.#line.tick();
      this.#beat();
    } else if (message.kind === "ask" && message.term.tab === this.#tab.id) {
      void this.#serve(message);
    } else if (message.kind === "retry") {
      this.#line.retryNow();
    } else if (message.kind === "bye") {
      this.#presence.leave(message.tab);
    }
  }

  end(): void {
    clearInterval(this.#timer);
    this.#unwatch();
    this.#line.close();
    this.#tab.post({ kind: "gone", term: this.term });
  }

  #handler(): LineHandler {
    const tab = this.#tab;
    return {
      cursor: () => tab.handler().cursor(),
      onStarted: (started) => {
        this.#sessions += 1;
        this.#seat = {
          user: started.user,
          session: started.session,
          number: this.#sessions,
        };
        tab.handler().onStarted(started);
      },
      onFrame: (frame) => {
        tab.post({ kind: "frame", term: this.term, frame });
        tab.handler().onFrame(frame);
      },
      onLost: () => {
        this.#seat = null;
        this.#presence.clear();
        tab.handler().onLost();
      },
    };
  }

  #beat(): void {
    const state = this.#line.state.getSnapshot();
    // A seat is told once the state says so: then requests are taken.
    const seat = state.status === "online" ? this.#seat : null;
    this.#tab.post({ kind: "beat", term: this.term, state, seat });
  }

  async #serve(ask: Ask): Promise<void> {
    const { tab, id, method, params, timeoutMs } = ask;
    if (this.#now() - ask.at > STALE_MS) {
      this.#tab.post({ kind: "answer", tab, id, problem: ownProblem("sdk.offline") });
      return;
    }
    try {
      const result = await this.#presence.request(tab, method, params, { timeoutMs });
      this.#tab.post({ kind: "answer", tab, id, result });
    } catch (error) {
      this.#tab.post({ kind: "answer", tab, id, problem: problemOf(error) });
    }
  }
}
