import { beforeEach, describe, expect, it } from "vitest";
import type { Authenticator } from "../signin.ts";
import { MemoryStorage } from "../storage/memory.ts";
import type { OpenStorage, Storage } from "../storage.ts";
import type { Browser } from "../tabs/browser.ts";
import { type DoubleAuth, doubleAuth } from "../testing/auth.ts";
import { doubleBrowser } from "../testing/browser.ts";
import { createAuthenticator } from "./authenticator.ts";

const MINUTE_MS = 60_000;
let time: number;
let auth: DoubleAuth;
let rows: Storage;
let browser: Browser;

beforeEach(() => {
  time = 1_700_000_000_000;
  auth = doubleAuth(() => time);
  rows = new MemoryStorage();
  browser = doubleBrowser();
});

/** A page: tabs share rows and browser, the next page only the rows. */
function page(change: { browser?: Browser | null; app?: string } = {}): Authenticator {
  const storage: OpenStorage = async () => rows;
  const { fetch } = auth;
  return createAuthenticator({
    url: "http://chat.test",
    fetch,
    storage,
    browser,
    now: () => time,
    ...change,
  });
}

async function signedIn(change: Parameters<typeof page>[0] = {}) {
  const authenticator = page(change);
  await authenticator.login({ login: "ann", password: "correct horse" });
  return authenticator;
}

const refreshes = () => auth.calls.filter(({ path }) => path === "/v1/auth/refresh");

describe("signing in", () => {
  it("says what the server offers", async () => {
    expect(await page().info()).toEqual({
      version: "1.0.0",
      app: "demo",
      registration: true,
      passwordCharsMin: 8,
    });
  });

  it("goes to the app that the server names, or to the given one", async () => {
    const authenticator = page();
    expect(authenticator.current.getSnapshot()).toBeUndefined();
    const signIn = await authenticator.register({ login: "ann", password: "correct horse" });
    expect(auth.calls.at(-1)?.body).toEqual({
      login: "ann",
      password: "correct horse",
      app: "demo",
    });
    expect(signIn).toMatchObject({ session: "ses_1", user: { id: "ann", name: "ann" } });
    expect(authenticator.current.getSnapshot()).toEqual(signIn);
    await page({ app: "mine" }).login({ login: "ann", password: "correct horse" });
    expect(auth.calls.find(({ body }) => body.app === "mine")).toBeDefined();
  });

  it("with a wrong password is refused, and nobody is signed in", async () => {
    const authenticator = page();
    const login = authenticator.login({ login: "ann", password: "wrong" });
    await expect(login).rejects.toMatchObject({ code: "auth.invalid_credentials" });
    await expect(authenticator.getToken()).rejects.toMatchObject({ code: "sdk.signed_out" });
    expect(authenticator.current.getSnapshot()).toBeNull();
  });

  it("outlives a reload", async () => {
    await signedIn();
    const next = page();
    expect(await next.getToken()).toBe("ut_1");
    expect(next.current.getSnapshot()).toMatchObject({ user: { id: "ann" } });
  });
});

describe("a token", () => {
  it("is given as long as it is good, and replaced five minutes before its end", async () => {
    const authenticator = await signedIn();
    time += 54 * MINUTE_MS;
    expect(await authenticator.getToken()).toBe("ut_1");
    time += 2 * MINUTE_MS;
    expect(await authenticator.getToken()).toBe("ut_2");
    expect(await authenticator.getToken()).toBe("ut_2");
    expect(refreshes()).toHaveLength(1);
  });

  it("that the server refused is replaced, whatever the clock says", async () => {
    const authenticator = await signedIn();
    expect(await authenticator.getToken({ refused: "ut_1" })).toBe("ut_2");
    expect(await authenticator.getToken({ refused: "ut_1" })).toBe("ut_2");
    expect(refreshes()).toHaveLength(1);
  });

  it("is replaced once for all who ask", async () => {
    const authenticator = await signedIn();
    time += 59 * MINUTE_MS;
    const tokens = await Promise.all([1, 2, 3].map(() => authenticator.getToken()));
    expect(tokens).toEqual(["ut_2", "ut_2", "ut_2"]);
    expect(refreshes()).toHaveLength(1);
  });

  it("is replaced once for all tabs", async () => {
    const first = await signedIn();
    const second = page();
    time += 59 * MINUTE_MS;
    expect(await Promise.all([first.getToken(), second.getToken()])).toEqual(["ut_2", "ut_2"]);
    expect(refreshes()).toHaveLength(1);
  });

  it("is the same for tabs that have no locks, because their attempts are one", async () => {
    const first = await signedIn({ browser: null });
    const second = page({ browser: null });
    time += 59 * MINUTE_MS;
    expect(await Promise.all([first.getToken(), second.getToken()])).toEqual(["ut_2", "ut_2"]);
    time += 59 * MINUTE_MS;
    expect(await second.getToken()).toBe("ut_3");
    expect(await first.getToken()).toBe("ut_3");
  });
});

describe("a refresh", () => {
  it("whose reply is lost is repeated in the same attempt, on the next page as well", async () => {
    const authenticator = await signedIn();
    time += 61 * MINUTE_MS;
    auth.next = "lost";
    await expect(authenticator.getToken()).rejects.toMatchObject({
      code: "sdk.offline",
      retryable: true,
    });
    expect(await page().getToken()).toBe("ut_2");
    const [first, second] = refreshes();
    expect(first?.body.client_id).toMatch(/^[0-9a-f]{32}$/);
    expect(second?.body).toEqual(first?.body);
  });

  it("has a name of its own each time", async () => {
    const authenticator = await signedIn();
    await authenticator.getToken({ refused: "ut_1" });
    await authenticator.getToken({ refused: "ut_2" });
    const [first, second] = refreshes();
    expect(first?.body.client_id).not.toBe(second?.body.client_id);
  });

  it.each(["away", "busy"] as const)(
    "that fails because the server is %s ends nothing",
    async (how) => {
      const authenticator = await signedIn();
      time += 57 * MINUTE_MS;
      auth.next = how;
      expect(await authenticator.getToken()).toBe("ut_1");
      time += 10 * MINUTE_MS;
      auth.next = how;
      await expect(authenticator.getToken()).rejects.toMatchObject({ retryable: true });
      expect(authenticator.current.getSnapshot()).not.toBeNull();
      expect(await authenticator.getToken()).toBe("ut_2");
    },
  );

  it("that is refused ends the sign-in in all tabs, and says why", async () => {
    const authenticator = await signedIn();
    const other = page();
    await other.getToken();
    auth.revoke();
    const token = authenticator.getToken({ refused: "ut_1" });
    await expect(token).rejects.toMatchObject({ code: "sdk.signed_out", retryable: false });
    for (const one of [authenticator, other]) {
      await expect.poll(() => one.current.getSnapshot()).toBeNull();
      expect(one.ended.getSnapshot()).toMatchObject({ code: "auth.invalid_refresh_token" });
    }
    await authenticator.login({ login: "ann", password: "correct horse" });
    expect(authenticator.ended.getSnapshot()).toBeNull();
  });

  it("is made by check, which tells a session that was revoked elsewhere", async () => {
    const authenticator = await signedIn();
    await authenticator.check();
    expect(authenticator.current.getSnapshot()).not.toBeNull();
    auth.next = "away";
    await authenticator.check();
    expect(authenticator.current.getSnapshot()).not.toBeNull();
    auth.revoke();
    await authenticator.check();
    expect(authenticator.ended.getSnapshot()).toMatchObject({ status: 401 });
  });
});

describe("signing out", () => {
  it("ends the session on the server, and in all tabs", async () => {
    const authenticator = await signedIn();
    const other = page();
    await other.getToken();
    await authenticator.signOut();
    expect(auth.calls.at(-1)).toMatchObject({ path: "/v1/auth/logout", token: "Bearer ut_1" });
    await expect.poll(() => other.current.getSnapshot()).toBeNull();
    expect(other.ended.getSnapshot()).toBeNull();
    await expect(page().getToken()).rejects.toMatchObject({ code: "sdk.signed_out" });
  });

  it("does so with a token that is over, and without a server", async () => {
    const first = await signedIn();
    time += 61 * MINUTE_MS;
    await first.signOut();
    expect(auth.calls.at(-1)).toMatchObject({ path: "/v1/auth/logout", token: "Bearer ut_2" });
    const second = await signedIn();
    auth.next = "away";
    await second.signOut();
    expect(second.current.getSnapshot()).toBeNull();
    expect(await rows.list("meta")).toEqual([]);
  });

  it("is not undone by a refresh that was under way in a tab without locks", async () => {
    const authenticator = await signedIn({ browser: null });
    const release = auth.hold();
    const token = authenticator.getToken({ refused: "ut_1" });
    await expect.poll(() => refreshes().length).toBe(1);
    const gone = authenticator.signOut();
    await expect.poll(() => authenticator.current.getSnapshot()).toBeNull();
    release();
    await expect(token).rejects.toMatchObject({ code: "sdk.signed_out" });
    await gone;
    expect(await rows.list("meta")).toEqual([]);
  });
});
