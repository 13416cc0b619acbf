/** A test double of the server: conversations with their two counters, in memory, for one user's eyes. */

import { digestOf } from "../engine/ids.ts";
import type { WireChange, WireConversation, WireMessage, WireUser } from "../engine/wire.ts";
import { HoopoeError } from "../error.ts";
import type { EventFrame, Started } from "../line.ts";
import type { Problem } from "../model.ts";

/** A conversation as the double keeps it. */
export interface DoubleConversation {
  readonly wire: WireConversation;
  readonly messages: WireMessage[];
  readonly changes: WireChange[];
  readSeq: number;
  unreadFrom: number | null;
}

/** A refusal. */
export function refusal(code: string, status: number, retryable = false): HoopoeError {
  const problem: Problem = {
    code,
    title: code,
    detail: null,
    status,
    retryable,
    retryAfterMs: null,
    requestId: null,
  };
  return new HoopoeError(problem);
}

/** The id of conversation `number`: a good one, so that digests can be made. */
export function idOf(number: number): string {
  return `cnv_${String(number).padStart(22, "0")}`;
}

type Params = { readonly [name: string]: unknown };

/** The double. */
export class DoubleServer {
  readonly me = "ann";
  epoch = 1;
  nowMs = Date.parse("2026-01-01T00:00:00Z");
  readonly conversations = new Map<string, DoubleConversation>();
  readonly users = new Map<string, WireUser>();
  /** Everything that was asked, in order. */
  readonly asked: { method: string; params: Params }[] = [];
  /** Hears every event as it happens. */
  readonly listeners = new Set<(frame: EventFrame) => void>();
  /** Answers instead of the double, where it answers anything but `undefined`. */
  instead: ((method: string, params: Params) => unknown) | undefined;

  /** Makes a conversation with `count` messages of Bob. */
  add(number: number, count = 0, kind: "direct" | "group" = "group"): string {
    const id = idOf(number);
    const wire: WireConversation = {
      id,
      kind,
      name: kind === "group" ? `Group ${number}` : null,
      created_at: this.at(),
      created_by: "bob",
      updated_at: this.at(),
      head_seq: 0,
      head_rev: 1,
      history: "all",
      member_count: 2,
      metadata: {},
      members: kind === "direct" ? ["bob", this.me] : null,
    };
    const changes = [{ event: "conversation.created", rev: 1, at_seq: 0, data: { ...wire } }];
    this.conversations.set(id, { wire, messages: [], changes, readSeq: 0, unreadFrom: null });
    const event = { event: "conversation.created", conversation: id, rev: 1, at_seq: 0 };
    this.tell({ ...event, members_rev: 1, data: { ...wire } });
    for (let seq = 1; seq <= count; seq++) this.say(id, "bob", `message ${seq}`);
    return id;
  }

  of(id: string): DoubleConversation {
    const found = this.conversations.get(id);
    if (!found) throw refusal("conversations.not_found", 404);
    return found;
  }

  /** Somebody writes. */
  say(id: string, sender: string, text: string, more: Partial<WireMessage> = {}): WireMessage {
    const room = this.of(id);
    const seq = room.messages.length + 1;
    const message: WireMessage = {
      client_id: `${sender}-${id}-${seq}`,
      conversation: id,
      created_at: this.at(),
      kind: "text",
      sender,
      seq,
      text,
      ...more,
    };
    if (sender === this.me && room.readSeq === seq - 1) room.readSeq = seq;
    room.messages.push(message);
    room.wire.head_seq = seq;
    const data = { ...message };
    this.tell({ event: "message.created", conversation: id, seq, members_rev: 1, data });
    return message;
  }

  /** Something changes. */
  change(id: string, event: string, data: object): number {
    const room = this.of(id);
    const rev = room.changes.length + 1;
    const change = { event, rev, at_seq: room.wire.head_seq, data };
    room.changes.push(change);
    room.wire.head_rev = rev;
    this.apply(room, event, data as { seq?: number; text?: string });
    this.tell({ ...change, conversation: id, members_rev: 1 });
    return rev;
  }

  /** An event that is in no log. */
  tell(frame: EventFrame): void {
    for (const listener of this.listeners) listener(structuredClone(frame));
  }

  async start(cursor: string | null): Promise<Started> {
    const since = cursor ? Number(cursor) : -1;
    const moved = [...this.conversations.values()].filter(
      (room) => this.movedAt(room) >= since || cursor === null,
    );
    const heads = moved.map((room) => this.head(room));
    const positions = [...this.conversations.values()].map(({ wire }) => ({
      id: wire.id,
      seq: wire.head_seq,
      rev: wire.head_rev,
    }));
    return {
      user: this.me,
      session: "ses_1",
      epoch: this.epoch,
      cursor: String(this.nowMs),
      heads: heads.slice(0, 100),
      more: heads.length > 100,
      digest: await digestOf(positions),
    };
  }

  answer(method: string, params: Params): unknown {
    this.asked.push({ method, params });
    const instead = this.instead?.(method, params);
    if (instead !== undefined) return instead;
    const id = String(params.conversation);
    switch (method) {
      case "conversations.list":
        return this.list(params);
      case "conversations.get":
        return this.seen(this.of(id));
      case "messages.list":
        return this.page(id, params);
      case "messages.get":
        return this.of(id).messages[Number(params.seq) - 1] ?? this.missing();
      case "messages.changes": {
        const after = Number(params.after);
        const items = this.of(id).changes.filter(({ rev }) => rev > after);
        const limit = Number(params.limit);
        return { items: items.slice(0, limit), has_after: items.length > limit };
      }
      case "messages.send":
        return this.send(id, params);
      case "messages.read": {
        const room = this.of(id);
        room.readSeq = Math.max(room.readSeq, Number(params.seq));
        return { read_seq: room.readSeq, delivered_seq: room.readSeq, unread: 0 };
      }
      case "sync.get": {
        const heads = [...this.conversations.values()].map((room) => this.head(room));
        return { cursor: String(this.nowMs), epoch: this.epoch, heads };
      }
      case "me.get":
        return this.user(this.me);
      case "users.list":
        if (params.q) throw refusal("accounts.directory_closed", 403);
        return { items: ((params.ids ?? []) as string[]).map((user) => this.user(user)) };
      case "settings.get":
        return { presence: "members" };
      case "messages.delivered":
      case "messages.typing":
        return {};
      default:
        throw refusal("request.unknown_method", 404);
    }
  }

  asks(method: string): Params[] {
    return this.asked.filter((one) => one.method === method).map(({ params }) => params);
  }

  private send(id: string, params: Params): WireMessage {
    const room = this.of(id);
    const known = room.messages.find((message) => message.client_id === params.client_id);
    if (known) return { ...known };
    const { text, mentions, client_id } = params as unknown as WireMessage;
    return { ...this.say(id, this.me, text ?? "", { client_id, mentions: mentions ?? [] }) };
  }

  private page(id: string, params: Params): unknown {
    const all = this.of(id).messages;
    const limit = Number(params.limit ?? 50);
    let from = Math.max(0, all.length - limit);
    if (params.before) from = Math.max(0, Number(params.before) - 1 - limit);
    if (params.after !== undefined) from = Number(params.after);
    if (params.around) from = Math.max(0, Number(params.around) - 1 - (limit >> 1));
    const to = params.before ? Number(params.before) - 1 : Math.min(all.length, from + limit);
    const items = structuredClone(all.slice(from, to));
    return { items, has_before: from > 0, has_after: to < all.length };
  }

  private list(params: Params): unknown {
    const all = [...this.conversations.values()].sort((a, b) => this.movedAt(b) - this.movedAt(a));
    const from = Number(params.cursor ?? 0);
    const to = from + Number(params.limit);
    const items = all.slice(from, to).map((room) => this.seen(room));
    return { items, ...(to < all.length ? { next_cursor: String(to) } : {}) };
  }

  private seen(room: DoubleConversation): WireConversation {
    const later = room.messages.slice(room.readSeq);
    const counted = later.filter(({ sender, deleted }) => sender !== this.me && !deleted);
    return structuredClone({
      ...room.wire,
      me: {
        role: "member" as const,
        joined_at: this.at(),
        read_seq: room.readSeq,
        delivered_seq: room.readSeq,
        unread: counted.length,
        unread_from: room.unreadFrom,
      },
    });
  }

  private apply(
    room: DoubleConversation,
    event: string,
    data: { seq?: number; text?: string },
  ): void {
    const message = room.messages[(data.seq ?? 0) - 1];
    if (!message) return;
    if (event === "message.updated") Object.assign(message, data);
    if (event === "message.recalled") {
      Object.assign(message, { deleted: true, recalled: true, text: "", mentions: [] });
    }
  }

  private head({ wire, readSeq, unreadFrom }: DoubleConversation): Started["heads"][number] {
    const { id, head_seq, head_rev } = wire;
    return { conversation: id, head_seq, head_rev, read_seq: readSeq, unread_from: unreadFrom };
  }

  private user(id: string): WireUser {
    const known = this.users.get(id);
    const at = this.at();
    return known ?? { id, name: id.toUpperCase(), metadata: {}, created_at: at, updated_at: at };
  }

  private movedAt(room: DoubleConversation): number {
    return Date.parse(room.messages.at(-1)?.created_at ?? room.wire.created_at);
  }

  private missing(): never {
    throw refusal("messages.not_found", 404);
  }

  private at(): string {
    this.nowMs += 1_000;
    return new Date(this.nowMs).toISOString();
  }
}
