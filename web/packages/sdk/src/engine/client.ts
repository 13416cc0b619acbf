/** The client: what an app calls. */

import type { Client, ClientEvents, Conversations, Unsubscribe, Users } from "../client.ts";
import { HoopoeError } from "../error.ts";
import { pageSurroundings } from "../line/options.ts";
import type { EventFrame, LineHandler, SkipFrame, Started } from "../line.ts";
import type { AppInfo, ConnectionState, Observable, User, UserId } from "../model.ts";
import { ownError, ownProblem } from "../problems.ts";
import type { OpenStorage } from "../storage.ts";
import type { OwnAccount } from "./account.ts";
import type { Surroundings } from "./core.ts";
import { Engine } from "./engine.ts";
import { readImage, Shelf } from "./shelf.ts";
import { batch, Derived, frozen } from "./value.ts";

/** What a client is made with. */
export interface EngineOptions extends Surroundings {
  readonly url: string;
  /** Which app of the server; part of the name of what is kept. */
  readonly app?: string | undefined;
  /** Who is signed in, where the app knows it: nobody else's data is shown, and no other user accepted. */
  readonly user?: UserId | undefined;
  readonly storage?: OpenStorage | undefined;
  /** Asks over HTTP, when there is no session. */
  readonly http?: (method: string, params: object, signal?: AbortSignal) => Promise<unknown>;
}

interface FirstSession {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: unknown): void;
}

/** A client on a line. */
export class EngineClient implements Client, LineHandler {
  readonly url: string;
  readonly connection: Observable<ConnectionState>;
  readonly me: Observable<User | null>;
  readonly app: Observable<AppInfo | null>;
  readonly conversations: Conversations;
  readonly users: Users;
  readonly account: OwnAccount;
  readonly #engine: Engine;
  readonly #options: EngineOptions;
  readonly #shelf: Shelf;
  readonly #state: Derived<ConnectionState>;
  #first: FirstSession | null = null;
  #booting: Promise<void> | null = null;
  #isWanted = false;
  #forgetPage: (() => void) | null = null;
  #isOpen = false;
  #isLeader = false;
  /** The session is of somebody else than the app said. */
  #isOther = false;
  /** Frames that came while storage of a new user was being opened. */
  #held: (EventFrame | SkipFrame)[] | null = null;
  #session = 0;
  #told: ConnectionState | null = null;

  constructor(options: EngineOptions) {
    const engine = new Engine(options);
    this.url = options.url;
    this.#options = options;
    this.#engine = engine;
    this.#shelf = new Shelf(
      options.storage,
      `${options.url.replace(/\/+$/, "")}:${options.app ?? ""}`,
    );
    this.#state = new Derived((before) => this.#makeState(before));
    this.connection = this.#state;
    this.me = engine.account.me;
    this.app = engine.account.app;
    this.account = engine.account;
    this.users = {
      get: (id) => engine.people.get(id),
      presence: (id) => engine.attendance.get(id),
      search: (query, search) => engine.people.search(query, search),
    };
    this.conversations = conversationsOf(engine);
    options.line.state.subscribe(() => batch(() => this.#onLineState()));
    engine.sync.synced.subscribe(() => this.#tellState());
  }

  connect(): Promise<void> {
    this.#isWanted = true;
    this.#isOther = false;
    this.#first ??= firstSession();
    this.#forgetPage ??= pageSurroundings().onHide(() => this.#engine.keeper.leave());
    if (!this.#isOpen) {
      this.#isOpen = true;
      this.#booting ??= this.#boot();
      void this.#booting.then(() => {
        if (this.#isWanted && this.#isOpen) this.#options.line.open(this);
      });
    }
    return this.#first.promise;
  }

  disconnect(): void {
    this.#isWanted = false;
    // Whoever connects again in the same moment keeps the line.
    queueMicrotask(() => {
      if (this.#isWanted || !this.#isOpen) return;
      this.#hangUp();
    });
  }

  retryNow(): void {
    this.#options.line.retryNow();
  }

  async clear(): Promise<void> {
    this.#isWanted = false;
    this.#hangUp();
    await this.#booting?.catch(() => undefined);
    const storage = this.#engine.keeper.close();
    this.#engine.reset();
    this.#booting = null;
    await storage?.clear();
    storage?.close();
    await this.#shelf.setLastUser(null);
  }

  on<E extends keyof ClientEvents>(
    event: E,
    listener: (data: ClientEvents[E]) => void,
  ): Unsubscribe {
    return this.#engine.core.emitter.on(event, listener);
  }

  async call<R = unknown>(
    method: string,
    params: object = {},
    options: { signal?: AbortSignal } = {},
  ): Promise<R> {
    const { line, http } = this.#options;
    if (!http || this.#engine.core.isOnline) return line.request<R>(method, params, options);
    return (await http(method, params, options.signal)) as R;
  }

  cursor(): string | null {
    return this.#engine.sync.memory.cursor;
  }

  onStarted(started: Started): void {
    const { core } = this.#engine;
    const session = ++this.#session;
    if (this.#options.user !== undefined && started.user !== this.#options.user) {
      this.#isOther = true;
      this.#isWanted = false;
      this.#hangUp();
      return;
    }
    if (core.user === started.user && !this.#held) {
      this.#begin(started);
      return;
    }
    this.#held = [];
    void this.#changeUser(started.user).then(() => {
      if (session !== this.#session) return;
      const held = this.#held ?? [];
      this.#held = null;
      this.#begin(started);
      for (const frame of held) this.#engine.take(frame);
    });
  }

  onFrame(frame: EventFrame | SkipFrame): void {
    if (this.#held) this.#held.push(frame);
    else this.#engine.take(frame);
  }

  onLost(): void {
    this.#session++;
    this.#held = null;
    this.#engine.lose();
  }

  #begin(started: Started): void {
    this.#engine.begin(started);
    this.#first?.resolve();
  }

  #hangUp(): void {
    this.#isOpen = false;
    this.#forgetPage?.();
    this.#forgetPage = null;
    this.#options.line.close();
    this.onLost();
    void this.#engine.keeper.flush();
    this.#engine.core.hush();
    this.#first?.reject(ownError("sdk.closed"));
    this.#first = null;
    this.#tellState();
  }

  /** Opens what this device has kept, and shows it. */
  async #boot(): Promise<void> {
    try {
      const user = this.#options.user ?? (await this.#shelf.lastUser());
      if (user !== null) await this.#openFor(user);
    } catch (error) {
      // Without storage everything still comes over the line.
      this.#options.logger?.warn("storage cannot be opened", error);
    }
  }

  async #openFor(user: UserId): Promise<void> {
    const { core, keeper } = this.#engine;
    const storage = await this.#shelf.of(user);
    core.user = user;
    if (!storage) return;
    keeper.open(storage);
    this.#engine.show(await readImage(storage));
  }

  /** The first session of this device, or one of somebody else than the last. */
  async #changeUser(user: UserId): Promise<void> {
    const { core, keeper } = this.#engine;
    if (core.user !== user) {
      if (core.user !== null) {
        await keeper.flush();
        keeper.close()?.close();
        this.#engine.reset();
      }
      try {
        await this.#openFor(user);
        await this.#shelf.setLastUser(user);
      } catch (error) {
        this.#options.logger?.warn("storage cannot be opened", error);
      }
      core.user = user;
      this.#engine.account.me.touch();
    }
  }

  #onLineState(): void {
    const { leader, status, failure } = this.#options.line.state.getSnapshot();
    if (leader && !this.#isLeader) {
      this.#engine.lead();
      void this.#engine.outbox.lead(this.#engine.keeper.opened);
    }
    this.#isLeader = leader;
    if (status === "stopped") {
      this.#isOpen = false;
      const why = failure ?? ownProblem("sdk.stopped");
      this.#first?.reject(new HoopoeError(why));
      this.#first = null;
    }
    this.#tellState();
  }

  #tellState(): void {
    this.#state.touch();
    const now = this.#state.getSnapshot();
    if (now === this.#told) return;
    this.#told = now;
    this.#engine.core.emitter.emit("connection.changed", now);
  }

  #makeState(before: ConnectionState | undefined): ConnectionState {
    const line = this.#options.line.state.getSnapshot();
    const synced = this.#engine.sync.synced.getSnapshot();
    const other = this.#isOther ? { status: "stopped" as const, stop: "other_user" as const } : {};
    const now: ConnectionState = { ...line, synced, ...other };
    return frozen(before, now);
  }
}

function firstSession(): FirstSession {
  let settle: Pick<FirstSession, "resolve" | "reject"> = { resolve: () => {}, reject: () => {} };
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // Whoever does not wait for it watches `connection`.
  promise.catch(() => undefined);
  return { promise, ...settle };
}

function conversationsOf(engine: Engine): Conversations {
  const { rooms, core, marks } = engine;
  return {
    list: rooms.list,
    loaded: rooms.loaded,
    unread: rooms.unread,
    get: (id) => engine.handle(id),
    direct: async (user) => {
      const known = rooms.known().find(({ row }) => row?.kind === "direct" && row.peer === user);
      if (known) return engine.handle(known.id);
      const wire = await core.ask("conversations.create", { kind: "direct", members: [user] });
      return engine.handle(batch(() => rooms.take(wire)).id);
    },
    create: async ({ name, members, history }) => {
      const wire = await core.ask("conversations.create", {
        kind: "group",
        members: [...members],
        name: name || undefined,
        history,
      });
      return engine.handle(batch(() => rooms.take(wire)).id);
    },
    readAll: () => marks.readAll(),
  };
}
