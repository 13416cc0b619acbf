/** All conversations of the user. */

import type { Conversation } from "../model.ts";
import { isMissing } from "./convert.ts";
import type { Core } from "./core.ts";
import type { Keeper } from "./keeper.ts";
import { Room, type RoomHost } from "./room.ts";
import { describe, newRow } from "./row.ts";
import { countable, goneSince } from "./unread.ts";
import { batch, Derived, Value } from "./value.ts";
import type { WireConversation, WireHead } from "./wire.ts";

/** Conversations, by id and in the order of lists. */
export class Rooms implements RoomHost {
  readonly byId = new Map<string, Room>();
  /** Memberships that were heard of and are not known further yet. */
  readonly bare = new Map<string, { seq: number; rev: number }>();
  readonly loaded = new Value(false);
  readonly list: Derived<readonly Conversation[]>;
  readonly unread: Derived<number>;
  /** Those that are shown, in the order of the list when it was last made. */
  #order: Room[] = [];
  /** As the server listed them, the newest activity first: for those whose messages are not known. */
  #serverOrder: Room[] = [];
  readonly #core: Core;
  readonly #keeper: Keeper;
  /** A room without a row is watched. Set by whoever makes rooms known. */
  onRow: ((room: Room) => void) | undefined;
  onDropped: ((room: Room) => void) | undefined;
  /** How far was read, and how much was not, is as the server has it. */
  onFresh: ((room: Room) => void) | undefined;

  constructor(core: Core, keeper: Keeper) {
    this.#core = core;
    this.#keeper = keeper;
    this.list = new Derived<readonly Conversation[]>((before) => this.#makeList(before));
    this.unread = new Derived<number>(() =>
      this.#order.reduce((sum, room) => sum + (room.row?.unread ?? 0), 0),
    );
  }

  /** The room of an id; the same one for the same id. */
  get(id: string): Room {
    const known = this.byId.get(id);
    if (known) return known;
    const room = new Room(id, this);
    this.byId.set(id, room);
    return room;
  }

  /** Rooms with a row, the newest activity first. */
  known(): readonly Room[] {
    this.list.getSnapshot();
    return this.#order;
  }

  onChanged(room: Room): void {
    if (!room.row) return;
    this.list.touch();
    this.unread.touch();
    this.#keeper.mark(room);
  }

  onWanted(room: Room): void {
    if (this.#core.isOnline) this.fetchRoom?.(room);
  }

  onMessageWanted(room: Room, seq: number): void {
    if (this.#core.isOnline) void this.fetchMessage?.(room, seq);
  }

  /** Fetches a conversation, and tries again; set by whoever takes things in. */
  fetchRoom: ((room: Room) => void) | undefined;
  /** Fetches one message; set by whoever reads pages. */
  fetchMessage: ((room: Room, seq: number) => Promise<void>) | undefined;

  /** Whether somebody waits for a room that is not known. */
  wanted(): Room[] {
    const wants = (room: Room): boolean => !room.row && (room.state.watched || room.isOpen);
    return [...this.byId.values()].filter(wants);
  }

  /** Asks for how a conversation stands. */
  async fetch(room: Room, isPatient = false): Promise<void> {
    const ask = isPatient ? this.#core.askLater.bind(this.#core) : this.#core.ask.bind(this.#core);
    try {
      // Where events have overtaken the reply, the next one is younger.
      for (let attempt = 0; attempt < 2; attempt++) {
        const wire = await ask("conversations.get", { conversation: room.id });
        batch(() => this.take(wire));
        if (!room.row?.isStale) return;
      }
    } catch (error) {
      if (!isMissing(error)) throw error;
      batch(() => this.drop(room));
    }
  }

  /** Puts a room from storage into the list. */
  adopt(room: Room): void {
    this.#order.push(room);
    room.touch();
  }

  /** A conversation as a reply tells it. It moves no cursor: messages come by events and pages. */
  take(wire: WireConversation): Room {
    const room = this.get(wire.id);
    room.isGone = false;
    this.bare.delete(wire.id);
    const { row } = room;
    if (!row) {
      room.row = newRow(wire, this.#core.user);
      this.#order.push(room);
      this.onRow?.(room);
    } else {
      describe(row, wire, this.#core.user);
      row.headSeq = Math.max(row.headSeq, wire.head_seq);
      row.headRev = Math.max(row.headRev, wire.head_rev);
      if (wire.me) row.isStale = !takeMe(room, wire, this.#core.user);
      if (!row.isStale) this.onFresh?.(room);
    }
    room.touch();
    return room;
  }

  /** A page of the list of all, in the server's order. */
  takeListed(items: readonly WireConversation[]): void {
    for (const wire of items) this.#serverOrder.push(this.take(wire));
    this.anchor();
  }

  beginListing(): void {
    this.#serverOrder = [];
  }

  /**
   * The server's list does not say when something was last said. Where the message is not known
   * either, it was not later than in the conversation before.
   */
  anchor(): void {
    let bound = this.#core.now();
    for (const room of this.#serverOrder) {
      const { row } = room;
      if (!row) continue;
      if (row.isExact) bound = Math.min(bound, row.activityAt);
      else {
        bound = Math.max(bound - 1, row.createdAt);
        if (row.activityAt !== bound) {
          row.activityAt = bound;
          room.touch();
        }
      }
    }
  }

  /** Where a conversation stands; what was missed shows by it. `true`: it was not known. */
  hear(head: WireHead): boolean {
    const row = this.byId.get(head.conversation)?.row;
    if (!row) {
      const bare = this.bare.get(head.conversation);
      this.bare.set(head.conversation, {
        seq: Math.max(bare?.seq ?? 0, head.head_seq),
        rev: Math.max(bare?.rev ?? 0, head.head_rev),
      });
      return true;
    }
    row.headSeq = Math.max(row.headSeq, head.head_seq);
    row.headRev = Math.max(row.headRev, head.head_rev);
    return false;
  }

  /** The user is no member any more. */
  drop(room: Room): void {
    const { row } = room;
    this.bare.delete(room.id);
    room.isGone = true;
    if (row) {
      this.#keeper.forget(room.id, row.kept);
      room.row = null;
      this.#order = this.#order.filter((other) => other !== room);
      this.#serverOrder = this.#serverOrder.filter((other) => other !== room);
      room.forgetMessages();
      this.onDropped?.(room);
      this.#core.emitter.emit("conversation.removed", { conversation: room.id });
    }
    room.state.touch();
    room.onMessages?.();
    this.list.touch();
    this.unread.touch();
  }

  /** Forgets everything; rooms that are held stay the same objects. */
  reset(): void {
    this.#order = [];
    this.#serverOrder = [];
    this.bare.clear();
    for (const room of this.byId.values()) {
      room.row = null;
      room.isGone = false;
      room.draft = null;
      room.echoes = [];
      room.wishes.clear();
      room.typing.set([]);
      room.receipts.set({ deliveredSeq: 0, readSeq: 0 });
      room.members.set({ items: [], loading: false, complete: false, failure: null });
      room.forgetMessages();
      room.state.touch();
    }
    this.loaded.set(false);
    this.list.touch();
    this.unread.touch();
  }

  #makeList(before: readonly Conversation[] | undefined): readonly Conversation[] {
    // Nearly sorted already: little to do for each event.
    this.#order.sort((a, b) => b.activityAt - a.activityAt || (a.id < b.id ? -1 : 1));
    const list: Conversation[] = [];
    for (const room of this.#order) {
      const shown = room.state.getSnapshot();
      if (shown) list.push(shown);
    }
    const isSame = before?.length === list.length && list.every((one, at) => one === before[at]);
    return isSame && before ? before : Object.freeze(list);
  }
}

/** The user's own side, as the server counts it. `false`: it is to be asked again. */
function takeMe(room: Room, wire: WireConversation, me: string | null): boolean {
  const { row } = room;
  const mine = wire.me;
  if (!row || !mine) return true;
  row.deliveredSeq = Math.max(row.deliveredSeq, mine.delivered_seq);
  if (mine.read_seq < row.readSeq) {
    // This device has read further, and the server hears of it in a moment.
    row.unreadSeq = Math.max(row.unreadSeq, wire.head_seq);
    const counted = countable(room, row.readSeq, row.unreadSeq, me);
    row.unread = counted ?? Math.min(mine.unread, Math.max(0, row.unreadSeq - row.readSeq));
    return counted !== undefined;
  }
  row.readSeq = mine.read_seq;
  row.unreadFrom = mine.unread_from ?? null;
  // What events have told since the reply was made is not in it.
  const later = countable(room, Math.max(wire.head_seq, row.readSeq), row.seqAt, me);
  const gone = goneSince(room, wire.head_rev, wire.head_seq, me);
  row.unread = Math.max(0, mine.unread + (later ?? 0) - (gone ?? 0));
  row.unreadSeq = Math.max(wire.head_seq, row.seqAt);
  row.unreadRev = Math.max(wire.head_rev, row.revAt);
  return later !== undefined && gone !== undefined;
}
