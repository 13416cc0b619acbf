import type { Conversation, Member, Message, Presence, Role, User, UserId } from "@hoopoe/sdk";
import { people } from "./people.ts";

/** What a double of the client begins with. Times are milliseconds since 1970. */
export interface Fixture {
  /** The time of the clock. */
  readonly now: number;
  readonly me: UserId;
  readonly users: readonly User[];
  readonly presences: readonly Presence[];
  readonly conversations: readonly Conversation[];
  /** By conversation, ascending. */
  readonly messages: Readonly<Record<string, readonly Message[]>>;
  readonly members: Readonly<Record<string, readonly Member[]>>;
}

/** Wednesday, 25 November 2026, 14:30 by the clock of the machine. */
export const NOW = new Date(2026, 10, 25, 14, 30).getTime();
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A message; what is left out is as in a plain one. */
export function message(
  conversation: string,
  seq: number | null,
  sender: UserId | null,
  text: string,
  more: Partial<Message> = {},
): Message {
  const clientId = more.clientId ?? `cl_${conversation}_${seq ?? "new"}`;
  return Object.freeze({
    key: clientId,
    conversation,
    seq,
    clientId,
    sender,
    kind: "text",
    text,
    mentions: [],
    replyTo: null,
    metadata: {},
    createdAt: NOW,
    editedAt: null,
    deleted: false,
    recalled: false,
    recalledContent: null,
    reactions: [],
    state: "sent",
    failure: null,
    ...more,
  });
}

/** A conversation; what is left out is as in a group that has been read. */
export function conversation(id: string, more: Partial<Conversation> = {}): Conversation {
  const last = more.last ?? null;
  const headSeq = more.headSeq ?? last?.seq ?? 0;
  return Object.freeze({
    id,
    kind: "group",
    name: null,
    avatarUrl: null,
    peer: null,
    memberCount: more.kind === "direct" ? 2 : 3,
    history: "joined",
    metadata: {},
    createdAt: NOW - 90 * DAY,
    createdBy: "ana",
    headSeq,
    role: "member",
    readSeq: headSeq - (more.unread ?? 0),
    unread: 0,
    unreadFrom: null,
    mentioned: false,
    last,
    draft: null,
    activityAt: last?.createdAt ?? NOW - 90 * DAY,
    ...more,
  });
}

function member(user: UserId, role: Role = "member"): Member {
  return { user, role, joinedAt: NOW - 60 * DAY, invitedBy: "ana" };
}

const CODE = [
  "This is the part that was slow:",
  "```ts",
  "export function hueOf(id: string): number {",
  "  let hash = 0;",
  "  for (const letter of id) hash = (hash * 31 + letter.charCodeAt(0)) | 0;",
  "  return Math.abs(hash) % 12;",
  "}",
  "```",
  "With `Math.imul` it is **four times** faster.",
].join("\n");

/** The group with everything in it: several days, edits, recalls, reactions, quotes, code. */
function release(id: string): Message[] {
  const at = (days: number, hour: number, minute: number) =>
    new Date(2026, 10, 25 - days, hour, minute).getTime();
  const rows: readonly [UserId | null, number, string, Partial<Message>?][] = [
    [
      "ana",
      at(8, 9, 2),
      "Morning! The plan for 1.0 is in the wiki: https://wiki.example.org/hoopoe/1.0",
    ],
    [
      "limei",
      at(8, 9, 5),
      "收到，我今天看一下 👍",
      { reactions: [{ emoji: "👍", count: 2, me: true }] },
    ],
    ["ben", at(8, 9, 30), "Who takes the load test?"],
    ["ben", at(8, 9, 31), "I can do it on Thursday."],
    ["zhang.wei", at(8, 9, 33), "我可以一起。", { replyTo: 3 }],
    [
      "priya",
      at(3, 16, 12),
      CODE,
      {
        reactions: [
          { emoji: "🚀", count: 3, me: false },
          { emoji: "❤️", count: 1, me: true },
        ],
      },
    ],
    [
      "ana",
      at(3, 16, 20),
      "Nice find. Did you measure it on a phone?",
      { replyTo: 6, editedAt: at(3, 16, 22) },
    ],
    [
      "priya",
      at(3, 16, 25),
      "> Did you measure it on a phone?\n\nYes: 2.1 ms before, 0.5 ms after.",
    ],
    ["chloe", at(3, 17, 40), "", { deleted: true, recalled: true }],
    ["chloe", at(3, 17, 41), "Sorry, wrong window 😅"],
    [
      "limei",
      at(1, 10, 0),
      "翻译都更新好了，请大家检查一下各自负责的页面。如果有不合适的地方，直接在这里告诉我，我今天之内改完。",
    ],
    ["ana", at(1, 10, 4), "太好了，谢谢！"],
    ["ana", at(1, 10, 5), "I'll read the English side.", { deleted: true }],
    ["kaito", at(1, 11, 15), "🎉🎉🎉"],
    [
      "ben",
      at(1, 18, 2),
      "Load test: 20,000 connections, p99 at 38 ms. I'll write it up tomorrow.",
    ],
    [
      "ana",
      at(0, 9, 12),
      "That is *much* better than I feared.",
      { reactions: [{ emoji: "🔥", count: 4, me: false }] },
    ],
    ["zhang.wei", at(0, 13, 50), "@Ana Keller 发布说明可以定稿了吗？", { mentions: ["ana"] }],
    [
      "chloe",
      at(0, 14, 1),
      "One thing is left:\n- [ ] screenshots for the README\n- the changelog",
    ],
    ["chloe", at(0, 14, 2), "I can do both this afternoon."],
    ["limei", at(0, 14, 26), "没问题，那就今天下午发布 🚀"],
  ];
  return rows.map(([sender, createdAt, text, more], i) =>
    message(id, i + 1, sender, text, { createdAt, ...more }),
  );
}

function dialogue(id: string, peer: UserId, endsAt: number, texts: readonly string[]): Message[] {
  return texts.map((text, i) =>
    message(id, i + 1, (texts.length - i) % 2 === 1 ? peer : "ana", text, {
      createdAt: endsAt - (texts.length - 1 - i) * 4 * MINUTE,
    }),
  );
}

function direct(
  id: string,
  peer: UserId,
  rows: readonly Message[],
  more: Partial<Conversation> = {},
) {
  return conversation(id, { kind: "direct", peer, last: rows.at(-1) ?? null, ...more });
}

/** People with Chinese and English names, and every kind of conversation that a list can show. */
export function createFixture(): Fixture {
  const crew = release("cnv_release");
  const mei = dialogue("cnv_limei", "limei", NOW - 8 * MINUTE, [
    "晚上一起吃饭吗？",
    "好啊，几点？",
    "七点，老地方 🍜",
  ]);
  const ben = dialogue("cnv_ben", "ben", NOW - 3 * HOUR, ["Did it deploy?", "Yes, all green."]);
  const failed = message("cnv_priya", null, "ana", "The invoice is attached to the ticket.", {
    createdAt: NOW - 20 * MINUTE,
    state: "failed",
    failure: {
      code: "messages.forbidden",
      title: "Not allowed",
      detail: null,
      status: 403,
      retryable: false,
      retryAfterMs: null,
      requestId: "req_1",
    },
  });
  const queued = message("cnv_kaito", null, "ana", "I'm on the train, talk later", {
    createdAt: NOW - 2 * MINUTE,
    state: "queued",
  });
  const priya = dialogue("cnv_priya", "priya", NOW - HOUR, ["Where is the invoice?"]);
  const kaito = dialogue("cnv_kaito", "kaito", NOW - DAY, ["明日のミーティング、大丈夫？"]);
  const family = dialogue("cnv_family", "ouyang", NOW - DAY - 2 * HOUR, [
    "周末去爬山，谁来？",
    "我！",
    "天气预报说会下雨☔️",
  ]);
  const max = dialogue("cnv_max", "maximilian", NOW - 3 * DAY, [
    "A very long message that does not fit into the one line that a list has for it, and is therefore cut off at its end.",
  ]);
  const finn = dialogue("cnv_finn", "emoji", NOW - 5 * DAY, ["🦊🦊🦊"]);
  const nameless = dialogue("cnv_nameless", "chen.jing", NOW - 12 * DAY, ["我把文件发到邮箱了"]);
  const omar = dialogue("cnv_omar", "omar", NOW - 40 * DAY, ["**Thanks!** See `README.md`"]);
  const recalled = [
    message("cnv_sofia", 1, "sofia", "", {
      createdAt: NOW - 400 * DAY,
      deleted: true,
      recalled: true,
    }),
  ];
  const ops = [
    message("cnv_ops", 311, "ops-bot", "Backup finished in 41 s", { createdAt: NOW - 30 * MINUTE }),
  ];
  const conversations = [
    direct("cnv_kaito", "kaito", kaito, { last: queued, activityAt: queued.createdAt }),
    conversation("cnv_release", {
      name: "Hoopoe 1.0 发布",
      memberCount: 8,
      role: "owner",
      last: crew.at(-1) ?? null,
      unread: 4,
      mentioned: true,
    }),
    direct("cnv_limei", "limei", mei, { unread: 1 }),
    direct("cnv_priya", "priya", priya, { last: failed, activityAt: failed.createdAt }),
    conversation("cnv_ops", { name: "ops", memberCount: 12, last: ops[0] ?? null, unread: 128 }),
    direct("cnv_ben", "ben", ben, {
      draft: { text: "Then let's tag it", mentions: [], replyTo: 2, updatedAt: NOW - 5 * MINUTE },
    }),
    conversation("cnv_family", {
      name: "相亲相爱一家人 👨‍👩‍👧‍👦",
      memberCount: 5,
      last: family.at(-1) ?? null,
    }),
    direct("cnv_max", "maximilian", max, { unreadFrom: 1 }),
    direct("cnv_finn", "emoji", finn),
    conversation("cnv_nameless", { memberCount: 4, last: nameless.at(-1) ?? null }),
    direct("cnv_omar", "omar", omar),
    direct("cnv_sofia", "sofia", recalled),
    conversation("cnv_empty", {
      name: "Book club",
      role: "admin",
      createdAt: NOW - 420 * DAY,
      activityAt: NOW - 420 * DAY,
    }),
    direct("cnv_zhao", "zhao.lei", [], { createdAt: NOW - 500 * DAY, activityAt: NOW - 500 * DAY }),
  ];
  return {
    now: NOW,
    me: "ana",
    users: people,
    presences: people.map(({ id }, i) => ({
      user: id,
      status: i % 3 === 2 ? ("offline" as const) : ("online" as const),
      lastSeenAt: NOW - (i % 3 === 2 ? i * 37 * MINUTE : 0),
    })),
    conversations,
    messages: {
      cnv_release: crew,
      cnv_limei: mei,
      cnv_ben: ben,
      cnv_priya: [...priya, failed],
      cnv_kaito: [...kaito, queued],
      cnv_family: family,
      cnv_max: max,
      cnv_finn: finn,
      cnv_nameless: nameless,
      cnv_omar: omar,
      cnv_sofia: recalled,
      cnv_ops: ops,
    },
    members: {
      cnv_release: [
        member("ana", "owner"),
        member("limei", "admin"),
        member("ben", "moderator"),
        member("zhang.wei"),
        member("chloe"),
        member("priya"),
        member("kaito"),
        member("maximilian", "guest"),
      ],
      cnv_family: [
        member("ouyang", "owner"),
        member("ana"),
        member("chen.jing"),
        member("zhao.lei"),
        member("wang.xm"),
      ],
      cnv_nameless: [
        member("chen.jing", "owner"),
        member("ana"),
        member("omar"),
        member("wang.xm"),
      ],
      cnv_empty: [member("sofia", "owner"), member("ana", "admin"), member("priya")],
    },
  };
}

/** Many conversations, for lists that must not draw them all. */
export function manyConversations(count: number): Conversation[] {
  return Array.from({ length: count }, (_, i) => {
    const id = `cnv_many_${i}`;
    const sender = people[1 + (i % (people.length - 1))]?.id ?? "ben";
    const last = message(id, i + 1, sender, `Message ${i + 1}`, {
      createdAt: NOW - i * 13 * MINUTE,
    });
    return i % 3 === 0
      ? conversation(id, { kind: "direct", peer: sender, last, unread: i % 5 === 0 ? 2 : 0 })
      : conversation(id, { name: `Group ${i + 1}`, last, unread: i % 7 === 0 ? 1 : 0 });
  });
}
