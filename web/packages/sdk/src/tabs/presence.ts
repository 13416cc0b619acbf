/** Who wants to hear of whose presence: subscriptions belong to the socket, which all tabs share. */

import type { RequestOptions } from "../line/pending.ts";

/** Users to a call. */
const CALL_MAX = 100;

/** Asks the server. */
type AskServer = (method: string, params: object, options: RequestOptions) => Promise<unknown>;

/**
 * Passes the commands of all tabs on to the server, so that what one tab no longer wants to hear is
 * still told while another one does.
 */
export class PresenceShare {
  readonly #ask: AskServer;
  /** Which tabs want to hear of a user. */
  readonly #tabs = new Map<string, Set<string>>();

  constructor(ask: AskServer) {
    this.#ask = ask;
  }

  request(
    tab: string,
    method: string,
    params: { users?: readonly string[] | null },
    options: RequestOptions = {},
  ): Promise<unknown> {
    if (method === "presence.subscribe") {
      return this.#subscribe(tab, params.users ?? [], params, options);
    }
    if (method === "presence.unsubscribe") {
      return this.#unsubscribe(tab, params.users ?? this.#of(tab), options);
    }
    return this.#ask(method, params, options);
  }

  /** A tab has gone. */
  leave(tab: string): void {
    // Where it fails the line is lost, and its subscriptions with it.
    this.#unsubscribe(tab, this.#of(tab), {}).catch(() => {});
  }

  /** The session is over, and its subscriptions with it. */
  clear(): void {
    this.#tabs.clear();
  }

  async #subscribe(
    tab: string,
    users: readonly string[],
    params: object,
    options: RequestOptions,
  ): Promise<unknown> {
    const added = users.filter((user) => !this.#tabs.get(user)?.has(tab));
    for (const user of added) {
      this.#tabs.set(user, (this.#tabs.get(user) ?? new Set()).add(tab));
    }
    try {
      return await this.#ask("presence.subscribe", params, options);
    } catch (error) {
      this.#drop(tab, added);
      throw error;
    }
  }

  async #unsubscribe(
    tab: string,
    users: readonly string[],
    options: RequestOptions,
  ): Promise<unknown> {
    const unwanted = this.#drop(tab, users);
    for (let at = 0; at < unwanted.length; at += CALL_MAX) {
      const some = unwanted.slice(at, at + CALL_MAX);
      await this.#ask("presence.unsubscribe", { users: some }, options);
    }
    return {};
  }

  #of(tab: string): string[] {
    return [...this.#tabs].filter(([, tabs]) => tabs.has(tab)).map(([user]) => user);
  }

  /** Takes a tab's wish away; those whom now nobody wants to hear of. */
  #drop(tab: string, users: readonly string[]): string[] {
    return users.filter((user) => {
      const tabs = this.#tabs.get(user);
      tabs?.delete(tab);
      const isUnwanted = tabs === undefined || tabs.size === 0;
      if (isUnwanted) {
        this.#tabs.delete(user);
      }
      return isUnwanted;
    });
  }
}
