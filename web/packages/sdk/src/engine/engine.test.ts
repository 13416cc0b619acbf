import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Client } from "../client.ts";
import type { Message } from "../model.ts";
import { DoubleTabs } from "../testing/line.ts";
import { device, rig, settle, started, synced, until, when } from "../testing/rig.ts";
import { DoubleServer, refusal } from "../testing/server.ts";

const texts = (items: readonly Message[]): string[] => items.map(({ text }) => text);
const timeline = (client: Client, id: string) => client.conversations.get(id).timeline;
const shown = (client: Client, id: string): string[] =>
  texts(timeline(client, id).getSnapshot().items);

let server: DoubleServer;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  server = new DoubleServer();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("the list", () => {
  it("has all conversations, the newest activity first, with their last messages", async () => {
    server.add(1, 3);
    server.add(2, 2);
    server.add(3, 0, "direct");
    const { client } = await started(server);
    const list = client.conversations.list.getSnapshot();
    expect(list.map(({ name, last, unread, peer }) => [name, last?.text, unread, peer])).toEqual([
      [null, undefined, 0, "bob"],
      ["Group 2", "message 2", 2, null],
      ["Group 1", "message 3", 3, null],
    ]);
    expect(client.conversations.loaded.getSnapshot()).toBe(true);
    expect(client.conversations.unread.getSnapshot()).toBe(5);
  });

  it("keeps the server's order where last messages are not known", async () => {
    for (let number = 1; number <= 260; number++) server.add(number, 1);
    const { client } = await started(server);
    const names = client.conversations.list.getSnapshot().map(({ name }) => name);
    expect(names).toEqual([...names].sort((a, b) => Number(b?.slice(6)) - Number(a?.slice(6))));
    expect(names).toHaveLength(260);
  });

  it("moves a conversation up when somebody writes, and leaves the others the same objects", async () => {
    const first = server.add(1, 1);
    server.add(2, 1);
    const { client } = await started(server);
    const before = client.conversations.list.getSnapshot();
    server.say(first, "bob", "hello");
    const after = client.conversations.list.getSnapshot();
    expect(after[0]?.last?.text).toBe("hello");
    expect(after[1]).toBe(before[0]);
  });
});

describe("the log of a conversation", () => {
  it("shows an event once, however often it comes", async () => {
    const id = server.add(1, 1);
    const { client, line } = await started(server);
    const heard: string[] = [];
    client.on("message.created", ({ text }) => heard.push(text));
    line.held = [];
    server.say(id, "bob", "once");
    for (let times = 0; times < 3; times++) for (const f of line.held) line.handler?.onFrame(f);
    expect(shown(client, id)).toEqual(["message 1", "once"]);
    expect(heard).toEqual(["once"]);
    expect(client.conversations.list.getSnapshot()[0]?.unread).toBe(2);
  });

  it("puts events that come out of order into it", async () => {
    const id = server.add(1, 1);
    const { client, line } = await started(server);
    line.held = [];
    for (const text of ["a", "b", "c"]) server.say(id, "bob", text);
    for (const frame of line.held.reverse()) line.handler?.onFrame(frame);
    await settle();
    expect(shown(client, id)).toEqual(["message 1", "a", "b", "c"]);
    expect(client.conversations.unread.getSnapshot()).toBe(4);
  });

  it("asks for what is missing", async () => {
    const id = server.add(1, 1);
    const { client, line } = await started(server);
    line.held = [];
    for (const text of ["a", "b", "c"]) server.say(id, "bob", text);
    const last = line.held.at(-1);
    line.held = null;
    if (last) line.handler?.onFrame(last);
    expect(shown(client, id)).toEqual(["message 1"]);
    await settle();
    expect(shown(client, id)).toEqual(["message 1", "a", "b", "c"]);
    expect(server.asks("messages.list").at(-1)).toMatchObject({ after: 1 });
  });

  it("passes over an entry that this user may not see", async () => {
    const id = server.add(1, 1);
    const { client, line } = await started(server);
    line.handler?.onFrame({ conversation: id, skip: 2 });
    server.of(id).messages.push({ ...server.of(id).messages[0], seq: 2 } as never);
    server.say(id, "bob", "third");
    expect(shown(client, id)).toEqual(["message 1", "third"]);
    expect(timeline(client, id).getSnapshot().hasAfter).toBe(false);
  });

  it("closes a small gap after an absence, and tells it in order", async () => {
    const id = server.add(1, 5);
    const { client, line } = await started(server);
    line.lose();
    for (let n = 0; n < 150; n++) server.say(id, "bob", `missed ${n}`);
    const heard: number[] = [];
    client.on("message.created", ({ seq }) => heard.push(seq ?? 0));
    await line.start();
    await synced(client);
    expect(heard).toEqual(Array.from({ length: 150 }, (_, n) => n + 6));
    expect(shown(client, id)).toHaveLength(155);
    expect(client.conversations.unread.getSnapshot()).toBe(155);
  });

  it("begins with the newest page behind a gap of more than 200, and the rest comes on demand", async () => {
    const id = server.add(1, 5);
    const { client, line } = await started(server);
    const handle = client.conversations.get(id);
    handle.open();
    await settle();
    line.lose();
    for (let n = 0; n < 400; n++) server.say(id, "bob", `missed ${n}`);
    await line.start();
    await synced(client);
    await settle();
    const window = handle.timeline.getSnapshot();
    expect(texts(window.items)).toHaveLength(5);
    expect(window.hasAfter).toBe(true);
    expect(client.conversations.list.getSnapshot()[0]).toMatchObject({ headSeq: 405, unread: 405 });
    await handle.jumpToLatest();
    expect(shown(client, id).at(-1)).toBe("missed 399");
    for (let page = 0; page < 9; page++) await handle.loadBefore();
    expect(shown(client, id)).toHaveLength(405);
    expect(handle.timeline.getSnapshot().hasBefore).toBe(false);
  });

  it("goes on with the newest behind such a gap when nothing of it is unread", async () => {
    const id = server.add(1, 5);
    const storage = device();
    const first = await started(server, { storage });
    await first.client.conversations.get(id).markRead();
    await vi.advanceTimersByTimeAsync(1_000);
    first.client.disconnect();
    await settle();
    for (let n = 0; n < 400; n++) server.say(id, server.me, `elsewhere ${n}`);
    const { client, line } = rig(server, { storage });
    const handle = client.conversations.get(id);
    void client.connect();
    await until(() => line.opened > 0);
    handle.open();
    expect(shown(client, id)).toHaveLength(5);
    await line.start();
    await synced(client);
    await settle();
    const window = handle.timeline.getSnapshot();
    expect(window).toMatchObject({ hasAfter: false, hasBefore: true, unreadSince: null });
    expect(texts(window.items).at(-1)).toBe("elsewhere 399");
  });

  it("stays where reading stopped when some of it is unread, and says where that is", async () => {
    const id = server.add(1, 5);
    const { client, line } = await started(server);
    const handle = client.conversations.get(id);
    await handle.markRead();
    handle.open();
    await settle();
    line.lose();
    for (let n = 0; n < 400; n++) server.say(id, "bob", `missed ${n}`);
    await line.start();
    await synced(client);
    await settle();
    const window = handle.timeline.getSnapshot();
    expect(window).toMatchObject({ hasAfter: true, unreadSince: 6 });
    expect(window.items).toHaveLength(5);
  });

  it.each(["ann", "bob"])(
    "shows a conversation that was empty when much came of %s",
    async (who) => {
      const id = server.add(1, 0);
      const { client, line } = await started(server);
      const handle = client.conversations.get(id);
      handle.open();
      await settle();
      expect(shown(client, id)).toEqual([]);
      line.lose();
      for (let n = 0; n < 400; n++) server.say(id, who, `message ${n}`);
      await line.start();
      await synced(client);
      await settle();
      expect(shown(client, id)).toContain(who === "ann" ? "message 399" : "message 0");
    },
  );

  it("goes on with older messages when all that are loaded are hidden", async () => {
    const id = server.add(1, 100);
    const { client, line } = await started(server);
    const handle = client.conversations.get(id);
    await handle.markRead();
    handle.open();
    await settle();
    const loaded = handle.timeline.getSnapshot().items.map(({ seq }) => seq);
    for (const seq of loaded) {
      line.handler?.onFrame({ event: "message.hidden", data: { conversation: id, seq } });
    }
    await settle();
    expect(loaded).not.toContain(60);
    expect(shown(client, id)).toContain("message 60");
  });

  it("applies what was changed while it was away to what is kept", async () => {
    const id = server.add(1, 3);
    const storage = device();
    const first = await started(server, { storage });
    first.client.disconnect();
    await settle();
    server.change(id, "message.updated", {
      seq: 2,
      text: "edited",
      edited_at: "2026-02-01T00:00:00.000Z",
    });
    server.change(id, "message.recalled", { seq: 3, by: "bob" });
    const { client } = await started(server, { storage });
    expect(shown(client, id)).toEqual(["message 1", "edited", ""]);
    expect(client.conversations.list.getSnapshot()[0]).toMatchObject({ unread: 2 });
    expect(server.asks("messages.changes")).toHaveLength(1);
  });

  it("offers sends again and fetches anew when the server was restored", async () => {
    const id = server.add(1, 3);
    const { client, line } = await started(server);
    const handle = client.conversations.get(id);
    handle.open();
    const sent = await handle.send("mine");
    expect(sent.seq).toBe(4);
    line.lose();
    // A backup from before the last two messages.
    server.epoch = 2;
    server.of(id).messages.length = 2;
    server.of(id).wire.head_seq = 2;
    await line.start();
    await synced(client);
    await settle();
    expect(server.of(id).messages.map(({ text }) => text)).toEqual([
      "message 1",
      "message 2",
      "mine",
    ]);
    expect(server.of(id).messages[2]?.client_id).toBe(sent.clientId);
    expect(shown(client, id)).toEqual(["message 1", "message 2", "mine"]);
  });

  it("finds out by the digest what the heads did not say", async () => {
    server.add(1, 1);
    const { client, line } = await started(server);
    line.lose();
    const late = server.add(2, 1);
    // Its time lies before the cursor: the heads leave it out.
    const room = server.of(late);
    for (const message of room.messages) message.created_at = "2020-01-01T00:00:00.000Z";
    await line.start();
    await synced(client);
    expect(server.asks("sync.get")).toHaveLength(1);
    expect(client.conversations.list.getSnapshot().map(({ id }) => id)).toContain(late);
  });

  it("lets a conversation go that the user is no member of any more", async () => {
    const id = server.add(1, 1);
    const { client } = await started(server);
    const gone: string[] = [];
    client.on("conversation.removed", ({ conversation }) => gone.push(conversation));
    server.change(id, "member.removed", { user: "ann", by: "bob", reason: "removed" });
    expect(gone).toEqual([id]);
    expect(client.conversations.list.getSnapshot()).toEqual([]);
    expect(client.conversations.get(id).state.getSnapshot()).toBeUndefined();
  });
});

describe("the outbox", () => {
  it("shows the echo at once, and one message under one key in the end", async () => {
    const id = server.add(1, 1);
    const { client } = await started(server);
    const handle = client.conversations.get(id);
    handle.open();
    const done = handle.send("hello");
    const echo = handle.timeline.getSnapshot().items.at(-1);
    expect(echo).toMatchObject({ text: "hello", state: "sending", seq: null, sender: "ann" });
    const message = await done;
    const items = handle.timeline.getSnapshot().items;
    expect(items).toHaveLength(2);
    expect(items.at(-1)).toMatchObject({ seq: 2, state: "sent", key: echo?.key });
    expect(message.seq).toBe(2);
    expect(client.conversations.list.getSnapshot()[0]?.last?.text).toBe("hello");
  });

  it("sends again under the same client id when the acknowledgement is lost", async () => {
    const id = server.add(1, 0);
    const { client, line } = await started(server);
    line.losesReplies = true;
    line.held = [];
    const done = client.conversations.get(id).send("once");
    await until(() => server.asks("messages.send").length === 1);
    line.lose();
    expect(timeline(client, id).getSnapshot().items[0]?.state).toBe("queued");
    line.losesReplies = false;
    line.held = null;
    await line.start();
    await done;
    await until(() => shown(client, id).length > 0);
    expect(server.of(id).messages).toHaveLength(1);
    expect(shown(client, id)).toEqual(["once"]);
    const ids = server.asks("messages.send").map(({ client_id }) => client_id);
    expect(new Set(ids).size).toBe(1);
  });

  it("keeps the order of a conversation while something fails", async () => {
    const id = server.add(1, 0);
    const { client } = await started(server);
    let failures = 2;
    server.instead = (method) => {
      if (method === "messages.send" && failures-- > 0)
        throw refusal("server.unavailable", 503, true);
      return undefined;
    };
    const handle = client.conversations.get(id);
    const all = Promise.all(["a", "b", "c"].map((text) => handle.send(text)));
    for (let round = 0; round < 5; round++) {
      await settle();
      await vi.advanceTimersByTimeAsync(2_000);
    }
    await all;
    expect(server.of(id).messages.map(({ text }) => text)).toEqual(["a", "b", "c"]);
    expect(server.asks("messages.send").map(({ text }) => text)).toEqual(["a", "a", "a", "b", "c"]);
  });

  it("marks what is refused as failed and goes on behind it; it can be tried again or taken out", async () => {
    const id = server.add(1, 0);
    const { client } = await started(server);
    let isStrict = true;
    server.instead = (method, params) => {
      if (method === "messages.send" && isStrict && params.text !== "good") {
        throw refusal("messages.too_long", 422);
      }
      return undefined;
    };
    const handle = client.conversations.get(id);
    const bad = handle.send("bad");
    const worse = handle.send("worse");
    await handle.send("good");
    await expect(bad).rejects.toMatchObject({ code: "messages.too_long" });
    await expect(worse).rejects.toMatchObject({ code: "messages.too_long" });
    const states = (): unknown[] =>
      handle.timeline.getSnapshot().items.map(({ text, state }) => [text, state]);
    handle.open();
    expect(states()).toEqual([
      ["good", "sent"],
      ["bad", "failed"],
      ["worse", "failed"],
    ]);
    isStrict = false;
    const [, first, second] = handle.timeline.getSnapshot().items;
    handle.discard(second?.clientId ?? "");
    handle.retry(first?.clientId ?? "");
    await settle();
    expect(states()).toEqual([
      ["good", "sent"],
      ["bad", "sent"],
    ]);
  });

  it("sends after a reload what was kept, exactly once", async () => {
    const id = server.add(1, 1);
    const storage = device();
    const first = await started(server, { storage });
    first.line.lose();
    for (const text of ["a", "b"]) void first.client.conversations.get(id).send(text);
    await settle();
    const states = timeline(first.client, id)
      .getSnapshot()
      .items.map(({ state }) => state);
    expect(states).toEqual(["sent", "queued", "queued"]);
    // The page is gone without a word; another one is there.
    const second = rig(server, { storage });
    void second.client.connect();
    await until(() => second.line.opened > 0);
    expect(shown(second.client, id).slice(-2)).toEqual(["a", "b"]);
    await second.line.start();
    await synced(second.client);
    await settle();
    expect(server.of(id).messages.map(({ text }) => text)).toEqual(["message 1", "a", "b"]);
    expect(shown(second.client, id)).toEqual(["message 1", "a", "b"]);
    await vi.advanceTimersByTimeAsync(500);
    const third = await started(server, { storage });
    await settle();
    expect(server.of(id).messages).toHaveLength(3);
    expect(shown(third.client, id)).toEqual(["message 1", "a", "b"]);
  });

  it("gives up after thirty days", async () => {
    const id = server.add(1, 0);
    let now = server.nowMs;
    const { client, line } = await started(server, { now: () => now });
    line.lose();
    const done = client.conversations.get(id).send("old");
    await settle();
    now += 31 * 24 * 3_600_000;
    await line.start();
    await expect(done).rejects.toMatchObject({ code: "sdk.expired" });
    expect(server.asks("messages.send")).toEqual([]);
  });

  it("lets the leading tab send what another one wrote, once, and all show the same", async () => {
    const id = server.add(1, 0);
    const tabs = new DoubleTabs();
    const storage = device();
    const leader = await started(server, { storage, tabs });
    const follower = await started(server, { storage, tabs, leader: false });
    const message = await follower.client.conversations.get(id).send("from the side");
    await settle();
    expect(message.seq).toBe(1);
    expect(server.asks("messages.send")).toHaveLength(1);
    for (const { client } of [leader, follower])
      expect(shown(client, id)).toEqual(["from the side"]);
  });

  it("sends what another tab wrote before the tabs could hear each other", async () => {
    const id = server.add(1, 0);
    const tabs = new DoubleTabs();
    const storage = device();
    const leader = await started(server, { storage, tabs });
    const follower = await started(server, { storage, tabs, leader: false });
    follower.line.lose();
    tabs.lines.delete(leader.line);
    const sent = follower.client.conversations.get(id).send("into the void");
    await settle();
    tabs.lines.add(leader.line);
    await follower.line.start();
    expect((await sent).seq).toBe(1);
    expect(server.asks("messages.send")).toHaveLength(1);
  });

  it("goes on in the next tab when the leading one is gone", async () => {
    const id = server.add(1, 0);
    const tabs = new DoubleTabs();
    const storage = device();
    const leader = await started(server, { storage, tabs });
    const follower = await started(server, { storage, tabs, leader: false });
    leader.line.lose();
    follower.line.lose();
    void follower.client.conversations.get(id).send("one");
    void leader.client.conversations.get(id).send("two");
    await settle();
    tabs.lines.delete(leader.line);
    follower.line.lead();
    await follower.line.start();
    await settle();
    expect(
      server
        .of(id)
        .messages.map(({ text }) => text)
        .sort(),
    ).toEqual(["one", "two"]);
    expect(shown(follower.client, id)).toHaveLength(2);
  });
});

describe("what is read", () => {
  it("counts messages of others, and reading, here and elsewhere", async () => {
    const id = server.add(1, 3);
    const { client } = await started(server);
    const handle = client.conversations.get(id);
    const unread = (): unknown => handle.state.getSnapshot()?.unread;
    expect(unread()).toBe(3);
    await handle.markRead(2);
    expect(unread()).toBe(1);
    expect(server.of(id).readSeq).toBe(2);
    server.say(id, "ann", "from my phone");
    expect(unread()).toBe(1);
    server.say(id, "bob", "more");
    expect(unread()).toBe(2);
    const data = { conversation: id, user: "ann", read_seq: 4, delivered_seq: 4 };
    server.tell({ event: "receipt.updated", conversation: id, data });
    expect(unread()).toBe(1);
    await handle.markRead();
    expect(unread()).toBe(0);
    server.say(id, "ann", "mine");
    expect(handle.state.getSnapshot()).toMatchObject({ unread: 0, readSeq: 6 });
  });

  it("takes a recalled message out of the count, and knows who is spoken to", async () => {
    const id = server.add(1, 0);
    const { client } = await started(server);
    const handle = client.conversations.get(id);
    server.say(id, "bob", "hey @ann", { mentions: ["ann"] });
    expect(handle.state.getSnapshot()).toMatchObject({ unread: 1, mentioned: true });
    server.change(id, "message.recalled", { seq: 1, by: "bob" });
    expect(handle.state.getSnapshot()).toMatchObject({ unread: 0, mentioned: false });
  });

  it("tells the server when the line is back what was read without it", async () => {
    const id = server.add(1, 3);
    const { client, line } = await started(server);
    line.lose();
    await client.conversations.get(id).markRead();
    expect(server.of(id).readSeq).toBe(0);
    await line.start();
    await synced(client);
    await settle();
    expect(server.of(id).readSeq).toBe(3);
    expect(client.conversations.unread.getSnapshot()).toBe(0);
  });

  it("opens where reading stopped", async () => {
    const id = server.add(1, 500);
    server.of(id).readSeq = 100;
    const { client } = await started(server);
    const handle = client.conversations.get(id);
    handle.open();
    const window = await when(handle.timeline, ({ loading, items }) => {
      return loading === "none" && items.length > 0;
    });
    expect(window).toMatchObject({ unreadSince: 101, hasBefore: true, hasAfter: true });
    expect(window.items.some(({ seq }) => seq === 101)).toBe(true);
    await handle.jumpTo(300);
    expect(handle.timeline.getSnapshot().focus).toEqual({ seq: 300, nonce: 1 });
    await handle.jumpToLatest();
    expect(handle.timeline.getSnapshot()).toMatchObject({ hasAfter: false, unreadSince: 101 });
  });
});

describe("reactions", () => {
  const reactions = (client: Client, id: string): unknown =>
    timeline(client, id).getSnapshot().items[0]?.reactions;

  it("are shown at once, and stay when the server agrees", async () => {
    const id = server.add(1, 1);
    const { client } = await started(server);
    server.instead = (method) =>
      method === "messages.react"
        ? { seq: 1, reactions: [{ emoji: "👍", count: 3, me: true }] }
        : undefined;
    const done = client.conversations.get(id).react(1, "👍");
    expect(reactions(client, id)).toEqual([{ emoji: "👍", count: 1, me: true }]);
    await done;
    expect(reactions(client, id)).toEqual([{ emoji: "👍", count: 3, me: true }]);
    server.change(id, "reaction.removed", { seq: 1, emoji: "👍", user: "bob", count: 2 });
    expect(reactions(client, id)).toEqual([{ emoji: "👍", count: 2, me: true }]);
  });

  it("are taken back when it refuses", async () => {
    const id = server.add(1, 1);
    const { client } = await started(server);
    server.change(id, "reaction.added", { seq: 1, emoji: "👍", user: "bob", count: 1 });
    server.instead = (method) => {
      if (method === "messages.react") throw refusal("messages.too_many_reactions", 409);
      return undefined;
    };
    const done = client.conversations.get(id).react(1, "👍");
    expect(reactions(client, id)).toEqual([{ emoji: "👍", count: 2, me: true }]);
    await expect(done).rejects.toMatchObject({ code: "messages.too_many_reactions" });
    expect(reactions(client, id)).toEqual([{ emoji: "👍", count: 1, me: false }]);
  });
});
