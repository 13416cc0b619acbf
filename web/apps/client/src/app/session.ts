/**
 * Who is signed in on this device, and the client that goes with it. One client at a time; there is
 * one before anybody signs in as well, which asks for nothing.
 */

import type { Client, Observable } from "@hoopoe/sdk";
import type { Authenticator } from "@hoopoe/sdk/signin";
import { settable } from "./value.ts";

/** Why somebody is signed out who did not ask for it. */
export type Ended = "revoked" | "expired" | "other";

export interface AppSession {
  readonly auth: Authenticator;
  readonly client: Observable<Client>;
  /** To be said on the sign-in page; `null` after a sign-out of one's own. */
  readonly ended: Observable<Ended | null>;
  /** Signs out, and forgets what this device has kept. */
  signOut(): Promise<void>;
}

export interface SessionParts {
  readonly auth: Authenticator;
  /** Makes the client of somebody; `null`: of nobody, who never connects. */
  readonly makeClient: (user: string | null) => Client;
  /** Who was signed in here last, known before the authenticator has read it. */
  readonly lastUser: LastUser;
}

/** Remembers who is signed in where it can be read at once. Only a guess: the authenticator knows. */
export interface LastUser {
  read(): string | null;
  write(user: string | null): void;
}

const LAST_USER = "hoopoe.user";

/** The last user by `store`, which may be forbidden. */
export function lastUserOf(
  store: () => Pick<Storage, "getItem" | "setItem" | "removeItem">,
): LastUser {
  return {
    read() {
      try {
        return store().getItem(LAST_USER);
      } catch {
        return null;
      }
    },
    write(user) {
      try {
        if (user === null) store().removeItem(LAST_USER);
        else store().setItem(LAST_USER, user);
      } catch {
        // Then the next page begins a moment later.
      }
    },
  };
}

/** Puts an authenticator and its clients together. Lives as long as the page. */
export function createAppSession({ auth, makeClient, lastUser }: SessionParts): AppSession {
  let owner = lastUser.read();
  const client = settable(makeClient(owner));
  const ended = settable<Ended | null>(null);
  let unwatch = watchStop(client.getSnapshot());

  function replace(user: string | null): void {
    unwatch();
    client.getSnapshot().disconnect();
    client.set(makeClient(user));
    unwatch = watchStop(client.getSnapshot());
  }

  /** The connection may learn first that the session is over. What is kept stays: drafts above all. */
  function watchStop(watched: Client): () => void {
    return watched.connection.subscribe(() => {
      const { stop } = watched.connection.getSnapshot();
      if (stop === "revoked" || stop === "token_refused") end(stop);
    });
  }

  function end(stop: "revoked" | "token_refused"): void {
    ended.set(stop === "revoked" ? "revoked" : "expired");
    auth
      .check()
      // A session that holds, but whose connection is over for good, has to begin anew as well.
      .then(() => (auth.current.getSnapshot() ? auth.signOut() : undefined))
      .catch(() => undefined);
  }

  const follow = (): void => {
    const current = auth.current.getSnapshot();
    if (current === undefined) return;
    const user = current?.user.id ?? null;
    if (user !== null) ended.set(null);
    lastUser.write(user);
    if (user === owner) return;
    owner = user;
    replace(user);
  };
  auth.current.subscribe(follow);
  follow();
  // What this device has kept is read while the sign-in is, and shown as soon as both are known.
  if (owner !== null)
    void client
      .getSnapshot()
      .connect()
      .catch(() => undefined);

  auth.ended.subscribe(() => {
    const problem = auth.ended.getSnapshot();
    if (problem === null || ended.getSnapshot() !== null) return;
    ended.set(endOf(problem.code));
  });

  return {
    auth,
    client,
    ended,
    async signOut() {
      const leaving = client.getSnapshot();
      unwatch();
      try {
        await leaving.clear();
      } finally {
        await auth.signOut();
        ended.set(null);
      }
    },
  };
}

function endOf(code: string): Ended {
  if (code === "auth.session_revoked" || code === "sdk.revoked") return "revoked";
  return code.startsWith("auth.") ? "expired" : "other";
}
