/** Who is there: asked of the server as long as somebody looks. */

import type { Presence, UserId } from "../model.ts";
import { toPresence } from "./convert.ts";
import type { Core } from "./core.ts";
import { batch, Value } from "./value.ts";
import type { Result } from "./wire.ts";

/** Users of one question, and of one connection. */
const CALL_MAX = 100;
const ALL_MAX = 500;
const GATHER_MS = 20;
/** Who scrolls by and back is still subscribed. */
const LINGER_MS = 5_000;

type Wire = Result<"presence.list">["items"][number];

/** The presence of those who are looked at. */
export class Attendance {
  readonly #core: Core;
  readonly #values = new Map<UserId, Value<Presence | null>>();
  readonly #subscribed = new Set<UserId>();
  #isGathering = false;
  #isLingering = false;

  constructor(core: Core) {
    this.#core = core;
  }

  get(id: UserId): Value<Presence | null> {
    const known = this.#values.get(id);
    if (known) return known;
    const value = new Value<Presence | null>(null);
    value.onWatched = (watched) => (watched ? this.#gather() : this.#linger());
    this.#values.set(id, value);
    return value;
  }

  take(wire: Wire): void {
    this.#values.get(wire.user)?.set(toPresence(wire));
  }

  /** A session began, without any subscription. */
  resume(): void {
    this.#subscribed.clear();
    this.#isGathering = false;
    this.#isLingering = false;
    this.#gather();
  }

  reset(): void {
    this.#subscribed.clear();
    for (const value of this.#values.values()) value.set(null);
  }

  #gather(): void {
    if (this.#isGathering || !this.#core.isOnline) return;
    this.#isGathering = true;
    this.#core.later(GATHER_MS, () => {
      this.#isGathering = false;
      const wanted = [...this.#values].filter(([id, v]) => v.watched && !this.#subscribed.has(id));
      const room = ALL_MAX - this.#subscribed.size;
      const ids = wanted.map(([id]) => id).slice(0, room);
      for (let from = 0; from < ids.length; from += CALL_MAX) {
        void this.#subscribe(ids.slice(from, from + CALL_MAX));
      }
    });
  }

  async #subscribe(users: UserId[]): Promise<void> {
    for (const user of users) this.#subscribed.add(user);
    try {
      const { items } = await this.#core.askLater("presence.subscribe", { users });
      batch(() => {
        for (const item of items) this.take(item);
      });
    } catch {
      // The next one who is looked at, and the next session, ask again.
      for (const user of users) this.#subscribed.delete(user);
    }
  }

  #linger(): void {
    if (this.#isLingering) return;
    this.#isLingering = true;
    this.#core.later(LINGER_MS, () => {
      this.#isLingering = false;
      const users = [...this.#subscribed].filter((id) => !this.#values.get(id)?.watched);
      for (const user of users) this.#subscribed.delete(user);
      if (!this.#core.isOnline) return;
      // Where there was no room for somebody, there is now.
      this.#gather();
      for (let from = 0; from < users.length; from += CALL_MAX) {
        void this.#unsubscribe(users.slice(from, from + CALL_MAX));
      }
    });
  }

  async #unsubscribe(users: UserId[]): Promise<void> {
    try {
      await this.#core.askLater("presence.unsubscribe", { users });
    } catch {
      // A subscription that goes on costs a few events, and ends with its socket.
    }
  }
}
