import type {
  Content,
  Conversation,
  ConversationHandle,
  Member,
  MemberList,
  Message,
  MessageVersion,
  Reaction,
  ReceiptMarks,
  ReceiptPage,
  Timeline,
  UserId,
} from "@hoopoe/sdk";
import type { Calls } from "./calls.ts";
import { DoubleError, problem } from "./calls.ts";
import { message as plain } from "./fixture.ts";
import { type Value, value } from "./value.ts";

/** A conversation of the double: what is watched can be set. */
export interface DoubleConversation extends ConversationHandle {
  readonly state: Value<Conversation | null | undefined>;
  readonly timeline: Value<Timeline>;
  readonly members: Value<MemberList>;
  readonly receipts: Value<ReceiptMarks>;
  readonly typing: Value<readonly UserId[]>;
  /** How often it is open. */
  readonly opened: number;
  /** What `receiptsOf` answers from: who has read up to where. */
  readonly readUpTo: Map<UserId, number>;
  /** What `edits` answers. */
  readonly versions: Map<number, readonly MessageVersion[]>;
  /** What `reactions` answers; those of the messages' counts when left out. */
  readonly reacted: Map<number, readonly Reaction[]>;
  /** Somebody else writes a message. */
  receive(sender: UserId | null, text: string, more?: Partial<Message>): Message;
}

/** What a conversation of the double is made of. */
export interface ConversationParts {
  readonly id: string;
  readonly me: () => UserId;
  readonly now: () => number;
  readonly calls: Calls;
  readonly state: Conversation | null | undefined;
  readonly messages: readonly Message[];
  readonly members: readonly Member[];
  /** The list of conversations follows. */
  readonly onState: (state: Conversation | null | undefined) => void;
}

const PAGE = 50;

const emptyTimeline: Timeline = {
  items: [],
  hasBefore: false,
  hasAfter: false,
  loading: "none",
  failure: null,
  unreadSince: null,
  focus: null,
};

/** What every part of a handle needs. */
interface Inside extends ConversationParts {
  readonly conversation: Value<Conversation | null | undefined>;
  readonly timeline: Value<Timeline>;
  readonly memberList: Value<MemberList>;
  run<R>(name: string, args: readonly unknown[], act: () => R): Promise<R>;
  note(name: string, args: readonly unknown[]): void;
  patch(change: Partial<Conversation>): void;
  replace(match: (item: Message) => boolean, change: (item: Message) => Message): Message;
}

function inside(parts: ConversationParts): Inside {
  const conversation = value(parts.state);
  const timeline = value<Timeline>({ ...emptyTimeline, items: parts.messages });
  conversation.subscribe(() => parts.onState(conversation.getSnapshot()));
  const call = (name: string, args: readonly unknown[]) => ({
    method: `conversation.${name}`,
    args,
    conversation: parts.id,
  });
  return {
    ...parts,
    conversation,
    timeline,
    memberList: value<MemberList>({ items: [], loading: false, complete: false, failure: null }),
    run: (name, args, act) => parts.calls.run(call(name, args), act),
    note: (name, args) => parts.calls.note(call(name, args)),
    patch: (change) => conversation.update((now) => (now ? { ...now, ...change } : now)),
    replace(match, change) {
      let found: Message | undefined;
      timeline.update((now) => ({
        ...now,
        items: now.items.map((item) => {
          if (!match(item)) return item;
          found = change(item);
          return found;
        }),
      }));
      if (found === undefined) throw new DoubleError(problem("messages.not_found"));
      return found;
    },
  };
}

function sending(it: Inside) {
  let sent = 0;
  const append = (item: Message) => {
    it.timeline.update((now) => ({ ...now, items: [...now.items, item] }));
    it.patch({ last: item, activityAt: item.createdAt });
  };
  const head = () => (it.conversation.getSnapshot()?.headSeq ?? 0) + 1;
  const settle = (key: string) => {
    const seq = head();
    const stored = it.replace(
      (item) => item.key === key,
      (item) => ({ ...item, seq, state: "sent", failure: null }),
    );
    it.patch({ headSeq: seq, readSeq: seq, last: stored });
    return stored;
  };
  const offer = async (name: string, key: string, args: readonly unknown[]) => {
    try {
      return await it.run(name, args, () => settle(key));
    } catch (error) {
      const failure = error instanceof DoubleError ? error.problem : problem("server.internal");
      const failed = it.replace(
        (item) => item.key === key,
        (item) => ({ ...item, state: "failed", failure }),
      );
      it.patch({ last: failed });
      throw error;
    }
  };
  return {
    send(content: string | Content) {
      const full = typeof content === "string" ? { text: content } : content;
      sent += 1;
      const clientId = `cl_${it.id}_sent_${sent}`;
      append(
        plain(it.id, null, it.me(), full.text ?? "", {
          clientId,
          kind: full.kind ?? "text",
          mentions: full.mentions ?? [],
          replyTo: full.replyTo ?? null,
          metadata: full.metadata ?? {},
          createdAt: it.now(),
          state: "sending",
        }),
      );
      return offer("send", clientId, [content]);
    },
    retry(clientId: string) {
      it.replace(
        (item) => item.clientId === clientId,
        (item) => ({ ...item, state: "sending", failure: null }),
      );
      // A second refusal shows at the message, as in the SDK.
      offer("retry", clientId, [clientId]).catch(() => {});
    },
    discard(clientId: string) {
      it.note("discard", [clientId]);
      it.timeline.update((now) => ({
        ...now,
        items: now.items.filter((item) => item.clientId !== clientId),
      }));
      it.patch({ last: it.timeline.getSnapshot().items.at(-1) ?? null });
    },
    receive(sender: UserId | null, text: string, more: Partial<Message> = {}) {
      const seq = head();
      const item = plain(it.id, seq, sender, text, { createdAt: it.now(), ...more });
      append(item);
      const unread = (it.conversation.getSnapshot()?.unread ?? 0) + 1;
      it.patch({ headSeq: seq, unread });
      return item;
    },
  };
}

function reacting(item: Message, emoji: string, on: boolean): Message {
  const had = item.reactions.find((reaction) => reaction.emoji === emoji);
  if (had?.me === on || (had === undefined && !on)) return item;
  const count = (had?.count ?? 0) + (on ? 1 : -1);
  const next = { emoji, count, me: on };
  const reactions = had
    ? item.reactions.map((reaction) => (reaction === had ? next : reaction))
    : [...item.reactions, next];
  return { ...item, reactions: reactions.filter((reaction) => reaction.count > 0) };
}

function changing(it: Inside) {
  const bySeq = (seq: number) => (item: Message) => item.seq === seq;
  return {
    edit: (seq: number, content: { text: string; mentions?: readonly UserId[] }) =>
      it.run("edit", [seq, content], () =>
        it.replace(bySeq(seq), (item) => ({
          ...item,
          text: content.text,
          mentions: content.mentions ?? [],
          editedAt: it.now(),
        })),
      ),
    recall: (seq: number) =>
      it.run("recall", [seq], () =>
        it.replace(bySeq(seq), (item) => ({
          ...item,
          text: "",
          deleted: true,
          recalled: true,
          recalledContent: { text: item.text, mentions: item.mentions, replyTo: item.replyTo },
        })),
      ),
    delete: (seq: number, scope: "me" | "all") =>
      it.run("delete", [seq, scope], () => {
        if (scope === "all") {
          it.replace(bySeq(seq), (item) => ({ ...item, text: "", deleted: true }));
          return;
        }
        it.timeline.update((now) => ({
          ...now,
          items: now.items.filter((item) => item.seq !== seq),
        }));
      }),
    react: (seq: number, emoji: string) =>
      it.run("react", [seq, emoji], () => {
        it.replace(bySeq(seq), (item) => reacting(item, emoji, true));
      }),
    unreact: (seq: number, emoji: string) =>
      it.run("unreact", [seq, emoji], () => {
        it.replace(bySeq(seq), (item) => reacting(item, emoji, false));
      }),
  };
}

function membership(it: Inside, all: Member[]) {
  const show = (complete: boolean) => {
    it.memberList.update((now) => ({
      ...now,
      items: complete ? [...all] : now.items,
      complete: complete || now.complete,
      loading: false,
    }));
    if (complete) it.patch({ memberCount: all.length });
  };
  const change = <R>(name: string, args: readonly unknown[], act: () => R) =>
    it.run(name, args, () => {
      const result = act();
      show(true);
      return result;
    });
  return {
    loadMembers: () =>
      it.run("loadMembers", [], () => {
        it.memberList.update((now) => ({ ...now, items: [...all], complete: true }));
      }),
    addMembers: (users: readonly UserId[]) =>
      change("addMembers", [users], () => {
        const added = users.map(
          (user): Member => ({ user, role: "member", joinedAt: it.now(), invitedBy: it.me() }),
        );
        all.push(...added);
        return added;
      }),
    removeMember: (user: UserId) =>
      change("removeMember", [user], () => {
        all.splice(0, all.length, ...all.filter((one) => one.user !== user));
      }),
    setRole: (user: UserId, role: Member["role"]) =>
      change("setRole", [user, role], () => {
        all.splice(
          0,
          all.length,
          ...all.map((one) => (one.user === user ? { ...one, role } : one)),
        );
      }),
    leave: () => it.run("leave", [], () => it.conversation.set(undefined)),
    update: (next: { name?: string; avatarUrl?: string }) =>
      it.run("update", [next], () => it.patch(next)),
  };
}

function asking(it: Inside, all: readonly Member[]) {
  const readUpTo = new Map<UserId, number>();
  const versions = new Map<number, readonly MessageVersion[]>();
  const reacted = new Map<number, readonly Reaction[]>();
  const page = <T>(items: readonly T[], cursor: string | undefined) => {
    const from = Number(cursor ?? 0);
    const next = from + PAGE;
    return {
      items: items.slice(from, next),
      nextCursor: next < items.length ? String(next) : null,
    };
  };
  const receiptsOf = (seq: number, query: { state?: "read" | "unread"; cursor?: string } = {}) =>
    it.run("receiptsOf", [seq, query], (): ReceiptPage => {
      const others = all.filter((one) => one.user !== it.me());
      const rows = others.map(({ user }) => {
        const read = (readUpTo.get(user) ?? 0) >= seq;
        return { user, read, delivered: read };
      });
      const readCount = rows.filter((row) => row.read).length;
      const wanted = rows.filter(
        (row) => query.state === undefined || row.read === (query.state === "read"),
      );
      return {
        memberCount: others.length,
        readCount,
        deliveredCount: readCount,
        ...page(wanted, query.cursor),
      };
    });
  return {
    readUpTo,
    versions,
    reacted,
    receiptsOf,
    edits: (seq: number, cursor?: string) =>
      it.run("edits", [seq, cursor], () => page(versions.get(seq) ?? [], cursor)),
    reactions: (seq: number, cursor?: string) =>
      it.run("reactions", [seq, cursor], () => page(reacted.get(seq) ?? [], cursor)),
  };
}

function looking(it: Inside) {
  const single = new Map<number, Value<Message | null | undefined>>();
  const find = (seq: number) => it.timeline.getSnapshot().items.find((item) => item.seq === seq);
  it.timeline.subscribe(() => {
    for (const [seq, one] of single) one.set(find(seq));
  });
  const step = (name: "loadBefore" | "loadAfter") => () => it.run(name, [], () => {});
  return {
    loadBefore: step("loadBefore"),
    loadAfter: step("loadAfter"),
    jumpTo: (seq: number) =>
      it.run("jumpTo", [seq], () => {
        it.timeline.update((now) => ({
          ...now,
          focus: { seq, nonce: (now.focus?.nonce ?? 0) + 1 },
        }));
      }),
    jumpToLatest: () =>
      it.run("jumpToLatest", [], () => {
        it.timeline.update((now) => ({ ...now, focus: null, hasAfter: false }));
      }),
    message(seq: number) {
      let one = single.get(seq);
      if (one === undefined) {
        one = value<Message | null | undefined>(find(seq));
        single.set(seq, one);
      }
      return one;
    },
    markRead: (seq?: number) =>
      it.run("markRead", [seq], () => {
        const now = it.conversation.getSnapshot();
        const readSeq = Math.max(now?.readSeq ?? 0, seq ?? now?.headSeq ?? 0);
        const unread = Math.max(0, (now?.headSeq ?? 0) - readSeq);
        it.patch({
          readSeq,
          unread,
          unreadFrom: null,
          mentioned: unread > 0 && now?.mentioned === true,
        });
      }),
    markUnread: (seq: number) => it.run("markUnread", [seq], () => it.patch({ unreadFrom: seq })),
    setTyping: (writing: boolean) => it.note("setTyping", [writing]),
    setDraft(draft: Parameters<ConversationHandle["setDraft"]>[0]) {
      it.note("setDraft", [draft]);
      const kept = draft === null || draft.text === "" ? null : { ...draft, updatedAt: it.now() };
      it.patch({ draft: kept });
    },
  };
}

/** A conversation in memory: it does what the SDK's does, at once and without a server. */
export function createDoubleConversation(parts: ConversationParts): DoubleConversation {
  const it = inside(parts);
  const all = [...parts.members];
  let opened = 0;
  return {
    id: parts.id,
    state: it.conversation,
    timeline: it.timeline,
    members: it.memberList,
    receipts: value<ReceiptMarks>({ deliveredSeq: 0, readSeq: 0 }),
    typing: value<readonly UserId[]>([]),
    get opened() {
      return opened;
    },
    open() {
      opened += 1;
      it.note("open", []);
      const state = it.conversation.getSnapshot();
      if (opened > 1 || !state || state.unread === 0) return;
      it.timeline.update((now) => ({ ...now, unreadSince: state.readSeq + 1 }));
    },
    close() {
      opened -= 1;
      it.note("close", []);
    },
    ...sending(it),
    ...changing(it),
    ...membership(it, all),
    ...asking(it, all),
    ...looking(it),
  };
}
