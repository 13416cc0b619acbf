/**
 * Takes in what the server says of conversations. Each counts its messages and its changes without
 * a hole; so twice is once, early waits, and what is missing is asked for. Only this moves cursors.
 */

import type { EventFrame, SkipFrame } from "../line.ts";
import type { Role } from "../model.ts";
import { changeMessage, seqOfChange } from "./changes.ts";
import { isMissing, isRetryable } from "./convert.ts";
import type { Core } from "./core.ts";
import type { Pages } from "./pages.ts";
import type { Room } from "./room.ts";
import type { Rooms } from "./rooms.ts";
import { describe } from "./row.ts";
import { isGone, uncount } from "./unread.ts";
import { batch } from "./value.ts";
import type { WireChange, WireConversation, WireMessage } from "./wire.ts";

/** A longer gap is not closed: the newest page, and the rest when somebody looks. */
export const GAP_MAX = 200;
const PAGE = 100;
/** How long a page that was refused is left alone. */
const REFUSED_MS = 2_000;

/** Who wants to know of what was taken in. */
export interface IntakeHost {
  /** A message arrived. */
  onMessage(room: Room, message: ReturnType<Pages["receive"]>): void;
  /** A change was made; those of messages are in the room already. */
  onChange(room: Room, change: WireChange): void;
  /** The conversation jumped ahead: what it had loaded is not the newest any more. */
  onJumped(room: Room): void;
}

/** The gate. */
export class Intake {
  readonly #core: Core;
  readonly #rooms: Rooms;
  readonly #pages: Pages;
  readonly #host: IntakeHost;

  constructor(core: Core, rooms: Rooms, pages: Pages, host: IntakeHost) {
    this.#core = core;
    this.#rooms = rooms;
    this.#pages = pages;
    this.#host = host;
    rooms.fetchRoom = (room) => void this.refresh(room);
  }

  /** A frame of a conversation's log. */
  take(frame: EventFrame | SkipFrame): void {
    const conversation = frame.conversation ?? "";
    if ("skip" in frame) {
      const room = this.#rooms.byId.get(conversation);
      if (room?.row) this.#offer(room, frame.skip, null);
      return;
    }
    if (frame.event === "conversation.created") this.#takeSnapshot(frame);
    const room = this.#rooms.get(conversation);
    if (!room.row) {
      this.#hearOfUnknown(room, frame);
      return;
    }
    if (frame.seq !== undefined) this.#offer(room, frame.seq, frame.data as WireMessage);
    else if (frame.rev !== undefined) {
      const { event, rev, at_seq = 0, data } = frame;
      this.#offerChange(room, { event, rev, at_seq, data });
    }
  }

  /** Takes in what is next, and asks for what is missing. */
  advance(room: Room): void {
    const { row } = room;
    if (!row) return;
    for (;;) {
      const seq = row.seqAt + 1;
      const message = room.early.get(seq);
      if (message !== undefined) {
        room.early.delete(seq);
        this.#takeMessage(room, seq, message);
        continue;
      }
      const change = room.earlyChanges.get(row.revAt + 1);
      // A change comes behind the messages that it came after.
      if (!change || change.at_seq > row.seqAt) {
        if (change) row.headSeq = Math.max(row.headSeq, change.at_seq);
        break;
      }
      room.earlyChanges.delete(change.rev);
      this.#takeChange(room, change);
      if (!room.row) return;
    }
    if (row.headSeq > row.seqAt) void this.#fillSeqs(room);
    if (row.headRev > row.revAt) void this.#fillRevs(room);
  }

  /** What was missed is not told message by message; what is loaded of it stays behind. */
  jump(room: Room, seq: number): void {
    const { row } = room;
    if (!row || seq <= row.seqAt) return;
    row.seqAt = seq;
    row.headSeq = Math.max(row.headSeq, seq);
    row.isStale = true;
    for (const early of [...room.early.keys()]) if (early <= seq) room.early.delete(early);
    this.#host.onJumped(room);
    room.touchMessages();
  }

  /** Messages may be others than is known, without a word of how. */
  jumpRevs(room: Room, rev: number): void {
    const { row } = room;
    if (!row || rev <= row.revAt) return;
    row.revAt = rev;
    row.isStale = true;
    for (const early of [...room.earlyChanges.keys()]) {
      if (early <= rev) room.earlyChanges.delete(early);
    }
    room.recent = [];
    if (room.segments.list.length > 0) room.forgetMessages();
    this.#host.onJumped(room);
  }

  #offer(room: Room, seq: number, message: WireMessage | null): void {
    const { row } = room;
    if (!row || seq <= row.seqAt) return;
    room.early.set(seq, message);
    row.headSeq = Math.max(row.headSeq, seq);
    this.advance(room);
  }

  #offerChange(room: Room, change: WireChange): void {
    const { row } = room;
    if (!row || change.rev <= row.revAt) return;
    room.earlyChanges.set(change.rev, change);
    row.headRev = Math.max(row.headRev, change.rev);
    this.advance(room);
  }

  /** The user is a member from now on. For who joins later it is how things stand, without a number. */
  #takeSnapshot(frame: EventFrame): void {
    const wire = frame.data as WireConversation;
    const room = this.#rooms.get(wire.id);
    const isNew = !room.row;
    room.isYoung = true;
    this.#rooms.take(wire);
    const { row } = room;
    if (!row || !isNew) return;
    // At a snapshot the change that is the joining itself is still to come.
    row.revAt = (frame.rev ?? frame.members_rev ?? 1) - 1;
    row.headRev = Math.max(row.revAt, frame.rev ?? 0);
    row.isStale = true;
    row.activityAt = this.#core.now();
    room.touch();
    const shown = room.state.getSnapshot();
    if (shown) this.#core.emitter.emit("conversation.created", shown);
    void this.refresh(room);
  }

  /** An event came before the conversation did: it is fetched, and has this event in it. */
  #hearOfUnknown(room: Room, frame: EventFrame): void {
    if (frame.event === "member.removed") return;
    room.isYoung = true;
    if (!room.isGone) void this.refresh(room);
  }

  #takeMessage(room: Room, seq: number, wire: WireMessage | null): void {
    const { row } = room;
    if (!row) return;
    row.seqAt = seq;
    row.headSeq = Math.max(row.headSeq, seq);
    const message = wire ? this.#pages.receive(wire) : null;
    room.append(seq, message);
    if (!message) {
      room.touch();
      return;
    }
    if (seq > row.unreadSeq) {
      row.unreadSeq = seq;
      if (message.sender === this.#core.user) {
        // Who had read everything has read their own message too.
        if (row.readSeq >= seq - 1) row.readSeq = seq;
      } else if (message.deleted) room.uncounted.add(seq);
      else if (seq > row.readSeq) row.unread++;
    }
    if (message.sender !== this.#core.user && message.mentions.includes(this.#core.user ?? "")) {
      row.mentionSeq = Math.max(row.mentionSeq, seq);
    }
    if (seq >= (row.last?.seq ?? 0)) room.setLast(room.segments.find(seq) ?? message);
    room.touchMessages();
    this.#host.onMessage(room, message);
  }

  #takeChange(room: Room, change: WireChange): void {
    const { row } = room;
    if (!row) return;
    row.revAt = change.rev;
    row.headRev = Math.max(row.headRev, change.rev);
    room.remember(change);
    const { user } = this.#core;
    if (isGone(change) && change.rev > row.unreadRev) this.uncount(room, seqOfChange(change));
    row.unreadRev = Math.max(row.unreadRev, change.rev);
    if (change.event === "conversation.updated")
      describe(row, change.data as WireConversation, user);
    if (change.event.startsWith("member.")) this.#takeMembership(room, change);
    changeMessage(room, change, user);
    if (room.row) room.touch();
    this.#host.onChange(room, change);
  }

  #takeMembership(room: Room, change: WireChange): void {
    const { row } = room;
    if (!row) return;
    const data = change.data as { users?: readonly string[]; user?: string; role?: Role };
    // What a reply has told already is not counted again.
    const isNews = change.rev > row.detailsRev;
    if (isNews) row.detailsRev = change.rev;
    if (change.event === "member.added" && isNews) row.memberCount += data.users?.length ?? 0;
    if (change.event === "member.updated" && data.user === this.#core.user && data.role && isNews) {
      row.role = data.role;
    }
    if (change.event !== "member.removed") return;
    if (data.user === this.#core.user) {
      this.#rooms.drop(room);
    } else if (isNews) row.memberCount--;
  }

  /** A message that is gone is not unread. */
  uncount(room: Room, seq: number): void {
    if (uncount(room, seq, this.#core.user)) return;
    if (room.row) room.row.isStale = true;
    void this.refresh(room);
  }

  /** Asks how a conversation stands; tried again while the line is there. */
  async refresh(room: Room): Promise<void> {
    const { life } = this.#core;
    try {
      await this.#rooms.fetch(room, true);
      if (room.row) batch(() => this.advance(room));
    } catch (error) {
      if (life !== this.#core.life || !isRetryable(error)) return;
      this.#core.later(REFUSED_MS, () => {
        if (life === this.#core.life) void this.refresh(room);
      });
    }
  }

  async #fillSeqs(room: Room): Promise<void> {
    const { row } = room;
    if (!row || room.isAskingSeqs || !this.#core.isOnline) return;
    const after = row.seqAt;
    const head = row.headSeq;
    room.isAskingSeqs = true;
    await this.#ask(room, async () => {
      const isLong = head - after > GAP_MAX;
      const where = isLong ? {} : { after };
      const at = { seqAt: head, revAt: row.revAt };
      const params = { conversation: room.id, ...where, limit: isLong ? 50 : PAGE };
      const page = await this.#core.askLater("messages.list", params);
      batch(() => {
        room.isAskingSeqs = false;
        if (isLong) {
          this.jump(room, (page.items[0]?.seq ?? head + 1) - 1);
          void this.refresh(room);
        }
        const last = page.items.at(-1)?.seq ?? head;
        const upto = page.has_after ? last : Math.max(last, head);
        const known = new Map(page.items.map((item) => [item.seq, item]));
        // A number that the page leaves out is of a message that this user may not see.
        for (let seq = row.seqAt + 1; seq <= upto; seq++) {
          room.early.set(seq, known.get(seq) ?? room.early.get(seq) ?? null);
        }
        row.headSeq = Math.max(row.headSeq, upto);
        if (isLong) this.#pages.put(room, page, where, at);
        this.advance(room);
      });
    });
  }

  async #fillRevs(room: Room): Promise<void> {
    const { row } = room;
    if (!row || room.isAskingRevs || !this.#core.isOnline) return;
    const after = row.revAt;
    const head = row.headRev;
    if (head - after > GAP_MAX) {
      this.jumpRevs(room, head);
      void this.refresh(room);
      return;
    }
    if (room.earlyChanges.has(after + 1)) return;
    room.isAskingRevs = true;
    await this.#ask(room, async () => {
      const params = { conversation: room.id, after, limit: PAGE };
      const page = await this.#core.askLater("messages.changes", params);
      batch(() => {
        room.isAskingRevs = false;
        for (const { event, rev, at_seq, data } of page.items) {
          if (rev > row.revAt) room.earlyChanges.set(rev, { event, rev, at_seq, data });
        }
        const last = page.items.at(-1)?.rev ?? after;
        // The page says that there is no more: what was heard of is not there for this user.
        if (!page.has_after && last < head && page.items.length === 0) this.jumpRevs(room, head);
        this.advance(room);
      });
    });
  }

  async #ask(room: Room, work: () => Promise<void>): Promise<void> {
    const { life } = this.#core;
    try {
      await work();
    } catch (error) {
      room.isAskingSeqs = false;
      room.isAskingRevs = false;
      if (isMissing(error)) {
        batch(() => this.#rooms.drop(room));
        return;
      }
      if (life !== this.#core.life) return;
      this.#core.later(REFUSED_MS, () => {
        if (life === this.#core.life) this.advance(room);
      });
    }
  }
}
