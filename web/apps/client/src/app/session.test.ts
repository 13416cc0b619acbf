import type { Client, ConnectionState, Problem } from "@hoopoe/sdk";
import type { Authenticator, SignIn } from "@hoopoe/sdk/signin";
import { describe, expect, it } from "vitest";
import { createAppSession, lastUserOf } from "./session.ts";
import { settable } from "./value.ts";

const online: ConnectionState = {
  status: "online",
  synced: true,
  retryAt: null,
  stop: null,
  failure: null,
  leader: true,
};

function signInOf(id: string): SignIn {
  const user = { id, name: id, avatarUrl: null, keys: [], metadata: {} };
  return { user, session: `ses_${id}` };
}

/** An authenticator double: signs in whom the test says. */
function doubleAuth() {
  const current = settable<SignIn | null | undefined>(undefined);
  const ended = settable<Problem | null>(null);
  const calls: string[] = [];
  const auth = {
    current,
    ended,
    check: async () => void calls.push("check"),
    signOut: async () => {
      calls.push("signOut");
      current.set(null);
    },
  };
  return { auth: auth as unknown as Authenticator, current, ended, calls };
}

/** A client double: what matters is its connection, and what becomes of it. */
function doubleClients() {
  const made: {
    user: string | null;
    connection: ReturnType<typeof settable<ConnectionState>>;
    calls: string[];
  }[] = [];
  const makeClient = (user: string | null): Client => {
    const one = { user, connection: settable(online), calls: [] as string[] };
    made.push(one);
    return {
      connection: one.connection,
      connect: async () => void one.calls.push("connect"),
      disconnect: () => void one.calls.push("disconnect"),
      clear: async () => void one.calls.push("clear"),
    } as unknown as Client;
  };
  return { made, makeClient };
}

/** Storage that knows `user` from before. */
function storeWith(user: string | null = null) {
  const kept = new Map(user === null ? [] : [["hoopoe.user", user]]);
  const store = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
  return { kept, lastUser: lastUserOf(() => store) };
}

describe("the session of the app", () => {
  it("begins with who was here last, before it is known who that is", () => {
    const { auth, current } = doubleAuth();
    const { made, makeClient } = doubleClients();
    const session = createAppSession({ auth, makeClient, lastUser: storeWith("ann").lastUser });
    const anns = session.client.getSnapshot();
    expect(made).toMatchObject([{ user: "ann", calls: ["connect"] }]);
    current.set(signInOf("ann"));
    expect(session.client.getSnapshot()).toBe(anns);
  });

  it("lets that client go when somebody else is signed in, or nobody", () => {
    const { auth, current } = doubleAuth();
    const { made, makeClient } = doubleClients();
    const { kept, lastUser } = storeWith("ann");
    createAppSession({ auth, makeClient, lastUser });
    current.set(signInOf("bob"));
    expect(kept.get("hoopoe.user")).toBe("bob");
    current.set(null);
    expect(made.map(({ user, calls }) => [user, calls])).toEqual([
      ["ann", ["connect", "disconnect"]],
      ["bob", ["disconnect"]],
      [null, []],
    ]);
    expect(kept.size).toBe(0);
  });

  it("knows nobody where storage is forbidden", () => {
    const lastUser = lastUserOf(() => {
      throw new DOMException("forbidden", "SecurityError");
    });
    lastUser.write("ann");
    expect(lastUser.read()).toBeNull();
  });

  it("gives each user a client of their own", () => {
    const { auth, current } = doubleAuth();
    const { made, makeClient } = doubleClients();
    const session = createAppSession({ auth, makeClient, lastUser: storeWith().lastUser });
    const nobodys = session.client.getSnapshot();
    current.set(null);
    expect(session.client.getSnapshot()).toBe(nobodys);
    current.set(signInOf("ann"));
    const anns = session.client.getSnapshot();
    current.set({ ...signInOf("ann") });
    expect(session.client.getSnapshot()).toBe(anns);
    current.set(signInOf("bob"));
    expect(made.map(({ user, calls }) => [user, calls])).toEqual([
      [null, ["disconnect"]],
      ["ann", ["disconnect"]],
      ["bob", []],
    ]);
  });

  it("forgets what is kept when somebody signs out", async () => {
    const { auth, current, calls } = doubleAuth();
    const { made, makeClient } = doubleClients();
    const session = createAppSession({ auth, makeClient, lastUser: storeWith().lastUser });
    current.set(signInOf("ann"));
    await session.signOut();
    expect(made[1]?.calls).toEqual(["clear", "disconnect"]);
    expect(calls).toEqual(["signOut"]);
    expect(session.ended.getSnapshot()).toBeNull();
  });

  it("says why, and keeps what is kept, when it is ended elsewhere", async () => {
    const { auth, current, calls } = doubleAuth();
    const { made, makeClient } = doubleClients();
    const session = createAppSession({ auth, makeClient, lastUser: storeWith().lastUser });
    current.set(signInOf("ann"));
    made[1]?.connection.set({ ...online, status: "stopped", stop: "revoked" });
    await new Promise<void>((resolve) => {
      if (current.getSnapshot() === null) resolve();
      else current.subscribe(() => current.getSnapshot() === null && resolve());
    });
    expect(calls).toEqual(["check", "signOut"]);
    expect(session.ended.getSnapshot()).toBe("revoked");
    expect(made[1]?.calls).toEqual(["disconnect"]);
    current.set(signInOf("ann"));
    expect(session.ended.getSnapshot()).toBeNull();
  });

  it("says that a sign-in has expired", () => {
    const { auth, current, ended } = doubleAuth();
    const { makeClient } = doubleClients();
    const session = createAppSession({ auth, makeClient, lastUser: storeWith().lastUser });
    current.set(signInOf("ann"));
    ended.set({
      code: "auth.invalid_refresh_token",
      title: "Session over",
      detail: null,
      status: 401,
      retryable: false,
      retryAfterMs: null,
      requestId: null,
    });
    current.set(null);
    expect(session.ended.getSnapshot()).toBe("expired");
  });
});
