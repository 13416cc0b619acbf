/** What belongs to the user of this client. */

import type { Account } from "../client.ts";
import type { AppInfo, Page, Session, Settings, User } from "../model.ts";
import { toSession } from "./convert.ts";
import type { Core } from "./core.ts";
import type { Keeper } from "./keeper.ts";
import type { People } from "./users.ts";
import { Derived, Value } from "./value.ts";
import type { Result } from "./wire.ts";

/** The user's own profile, settings and sessions. */
export class OwnAccount implements Account {
  readonly settings = new Value<Settings | null>(null);
  readonly me: Derived<User | null>;
  readonly app = new Value<AppInfo | null>(null);
  /** It was asked for since this page began. */
  #hasApp = false;
  readonly #core: Core;
  readonly #people: People;
  readonly #keeper: Keeper;

  constructor(core: Core, people: People, keeper: Keeper) {
    this.#core = core;
    this.#people = people;
    this.#keeper = keeper;
    this.me = new Derived(() => (core.user ? people.get(core.user).getSnapshot() : null));
    people.onUser = (user) => {
      if (user.id === core.user) this.me.touch();
    };
  }

  /** A session began: what a session before it may not know. */
  async resume(): Promise<void> {
    const core = this.#core;
    await Promise.allSettled([
      core.askLater("me.get", {}).then((user) => {
        this.#people.take(user);
        this.me.touch();
      }),
      // From then on the session's beginning tells what has changed of them.
      this.settings.getSnapshot() ??
        core.askLater("settings.get", {}).then((settings) => this.hearSettings(settings)),
      this.#hasApp || this.#askApp(),
    ]);
  }

  hearSettings(settings: { presence?: string }): void {
    const presence = settings.presence === "nobody" ? "nobody" : "members";
    if (this.settings.getSnapshot()?.presence === presence) return;
    this.settings.set(Object.freeze({ presence }));
    this.#keeper.put("meta", "settings", { presence });
  }

  async update(change: { name?: string; avatarUrl?: string }): Promise<User> {
    const { name, avatarUrl } = change;
    const wire = await this.#core.ask("me.update", {
      name,
      avatar_url: avatarUrl,
    });
    return this.#people.take(wire);
  }

  async updateSettings(change: Partial<Settings>): Promise<Settings> {
    const params = { presence: change.presence ?? null };
    const wire = await this.#core.ask("settings.update", params);
    this.hearSettings(wire);
    return this.settings.getSnapshot() ?? { presence: "members" };
  }

  async setPassword(change: { current: string; password: string }): Promise<void> {
    await this.#core.ask("me.set_password", change);
  }

  async sessions(cursor?: string): Promise<Page<Session>> {
    const page = await this.#core.ask("sessions.list", cursor ? { cursor } : {});
    return { items: page.items.map(toSession), nextCursor: page.next_cursor ?? null };
  }

  async endSession(session: string): Promise<void> {
    await this.#core.ask("sessions.delete", { session });
  }

  async endOtherSessions(): Promise<void> {
    await this.#core.ask("sessions.delete_others", {});
  }

  reset(): void {
    this.settings.set(null);
    this.app.set(null);
    this.#hasApp = false;
    this.me.touch();
  }

  async #askApp(): Promise<void> {
    // A server from before this command answers like one that refuses: nothing is known then.
    const app = await this.#core.line.request<Result<"apps.current">>("apps.current", {});
    this.#hasApp = true;
    this.app.set(
      Object.freeze({
        id: app.id,
        name: app.name,
        recallWindowS: app.settings.recall_window_s,
        editWindowS: app.settings.edit_window_s,
        // Servers from before this setting have no closed directories.
        directory: (app.settings as { directory?: AppInfo["directory"] }).directory ?? "open",
      }),
    );
    this.#keeper.put("meta", "app", this.app.getSnapshot());
  }
}
