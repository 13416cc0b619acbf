/** People: fetched when somebody looks at them, many at a time. */

import type { Page, User, UserId } from "../model.ts";
import { isMissing, problemOf, toUser } from "./convert.ts";
import type { Core } from "./core.ts";
import type { Keeper } from "./keeper.ts";
import { batch, Value } from "./value.ts";
import type { Params, WireUser } from "./wire.ts";

/** Users of one question. */
const IDS_MAX = 100;
/** Those who are looked at within it are asked for together. */
const GATHER_MS = 5;
/** Nobody tells when somebody else changes their name: after this time it is asked again. */
const FRESH_MS = 10 * 60_000;
const AGAIN_MS = 5_000;

/** The people whom this device knows. */
export class People {
  readonly #core: Core;
  readonly #keeper: Keeper;
  readonly #users = new Map<UserId, Value<User | null>>();
  readonly #fresh = new Map<UserId, number>();
  readonly #wanted = new Set<UserId>();
  #isGathering = false;
  /** `false` for a server that does not know how to list by ids. */
  #isListable = true;
  /** Somebody is known anew. */
  onUser: ((user: User) => void) | undefined;

  constructor(core: Core, keeper: Keeper) {
    this.#core = core;
    this.#keeper = keeper;
  }

  get(id: UserId): Value<User | null> {
    const known = this.#users.get(id);
    if (known) return known;
    const value = new Value<User | null>(null);
    value.onWatched = (watched) => {
      if (watched) this.#want(id);
    };
    this.#users.set(id, value);
    return value;
  }

  load(users: readonly User[]): void {
    for (const user of users) this.get(user.id).set(user);
  }

  /** Somebody as the server tells them. */
  take(wire: WireUser): User {
    const user = toUser(wire);
    this.#fresh.set(user.id, this.#core.now());
    this.#wanted.delete(user.id);
    const value = this.get(user.id);
    const known = value.getSnapshot();
    if (known && JSON.stringify(known) === JSON.stringify(user)) return known;
    value.set(user);
    this.#keeper.put("users", user.id, user);
    this.onUser?.(user);
    return user;
  }

  async search(
    query: string,
    options: { cursor?: string; limit?: number; signal?: AbortSignal } = {},
  ): Promise<Page<User>> {
    const { cursor, limit, signal } = options;
    // Everybody is not for everybody to see: the server asks users for a beginning.
    if (!query.trim()) return { items: [], nextCursor: null };
    const ask = (params: ListUsers) =>
      this.#core.ask("users.list", params, signal ? { signal } : {});
    const page = await ask({ q: query, cursor, limit }).catch((error: unknown) => {
      const isClosed = problemOf(error).code === "accounts.directory_closed";
      if (isClosed) return ask({ ids: [query.trim()] });
      throw error;
    });
    return batch(() => ({
      items: page.items.map((wire) => this.take(wire)),
      nextCursor: page.next_cursor ?? null,
    }));
  }

  /** A session began: who is looked at and not known well is asked for. */
  resume(): void {
    this.#isGathering = false;
    for (const [id, value] of this.#users) if (value.watched) this.#want(id);
  }

  reset(): void {
    this.#wanted.clear();
    this.#fresh.clear();
    for (const value of this.#users.values()) value.set(null);
  }

  #want(id: UserId): void {
    const since = this.#core.now() - (this.#fresh.get(id) ?? Number.NEGATIVE_INFINITY);
    if (since < FRESH_MS || !id) return;
    this.#wanted.add(id);
    if (this.#isGathering || !this.#core.isOnline) return;
    this.#isGathering = true;
    this.#core.later(GATHER_MS, () => {
      this.#isGathering = false;
      const ids = [...this.#wanted];
      this.#wanted.clear();
      for (let from = 0; from < ids.length; from += IDS_MAX) {
        void this.#fetch(ids.slice(from, from + IDS_MAX));
      }
    });
  }

  async #fetch(ids: readonly UserId[]): Promise<void> {
    const { life } = this.#core;
    try {
      const found = this.#isListable ? await this.#list(ids) : await this.#single(ids);
      batch(() => {
        for (const wire of found) this.take(wire);
        const there = new Set(found.map(({ id }) => id));
        for (const id of ids) if (!there.has(id)) this.#miss(id);
      });
    } catch {
      this.#core.later(AGAIN_MS, () => {
        if (life === this.#core.life)
          for (const id of ids) if (this.get(id).watched) this.#want(id);
      });
    }
  }

  /** There is nobody of this id any more: what is shown is the id. */
  #miss(id: UserId): void {
    this.#fresh.set(id, this.#core.now());
    const value = this.get(id);
    if (value.getSnapshot()) return;
    value.set({ id, name: id, avatarUrl: null, keys: [], metadata: {} });
  }

  async #list(ids: readonly UserId[]): Promise<readonly WireUser[]> {
    try {
      const params: Params<"users.list"> = { ids: [...ids], limit: IDS_MAX };
      return (await this.#core.askLater("users.list", params)).items;
    } catch (error) {
      const status = (error as { problem?: { status: number } }).problem?.status;
      if (status !== 422 && status !== 403) throw error;
      this.#isListable = false;
      return this.#single(ids);
    }
  }

  async #single(ids: readonly UserId[]): Promise<readonly WireUser[]> {
    const found = await Promise.all(
      ids.map((user) =>
        this.#core.askLater("users.get", { user }).catch((error) => {
          if (isMissing(error)) return null;
          throw error;
        }),
      ),
    );
    return found.filter((user) => user !== null);
  }
}
