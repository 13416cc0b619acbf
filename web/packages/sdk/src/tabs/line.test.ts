import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createLine } from "../line/create.ts";
import { LaterLine } from "../line/later.ts";
import { SocketLine } from "../line/socket.ts";
import type { EventFrame, SkipFrame, Started } from "../line.ts";
import { doubleBrowser } from "../testing/browser.ts";
import { doubleSockets, doubleSurroundings, wireProblem } from "../testing/socket.ts";
import type { Browser } from "./browser.ts";
import { ANSWER_MAX_MS, SUSPECT_AFTER_MS } from "./follower.ts";
import { TabsLine } from "./line.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Lets promises and messages go on, without time passing. */
const settle = () => vi.advanceTimersByTimeAsync(0);
/** Longer than a leader may be silent. */
const SILENCE_MS = SUSPECT_AFTER_MS + ANSWER_MAX_MS + 1_000;

function tab(browser: Browser) {
  const sockets = doubleSockets();
  const surroundings = doubleSurroundings();
  const line = new TabsLine(
    {
      url: "http://chat.test",
      getToken: async () => "ut_1",
      WebSocket: sockets.Class,
      surroundings,
      random: () => 0.5,
    },
    browser,
    "ann",
  );
  const heard: string[] = [];
  const starts: Started[] = [];
  const frames: (EventFrame | SkipFrame)[] = [];
  const handler = {
    cursor: () => "c0",
    onStarted(started: Started) {
      heard.push("started");
      starts.push(started);
    },
    onFrame(frame: EventFrame | SkipFrame) {
      heard.push("frame");
      frames.push(frame);
    },
    onLost: () => heard.push("lost"),
  };
  const status = () => line.state.getSnapshot();
  const open = async () => {
    line.open(handler);
    await settle();
  };
  return { line, heard, starts, frames, sockets, surroundings, status, open };
}

type Tab = ReturnType<typeof tab>;
const synced = { epoch: 1, cursor: "c2", heads: [], digest: "11", next_page: "p2", state: [] };

/** Answers what a follower asks when it joins. */
async function joined(leader: Tab, follower: Tab): Promise<void> {
  const sync = leader.sockets.last().last();
  expect(sync).toMatchObject({ method: "sync.get", params: { cursor: "c0" } });
  leader.sockets.last().reply(synced);
  await settle();
  expect(follower.status()).toMatchObject({ status: "online", leader: false });
}

/** Two tabs of one browser, the second following the first. */
async function two() {
  const browser = doubleBrowser();
  const first = browser.tab();
  const leader = tab(first);
  const follower = tab(browser);
  await leader.open();
  leader.sockets.last().start();
  await follower.open();
  await joined(leader, follower);
  return { browser, first, leader, follower };
}

describe("the first tab", () => {
  it("holds the socket", async () => {
    const leader = tab(doubleBrowser());
    expect(leader.status()).toMatchObject({ status: "idle", leader: false });
    await leader.open();
    leader.sockets.last().start();
    expect(leader.status()).toMatchObject({ status: "online", leader: true });
    expect(leader.heard).toEqual(["started"]);
  });

  it("does so too when it is opened, closed and opened", async () => {
    const leader = tab(doubleBrowser());
    leader.line.open({ cursor: () => null, onStarted() {}, onFrame() {}, onLost() {} });
    leader.line.close();
    await leader.open();
    expect(leader.sockets.made).toHaveLength(1);
    leader.line.close();
    await settle();
    expect(leader.status()).toMatchObject({ status: "stopped", stop: "closed", leader: false });
    expect(leader.sockets.last().isClosed).toBe(true);
    expect(leader.surroundings.listeners()).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("goes on alone where locks are forbidden", async () => {
    const { channel } = doubleBrowser();
    const forbidden = () => Promise.reject(new DOMException("no", "SecurityError"));
    const leader = tab({ channel, locks: { request: forbidden } });
    await leader.open();
    leader.sockets.last().start();
    expect(leader.status()).toMatchObject({ status: "online", leader: true });
  });
});

describe("a follower", () => {
  it("begins with what it missed, through the session of the leader", async () => {
    const { follower } = await two();
    expect(follower.sockets.made).toHaveLength(0);
    const { next_page: _, ...rest } = synced;
    expect(follower.starts).toEqual([{ ...rest, user: "ann", session: "ses_1", more: true }]);
  });

  it("hears what the leader hears, and first what it missed", async () => {
    const browser = doubleBrowser();
    const [leader, follower] = [tab(browser), tab(browser)];
    await leader.open();
    leader.sockets.last().start();
    await follower.open();
    const sync = leader.sockets.last().last();
    leader.sockets.last().tell({ event: "message.created", conversation: "c", seq: 1, data: {} });
    await settle();
    expect(follower.heard).toEqual([]);
    leader.sockets.last().reply(synced, sync.id);
    leader.sockets.last().tell({ conversation: "c", skip: 2 });
    await settle();
    expect(follower.heard).toEqual(["started", "frame", "frame"]);
    expect(follower.frames).toEqual(leader.frames);
  });

  it("asks through the leader, and has its answers and refusals", async () => {
    const { leader, follower } = await two();
    const good = follower.line.request("users.get", { user: "bob" });
    await settle();
    expect(leader.sockets.last().last()).toMatchObject({ params: { user: "bob" } });
    leader.sockets.last().reply({ id: "bob" });
    expect(await good).toEqual({ id: "bob" });
    const bad = follower.line.request("users.get", { user: "nobody" });
    await settle();
    leader.sockets.last().refuse(wireProblem("users.not_found", 404));
    await expect(bad).rejects.toMatchObject({ code: "users.not_found", retryable: false });
  });

  it("joins again in the leader's next session", async () => {
    const { leader, follower } = await two();
    const asked = follower.line.request("me.get", {});
    const refused = expect(asked).rejects.toMatchObject({ code: "sdk.offline", retryable: true });
    await settle();
    leader.sockets.last().end(1006);
    await refused;
    expect(follower.heard).toEqual(["started", "lost"]);
    expect(follower.status()).toMatchObject({ status: "waiting", leader: false });
    await expect(follower.line.request("me.get", {})).rejects.toMatchObject({
      code: "sdk.offline",
    });
    await vi.advanceTimersByTimeAsync(250);
    leader.sockets.last().start();
    await settle();
    await joined(leader, follower);
    expect(follower.heard).toEqual(["started", "lost", "started"]);
  });

  it("tries again when it could not join", async () => {
    const browser = doubleBrowser();
    const [leader, follower] = [tab(browser), tab(browser)];
    await leader.open();
    leader.sockets.last().start();
    await follower.open();
    leader.sockets.last().refuse(wireProblem("rate.limited", 429));
    await settle();
    expect(follower.status().status).toBe("connecting");
    await vi.advanceTimersByTimeAsync(2_000);
    await joined(leader, follower);
  });

  it("makes the leader look at its line when it is looked at itself", async () => {
    const { leader, follower } = await two();
    leader.sockets.last().end(1006);
    await settle();
    follower.surroundings.wake();
    await settle();
    expect(leader.sockets.made).toHaveLength(2);
  });
});

describe("when the leader", () => {
  it("closes, a follower takes over, and what was under way may be made again", async () => {
    const { leader, follower } = await two();
    const asked = follower.line.request("messages.send", {});
    const refused = expect(asked).rejects.toMatchObject({ code: "sdk.offline", retryable: true });
    await settle();
    leader.line.close();
    await refused;
    await settle();
    follower.sockets.last().start();
    expect(follower.heard).toEqual(["started", "lost", "started"]);
    expect(follower.status()).toMatchObject({ status: "online", leader: true });
  });

  it("is revoked, a follower finds out for itself", async () => {
    const { leader, follower } = await two();
    leader.sockets.last().end(4403);
    await settle();
    expect(leader.status()).toMatchObject({ status: "stopped", stop: "revoked" });
    expect(follower.status()).toMatchObject({ status: "connecting" });
    follower.sockets.last().end(4403);
    expect(follower.status()).toMatchObject({ status: "stopped", stop: "revoked" });
  });

  it("is frozen, a follower takes the socket over within some seconds", async () => {
    const { first, leader, follower } = await two();
    first.freeze();
    await vi.advanceTimersByTimeAsync(SILENCE_MS);
    expect(follower.heard).toEqual(["started", "lost"]);
    follower.sockets.last().start();
    expect(follower.status()).toMatchObject({ status: "online", leader: true });
    first.thaw();
    await settle();
    expect(leader.sockets.made[0]?.isClosed).toBe(true);
    expect(leader.status().leader).toBe(false);
    expect(follower.sockets.last().last()).toMatchObject({ method: "sync.get" });
    follower.sockets.last().reply(synced);
    await settle();
    expect(leader.status()).toMatchObject({ status: "online", leader: false });
    expect(follower.status()).toMatchObject({ status: "online", leader: true });
    expect(leader.heard).toEqual(["started", "lost", "started"]);
  });

  it("was frozen, it passes nothing on that was given up since", async () => {
    const { first, leader, follower } = await two();
    first.freeze();
    const asked = follower.line.request("conversations.create", {});
    const refused = expect(asked).rejects.toMatchObject({ code: "sdk.offline" });
    await vi.advanceTimersByTimeAsync(SILENCE_MS);
    await refused;
    first.thaw();
    await settle();
    expect(leader.sockets.made[0]?.asked("conversations.create")).toEqual([]);
  });

  it("is slow to speak but answers, it keeps the socket", async () => {
    const browser = doubleBrowser();
    const [leader, follower] = [tab(browser), tab(browser)];
    // A hidden page whose timers hardly run: its beats do not come, its answers do.
    const interval = vi.spyOn(globalThis, "setInterval").mockReturnValue(0 as never);
    await leader.open();
    interval.mockRestore();
    leader.sockets.last().start();
    await follower.open();
    await joined(leader, follower);
    await vi.advanceTimersByTimeAsync(3 * SILENCE_MS);
    expect(follower.sockets.made).toHaveLength(0);
    expect(follower.status()).toMatchObject({ status: "online", leader: false });
  });

  it("goes, of many followers one leads and the others follow it", async () => {
    const { browser, leader, follower } = await two();
    const third = tab(browser);
    await third.open();
    await joined(leader, third);
    leader.line.close();
    await settle();
    follower.sockets.last().start();
    await settle();
    await joined(follower, third);
    expect(third.sockets.made).toHaveLength(0);
    expect(third.heard).toEqual(["started", "lost", "started"]);
  });
});

describe("presence", () => {
  async function subscribe(one: Tab, leader: Tab, users: string[]) {
    const asked = one.line.request("presence.subscribe", { users });
    await settle();
    leader.sockets.last().reply({ items: [] });
    await asked;
  }
  const ended = (leader: Tab) =>
    leader.sockets
      .last()
      .asked("presence.unsubscribe")
      .map(({ params }) => params);

  it("is heard of until the last tab has enough of it", async () => {
    const { leader, follower } = await two();
    await subscribe(leader, leader, ["bob", "cat"]);
    await subscribe(follower, leader, ["bob"]);
    await follower.line.request("presence.unsubscribe", { users: ["bob"] });
    expect(ended(leader)).toEqual([]);
    const last = leader.line.request("presence.unsubscribe", { users: ["bob"] });
    leader.sockets.last().reply({});
    await last;
    expect(ended(leader)).toEqual([{ users: ["bob"] }]);
  });

  it("of one tab is given up as a whole, and when the tab goes", async () => {
    const { leader, follower } = await two();
    await subscribe(follower, leader, ["bob", "cat"]);
    await subscribe(leader, leader, ["cat"]);
    const all = follower.line.request("presence.unsubscribe", {});
    await settle();
    expect(ended(leader)).toEqual([{ users: ["bob"] }]);
    leader.sockets.last().reply({});
    await all;
    await subscribe(follower, leader, ["dan"]);
    follower.surroundings.leave();
    await settle();
    expect(ended(leader).at(-1)).toEqual({ users: ["dan"] });
  });

  it("that was refused is nobody's wish", async () => {
    const { leader, follower } = await two();
    const asked = follower.line.request("presence.subscribe", { users: ["bob"] });
    const refused = expect(asked).rejects.toMatchObject({ code: "presence.too_many" });
    await settle();
    leader.sockets.last().refuse(wireProblem("presence.too_many", 422));
    await refused;
    follower.line.close();
    await settle();
    expect(ended(leader)).toEqual([]);
  });
});

describe("tabs", () => {
  it("tell each other things", async () => {
    const { browser, leader, follower } = await two();
    const third = tab(browser);
    await third.open();
    const told: unknown[] = [];
    leader.line.onTold((message) => told.push(["leader", message]));
    const stop = third.line.onTold((message) => told.push(["third", message]));
    follower.line.onTold((message) => told.push(["follower", message]));
    follower.line.tell({ draft: "x" });
    await settle();
    expect(told).toEqual([
      ["leader", { draft: "x" }],
      ["third", { draft: "x" }],
    ]);
    stop();
    leader.line.tell(1);
    await settle();
    expect(told.slice(2)).toEqual([["follower", 1]]);
  });

  it("do not hear the same state again and again", async () => {
    const { follower } = await two();
    const listener = vi.fn();
    follower.line.state.subscribe(listener);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(listener).not.toHaveBeenCalled();
  });

  it("want the next attempt now, whichever of them is asked", async () => {
    const { leader, follower } = await two();
    leader.sockets.last().end(1006);
    await settle();
    expect(follower.status().status).toBe("waiting");
    follower.line.retryNow();
    await settle();
    expect(leader.sockets.made).toHaveLength(2);
    expect(follower.sockets.made).toHaveLength(0);
  });

  it("load what they share while the line is opened already", async () => {
    const sockets = doubleSockets();
    const line = createLine({
      url: "http://chat.test",
      getToken: () => "ut_1",
      browser: doubleBrowser(),
      scope: "ann",
      WebSocket: sockets.Class,
      surroundings: doubleSurroundings(),
    });
    const handler = {
      cursor: () => null,
      onStarted: vi.fn(),
      onFrame: () => {},
      onLost: () => {},
    };
    line.open(handler);
    expect(line.state.getSnapshot()).toMatchObject({ status: "connecting", leader: false });
    await expect(line.request("me.get", {})).rejects.toMatchObject({ code: "sdk.offline" });
    await vi.dynamicImportSettled();
    await settle();
    sockets.last().start();
    expect(line.state.getSnapshot()).toMatchObject({ status: "online", leader: true });
    expect(handler.onStarted).toHaveBeenCalledOnce();
    line.close();
    expect(line.state.getSnapshot()).toMatchObject({ status: "stopped", stop: "closed" });
  });

  it("may be closed before what they share is there", async () => {
    const options = { url: "http://chat.test", getToken: () => "ut_1", browser: doubleBrowser() };
    const sockets = doubleSockets();
    const line = createLine({ ...options, scope: "ann", WebSocket: sockets.Class });
    line.open({ cursor: () => null, onStarted() {}, onFrame() {}, onLost() {} });
    line.close();
    await vi.dynamicImportSettled();
    await settle();
    expect(sockets.made).toHaveLength(0);
    expect(line.state.getSnapshot()).toMatchObject({ status: "stopped", stop: "closed" });
  });

  it("share a line only when they are known to be of one user", () => {
    const browser = doubleBrowser();
    const options = { url: "http://chat.test", getToken: () => "ut_1", browser };
    expect(createLine(options)).toBeInstanceOf(SocketLine);
    expect(createLine({ ...options, scope: "ann" })).toBeInstanceOf(LaterLine);
    expect(createLine({ ...options, scope: "ann", browser: null })).toBeInstanceOf(SocketLine);
  });
});
