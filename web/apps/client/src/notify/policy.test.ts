import type { Conversation, Message } from "@hoopoe/sdk";
import { describe, expect, it } from "vitest";
import { type Circumstances, composeNotification, shouldNotify } from "./policy.ts";

const message = (change: Partial<Message> = {}): Message => ({
  key: "k",
  conversation: "cnv_1",
  seq: 10,
  clientId: "c",
  sender: "bob",
  kind: "text",
  text: "hello",
  mentions: [],
  replyTo: null,
  metadata: {},
  createdAt: 1_000_000,
  editedAt: null,
  deleted: false,
  recalled: false,
  recalledContent: null,
  reactions: [],
  state: "sent",
  failure: null,
  ...change,
});

const conversation = (change: Partial<Conversation> = {}): Conversation => ({
  id: "cnv_1",
  kind: "group",
  name: "Trip",
  avatarUrl: null,
  peer: null,
  memberCount: 3,
  history: "joined",
  metadata: {},
  createdAt: 0,
  createdBy: "ann",
  headSeq: 10,
  role: "member",
  readSeq: 9,
  unread: 1,
  unreadFrom: null,
  mentioned: false,
  last: null,
  draft: null,
  activityAt: 0,
  ...change,
});

const open: Circumstances = {
  choice: "all",
  permission: "granted",
  me: "ann",
  notifier: true,
  visible: false,
  syncedAt: 900_000,
};

describe("an open page tells", () => {
  it("about what others write", () => {
    expect(shouldNotify(message(), conversation(), open)).toBe(true);
    expect(shouldNotify(message({ sender: "ann" }), conversation(), open)).toBe(false);
    expect(shouldNotify(message({ sender: null }), conversation(), open)).toBe(false);
  });

  it("nothing when it is off, not allowed, or another tab's turn", () => {
    expect(shouldNotify(message(), conversation(), { ...open, choice: "off" })).toBe(false);
    expect(shouldNotify(message(), conversation(), { ...open, permission: "default" })).toBe(false);
    expect(shouldNotify(message(), conversation(), { ...open, permission: "denied" })).toBe(false);
    expect(shouldNotify(message(), conversation(), { ...open, notifier: false })).toBe(false);
  });

  it("nothing about what is before the eyes, or read elsewhere", () => {
    expect(shouldNotify(message(), conversation(), { ...open, visible: true })).toBe(false);
    expect(shouldNotify(message(), conversation({ readSeq: 10 }), open)).toBe(false);
  });

  it("nothing about what was missed", () => {
    expect(shouldNotify(message(), conversation(), { ...open, syncedAt: null })).toBe(false);
    expect(shouldNotify(message(), conversation(), { ...open, syncedAt: 2_000_000 })).toBe(false);
  });

  it("only what speaks to the user when that is the choice", () => {
    const mentions: Circumstances = { ...open, choice: "mentions" };
    expect(shouldNotify(message(), conversation(), mentions)).toBe(false);
    expect(shouldNotify(message({ mentions: ["ann"] }), conversation(), mentions)).toBe(true);
    expect(shouldNotify(message(), conversation({ kind: "direct" }), mentions)).toBe(true);
  });

  it("nothing about a message that is gone", () => {
    expect(shouldNotify(message({ recalled: true }), conversation(), open)).toBe(false);
    expect(shouldNotify(message(), undefined, open)).toBe(false);
  });
});

describe("a notification", () => {
  const words = { newMessage: "New message", inGroup: (a: string, b: string) => `${a} in ${b}` };

  it("says who, where and what", () => {
    const text = composeNotification(
      message({ text: "a\n b" }),
      { sender: "Bob", group: "Trip" },
      true,
      words,
    );
    expect(text).toEqual({ title: "Bob in Trip", body: "a b" });
  });

  it("keeps the text to itself without preview", () => {
    const text = composeNotification(message(), { sender: "Bob", group: null }, false, words);
    expect(text).toEqual({ title: "Bob", body: "New message" });
  });

  it("cuts between characters", () => {
    const text = composeNotification(
      message({ text: "🐦".repeat(300) }),
      { sender: "Bob", group: null },
      true,
      words,
    );
    expect(Array.from(text.body)).toHaveLength(180);
    expect(text.body.endsWith("🐦…")).toBe(true);
  });
});
