/** What all parts of the engine share. */

import type { ClientEvents, Unsubscribe } from "../client.ts";
import type { Logger } from "../line/options.ts";
import type { Line } from "../line.ts";
import type { UserId } from "../model.ts";
import { batch } from "./value.ts";
import type { Commands, Params, Result } from "./wire.ts";

/** Questions of the engine's own that are under way at a time: the line is the user's first. */
const ASKED_MAX = 16;

type Listener = (data: never) => void;

/** Who listens to what. */
export class Emitter {
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #logger: Logger | undefined;

  constructor(logger?: Logger) {
    this.#logger = logger;
  }

  on<E extends keyof ClientEvents>(
    event: E,
    listener: (data: ClientEvents[E]) => void,
  ): Unsubscribe {
    const own: Listener = (data) => listener(data);
    const set = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, set.add(own));
    return () => void set.delete(own);
  }

  emit<E extends keyof ClientEvents>(event: E, data: ClientEvents[E]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) {
      try {
        listener(data as never);
      } catch (error) {
        // A listener's mistake must not stop what the others are told.
        this.#logger?.warn(`a listener of ${event} threw`, error);
      }
    }
  }
}

/** What the parts are made with. */
export interface Surroundings {
  readonly line: Line;
  readonly now: () => number;
  readonly random: () => number;
  readonly logger?: Logger | undefined;
}

/** The line, the clock, the user, and those who listen. */
export class Core {
  readonly line: Line;
  readonly now: () => number;
  readonly random: () => number;
  readonly logger: Logger | undefined;
  readonly emitter: Emitter;
  /** Who the client speaks for; `null` until it is known. */
  user: UserId | null = null;
  /** Grows with each session and with each loss of one: an answer of an earlier one shows by it. */
  life = 0;
  /** A session is started, and its beginning was taken in. */
  isOnline = false;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #asked = 0;
  readonly #crowd: (() => void)[] = [];

  constructor({ line, now, random, logger }: Surroundings) {
    this.line = line;
    this.now = now;
    this.random = random;
    this.logger = logger;
    this.emitter = new Emitter(logger);
  }

  get isLeader(): boolean {
    return this.line.state.getSnapshot().leader;
  }

  /** Asks the server. */
  ask<M extends keyof Commands>(
    method: M,
    params: Params<M>,
    options?: { signal?: AbortSignal },
  ): Promise<Result<M>> {
    return this.line.request<Result<M>>(method, params, options);
  }

  /** Asks for what nobody waits for: sixteen at a time, the others after them. */
  async askLater<M extends keyof Commands>(method: M, params: Params<M>): Promise<Result<M>> {
    if (this.#asked >= ASKED_MAX) await new Promise<void>((go) => this.#crowd.push(go));
    this.#asked++;
    try {
      return await this.ask(method, params);
    } finally {
      this.#asked--;
      this.#crowd.shift()?.();
    }
  }

  /** Calls `work` after a while, unless it is called off or everything is reset before. */
  later(ms: number, work: () => void): () => void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      batch(work);
    }, ms);
    this.#timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    };
  }

  /** Calls off everything that was to happen later. */
  hush(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
