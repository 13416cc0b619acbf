/** What a user does to a message that is there. */

import type { Content, Message, MessageVersion, Page, Reaction, ReceiptPage } from "../model.ts";
import { time, toMessage, tombstone } from "./convert.ts";
import type { Core } from "./core.ts";
import type { Room } from "./room.ts";
import { batch } from "./value.ts";
import type { Params, WireMessage } from "./wire.ts";

/** Edits, recalls, deletions and reactions. */
export class Actions {
  readonly #core: Core;
  /** Called before a message goes: it does not count as unread any more. */
  readonly #uncount: (room: Room, seq: number) => void;
  /** Of one message and emoji, one question at a time: taps keep their order. */
  readonly #flights = new Map<string, Promise<void>>();

  constructor(core: Core, uncount: (room: Room, seq: number) => void) {
    this.#core = core;
    this.#uncount = uncount;
  }

  async edit(
    room: Room,
    seq: number,
    content: { text: string; mentions?: readonly string[] },
  ): Promise<Message> {
    const { text, mentions } = content;
    const params = {
      conversation: room.id,
      seq,
      text,
      mentions: mentions && [...mentions],
    };
    const sinceRev = room.row?.revAt ?? 0;
    const wire = await this.#core.ask("messages.update", params);
    return batch(() => this.#settle(room, seq, wire, sinceRev));
  }

  async recall(room: Room, seq: number): Promise<Message> {
    const wire = await this.#core.ask("messages.recall", { conversation: room.id, seq });
    return batch(() => {
      const content = wire.recalled_content;
      const recalledContent: Content | null = content
        ? {
            text: content.text ?? "",
            mentions: content.mentions ?? [],
            replyTo: content.reply_to ?? null,
            metadata: content.metadata ?? {},
          }
        : null;
      const gone = Object.freeze({ ...toMessage(wire), recalledContent });
      this.#uncount(room, seq);
      const now = room.change(seq, (message) =>
        Object.freeze({ ...tombstone(message, true), recalledContent }),
      );
      return now ?? gone;
    });
  }

  async delete(room: Room, seq: number, scope: "me" | "all"): Promise<void> {
    await this.#core.ask("messages.delete", { conversation: room.id, seq, scope });
    batch(() => {
      if (scope === "me") this.hide(room, seq);
      else {
        this.#uncount(room, seq);
        room.change(seq, (message) => (message.deleted ? message : tombstone(message, false)));
      }
    });
  }

  /** The user has deleted a message for themselves, here or elsewhere. */
  hide(room: Room, seq: number): void {
    this.#uncount(room, seq);
    room.change(seq, () => null);
    room.keepSingle(seq, undefined);
  }

  /** Shown at once; what the server says holds in the end. */
  react(room: Room, seq: number, emoji: string, wants: boolean): Promise<void> {
    batch(() => wish(room, seq, emoji, wants));
    const key = `${room.id}/${seq}/${emoji}`;
    const before = this.#flights.get(key) ?? Promise.resolve();
    const flight = before
      .catch(() => undefined)
      .then(() => this.#tellReaction(room, seq, emoji, wants))
      .finally(() => {
        if (this.#flights.get(key) === flight) this.#flights.delete(key);
      });
    this.#flights.set(key, flight);
    return flight;
  }

  async reactions(room: Room, seq: number, cursor?: string): Promise<Page<Reaction>> {
    const params = { conversation: room.id, seq, limit: 100, cursor };
    const page = await this.#core.ask("messages.reactions", params);
    const items = page.items.map(({ user, emoji, created_at }) => ({
      user,
      emoji,
      createdAt: time(created_at),
    }));
    return { items, nextCursor: page.next_cursor ?? null };
  }

  async edits(room: Room, seq: number, cursor?: string): Promise<Page<MessageVersion>> {
    const params = { conversation: room.id, seq, cursor };
    const page = await this.#core.ask("messages.edits", params);
    const items = page.items.map(({ text, mentions, edited_at }) => ({
      text: text ?? "",
      mentions: mentions ?? [],
      editedAt: edited_at ? time(edited_at) : null,
    }));
    return { items, nextCursor: page.next_cursor ?? null };
  }

  async receiptsOf(
    room: Room,
    seq: number,
    query: { state?: "read" | "unread"; cursor?: string } = {},
  ): Promise<ReceiptPage> {
    const params: Params<"messages.receipts"> = {
      conversation: room.id,
      seq,
      state: query.state,
      cursor: query.cursor,
    };
    const page = await this.#core.ask("messages.receipts", params);
    return {
      memberCount: page.member_count,
      readCount: page.read_count,
      deliveredCount: page.delivered_count,
      items: page.items.map(({ user, read, delivered }) => ({ user, read, delivered })),
      nextCursor: page.next_cursor ?? null,
    };
  }

  /** A message as a reply has it, unless something younger is known of it. */
  #settle(room: Room, seq: number, wire: WireMessage, sinceRev: number): Message {
    const message = toMessage(wire);
    if (room.recent.some((change) => change.rev > sinceRev)) {
      const now = room.find(seq);
      if (now && (now.editedAt ?? 0) >= (message.editedAt ?? 0)) return now;
    }
    const { reactions: _, recalledContent: __, ...rest } = message;
    return room.change(seq, (known) => Object.freeze({ ...known, ...rest })) ?? message;
  }

  async #tellReaction(room: Room, seq: number, emoji: string, wants: boolean): Promise<void> {
    const sinceRev = room.row?.revAt ?? 0;
    const params = { conversation: room.id, seq, emoji };
    try {
      const { reactions } = await this.#core.ask(
        wants ? "messages.react" : "messages.unreact",
        params,
      );
      batch(() => {
        endWish(room, seq, emoji, wants);
        // What events have told meanwhile is younger than the reply.
        if (room.recent.some((change) => change.rev > sinceRev)) return;
        const now = reactions.map((one) => ({ ...one, me: one.me ?? false }));
        room.change(seq, (message) => Object.freeze({ ...message, reactions: now }));
      });
    } catch (error) {
      batch(() => endWish(room, seq, emoji, wants));
      throw error;
    }
  }
}

function wish(room: Room, seq: number, emoji: string, wants: boolean): void {
  const wishes = room.wishes.get(seq) ?? new Map<string, boolean>();
  room.change(seq, (message) => {
    room.wishes.set(seq, wishes.set(emoji, wants));
    return message;
  });
}

function endWish(room: Room, seq: number, emoji: string, wants: boolean): void {
  const wishes = room.wishes.get(seq);
  // Another tap came meanwhile, and its own answer ends it.
  if (wishes?.get(emoji) !== wants) return;
  room.change(seq, (message) => {
    wishes.delete(emoji);
    if (wishes.size === 0) room.wishes.delete(seq);
    return message;
  });
  wishes.delete(emoji);
  if (wishes.size === 0) room.wishes.delete(seq);
}
