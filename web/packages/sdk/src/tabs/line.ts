/** The line of a tab among others of the same browser. */

import { type LineOptions, type Logger, pageSurroundings, silent } from "../line/options.ts";
import type { RequestOptions } from "../line/pending.ts";
import { IDLE, type LineState } from "../line/socket.ts";
import { value } from "../line/value.ts";
import type { Line, LineHandler } from "../line.ts";
import { ownError } from "../problems.ts";
import type { Browser, Channel } from "./browser.ts";
import { Follower } from "./follower.ts";
import { Leader } from "./leader.ts";
import { isLater, type TabMessage } from "./messages.ts";
import type { Role, Tab } from "./role.ts";

/** One request for the lock. */
interface Hold {
  /** Takes it out of the row. */
  readonly abort: AbortController;
  /** Gives the lock back; `null` until it is granted. */
  release: (() => void) | null;
}

/** From `open` to `close`. */
interface Life {
  readonly channel: Channel;
  readonly forgetPage: () => void;
  role: Role | null;
  hold: Hold | null;
}

/** A line that one tab holds for all. */
export class TabsLine implements Line {
  readonly state = value<LineState>({ ...IDLE, leader: false });
  readonly #options: LineOptions;
  readonly #browser: Browser;
  readonly #name: string;
  readonly #logger: Logger;
  readonly #id: string;
  readonly #told = new Set<(message: unknown) => void>();
  #handler: LineHandler = DEAF;
  #life: Life | null = null;

  /** `name` is the same in all tabs that share the line. */
  constructor(options: LineOptions, browser: Browser, name: string) {
    this.#options = { ...options, surroundings: options.surroundings ?? pageSurroundings() };
    this.#browser = browser;
    this.#name = `hoopoe:line:${name}`;
    this.#logger = options.logger ?? silent;
    this.#id = crypto.getRandomValues(new Uint32Array(2)).join("-");
  }

  open(handler: LineHandler): void {
    this.#handler = this.#careful(handler);
    if (this.#life !== null) {
      return;
    }
    const channel = this.#browser.channel(this.#name);
    const forgetPage = this.#options.surroundings?.onLeave(() => {
      this.#post({ kind: "bye", tab: this.#id });
    });
    const life = { channel, forgetPage: forgetPage ?? (() => {}), role: null, hold: null };
    this.#life = life;
    channel.onmessage = ({ data }: { data: TabMessage }) => this.#onMessage(life, data);
    this.#follow(life);
  }

  close(): void {
    this.#end({ ...IDLE, status: "stopped", stop: "closed", leader: false });
  }

  retryNow(): void {
    this.#life?.role?.retryNow();
  }

  request<R>(method: string, params: object, options: RequestOptions = {}): Promise<R> {
    const role = this.#life?.role;
    return role
      ? (role.request(method, params, options) as Promise<R>)
      : Promise.reject(ownError("sdk.offline"));
  }

  tell(message: unknown): void {
    this.#post({ kind: "tell", message });
  }

  onTold(listener: (message: unknown) => void): () => void {
    const own = (message: unknown) => listener(message);
    this.#told.add(own);
    return () => {
      this.#told.delete(own);
    };
  }

  #follow(life: Life): void {
    life.role = new Follower(this.#tab(life), this.#options, () => this.#steal(life));
    this.#take(life, false);
  }

  /** Stands in the row for the lock, or takes it away from a tab that sleeps with it. */
  #take(life: Life, steal: boolean): void {
    const hold: Hold = { abort: new AbortController(), release: null };
    life.hold = hold;
    const granted = () => {
      if (this.#life === life && life.hold === hold) {
        return new Promise<void>((release) => {
          hold.release = release;
          this.#lead(life);
        });
      }
    };
    const options = steal ? { steal } : { signal: hold.abort.signal };
    this.#browser.locks.request(this.#name, options, granted).catch((error: unknown) => {
      if (this.#life !== life || life.hold !== hold) {
        return;
      }
      if (hold.release !== null) {
        this.#logger.debug("hoopoe: another tab leads now");
        this.#stepDown(life);
      } else {
        this.#logger.warn("hoopoe: no locks here, so each tab has its own connection", error);
        hold.release = () => {};
        this.#lead(life);
      }
    });
  }

  #steal(life: Life): void {
    this.#logger.debug("hoopoe: the leading tab is silent, this one leads now");
    life.hold?.abort.abort();
    this.#take(life, true);
  }

  #lead(life: Life): void {
    life.role?.end();
    if (this.#life !== life) {
      return;
    }
    const leader = new Leader(this.#tab(life), this.#options, () => this.#end(leader.state));
    life.role = leader;
  }

  #stepDown(life: Life): void {
    life.hold?.release?.();
    life.hold = null;
    life.role?.end();
    if (this.#life === life) {
      this.#follow(life);
    }
  }

  #onMessage(life: Life, message: TabMessage): void {
    if (this.#life !== life) {
      return;
    }
    if (message.kind === "tell") {
      for (const listener of [...this.#told]) {
        listener(message.message);
      }
      return;
    }
    const { role } = life;
    if (role instanceof Leader && message.kind === "beat" && isLater(message.term, role.term)) {
      this.#stepDown(life);
      life.role?.onMessage(message);
    } else {
      role?.onMessage(message);
    }
  }

  #end(state: LineState): void {
    const life = this.#life;
    if (life === null) {
      return;
    }
    const { role, hold, channel } = life;
    life.role = null;
    life.hold = null;
    role?.end();
    this.#life = null;
    life.forgetPage();
    channel.onmessage = null;
    channel.close();
    hold?.abort.abort();
    hold?.release?.();
    this.state.set(state);
  }

  #tab(life: Life): Tab {
    return {
      id: this.#id,
      post: (message) => this.#post(message),
      handler: () => this.#handler,
      show: (state) => {
        // Beats repeat what is known, and what watches the state need not hear it.
        const isNews = JSON.stringify(state) !== JSON.stringify(this.state.getSnapshot());
        if (this.#life === life && isNews) {
          this.state.set(state);
        }
      },
    };
  }

  #post(message: TabMessage): void {
    this.#life?.channel.postMessage(message);
  }

  /** A mistake in what hears of the line is not the line's. */
  #careful(handler: LineHandler): LineHandler {
    const guard =
      <A>(say: (argument: A) => void) =>
      (argument: A) => {
        try {
          say(argument);
        } catch (error) {
          this.#logger.warn("hoopoe: what the line told was not taken in", error);
        }
      };
    return {
      cursor: () => handler.cursor(),
      onStarted: guard((started) => handler.onStarted(started)),
      onFrame: guard((frame) => handler.onFrame(frame)),
      onLost: guard<void>(() => handler.onLost()),
    };
  }
}

/** Nobody hears. */
const DEAF: LineHandler = {
  cursor: () => null,
  onStarted: () => {},
  onFrame: () => {},
  onLost: () => {},
};
