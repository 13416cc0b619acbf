/** How the engine comes to know where everything stands, at the start of each session. */

import type { Started } from "../line.ts";
import { isRetryable } from "./convert.ts";
import type { Core } from "./core.ts";
import { digestOf, type Position } from "./ids.ts";
import { GAP_MAX, type Intake } from "./intake.ts";
import type { Keeper } from "./keeper.ts";
import type { Outbox } from "./outbox.ts";
import type { Pages } from "./pages.ts";
import type { Room } from "./room.ts";
import type { Rooms } from "./rooms.ts";
import { raiseRead } from "./unread.ts";
import { batch, Value } from "./value.ts";
import type { Result, WireState } from "./wire.ts";

/** Conversations whose messages are there before anybody looks, and how many of each. */
export const WARM_ROOMS = 50;
const WARM_MESSAGES = 20;
/** Conversations beyond them whose last message is fetched for the list. */
const LAST_ROOMS = 200;
/** More conversations than this are asked for by the page. */
const SINGLES_MAX = 8;
const AGAIN_MS = 2_000;

/** What is remembered of the server's state; the row `sync` of the table `meta`. */
export interface Memory {
  epoch: number | null;
  cursor: string | null;
  /** All conversations were listed once. */
  isComplete: boolean;
}

/** Who wants to know of what was found. */
export interface SyncHost {
  /** Settings changed while this device was away. */
  onSettings(settings: { presence?: string }): void;
  /** Cursors stand where the session began: what is open goes on. */
  onReady(): void;
  /** Everything that happened while this device was away is here. */
  onSynced(): void;
}

interface Parts {
  readonly rooms: Rooms;
  readonly intake: Intake;
  readonly outbox: Outbox;
  readonly pages: Pages;
  readonly keeper: Keeper;
}

/** Catches up. */
export class Sync {
  readonly synced = new Value(false);
  /** Whose newest messages are on their way. */
  readonly #warming = new Set<Room>();
  memory: Memory = { epoch: null, cursor: null, isComplete: false };
  readonly #core: Core;
  readonly #parts: Parts;
  readonly #host: SyncHost;

  constructor(core: Core, parts: Parts, host: SyncHost) {
    this.#core = core;
    this.#parts = parts;
    this.#host = host;
  }

  /** A session began. What it says is taken in at once; the rest is asked for. */
  begin(started: Started): void {
    const { rooms, outbox } = this.#parts;
    const { memory } = this;
    const isOther = memory.epoch !== null && memory.epoch !== started.epoch;
    if (isOther || (started.reset && memory.cursor !== null)) this.#voidAll();
    memory.epoch = started.epoch;
    memory.cursor = started.cursor;
    for (const head of started.heads) {
      const row = rooms.byId.get(head.conversation)?.row;
      if (row && (row.seqAt > head.head_seq || row.revAt > head.head_rev)) {
        // A position beyond the head was of a past that is void.
        this.#voidRoom(rooms.get(head.conversation), head.head_seq, head.head_rev);
        outbox.offerAgain();
      }
      this.#takeHead(head);
    }
    for (const item of started.state ?? []) this.#takeState(item as WireState);
    const positions = this.#positions();
    for (const room of rooms.known()) this.#goOn(room);
    this.#keep();
    this.#host.onReady();
    void this.#catchUp(started, positions);
  }

  lose(): void {
    this.synced.set(false);
  }

  reset(): void {
    this.memory = { epoch: null, cursor: null, isComplete: false };
    this.synced.set(false);
  }

  async #catchUp(started: Started, positions: readonly Position[]): Promise<void> {
    const { life } = this.#core;
    try {
      await this.#restOfState(started);
      if (!this.memory.isComplete) await this.#listAll();
      else if (started.more || (await digestOf(positions)) !== started.digest) {
        await this.#listHeads();
      }
      if (life !== this.#core.life) return;
      await this.#refreshStale();
      this.#parts.rooms.loaded.set(true);
      await this.#warm();
      if (life !== this.#core.life) return;
      this.synced.set(true);
      this.#host.onSynced();
    } catch (error) {
      if (life !== this.#core.life) return;
      this.#core.logger?.warn("catching up failed and is tried again", error);
      if (!isRetryable(error)) this.#parts.rooms.loaded.set(true);
      this.#core.later(AGAIN_MS, () => {
        if (life === this.#core.life) void this.#catchUp(started, positions);
      });
    }
  }

  /** All heads that are known. */
  #positions(): Position[] {
    const { rooms } = this.#parts;
    const positions: Position[] = [];
    for (const { id, row } of rooms.known()) {
      if (row) positions.push({ id, seq: row.headSeq, rev: row.headRev });
    }
    for (const [id, { seq, rev }] of rooms.bare) positions.push({ id, seq, rev });
    return positions;
  }

  #takeHead(head: Started["heads"][number]): void {
    const { rooms, intake } = this.#parts;
    if (rooms.hear(head)) return;
    const room = rooms.get(head.conversation);
    const { row } = room;
    if (!row) return;
    const hasMoved = row.headSeq > row.seqAt || row.headRev > row.revAt;
    const hasOtherMarks =
      head.read_seq > row.readSeq || (head.unread_from ?? null) !== row.unreadFrom;
    if (!hasMoved && !hasOtherMarks) return;
    row.isStale = true;
    row.unreadFrom = head.unread_from ?? null;
    raiseRead(room, head.read_seq, this.#core.user);
    // Where nothing is loaded that could have a hole, there is nothing to be filled.
    const isShort = row.headSeq - row.seqAt <= GAP_MAX;
    if (!room.tail || (!isShort && !room.isOpen)) intake.jump(room, row.headSeq);
    if (room.segments.list.length === 0) intake.jumpRevs(room, row.headRev);
    room.touch();
  }

  #takeState(item: WireState): void {
    const { rooms, intake } = this.#parts;
    if (item.kind === "settings") {
      this.#host.onSettings(item.settings);
      return;
    }
    const room = rooms.byId.get(item.conversation);
    if (item.kind === "read") {
      if (!room?.row) return;
      room.row.unreadFrom = item.unread_from ?? null;
      if (!raiseRead(room, item.read_seq, this.#core.user)) room.row.isStale = true;
      room.touch();
    } else if (item.removed) {
      // Whoever came back since is in the heads, and is asked for again.
      if (room) rooms.drop(room);
      else rooms.bare.delete(item.conversation);
    } else if (!room?.row) {
      void intake.refresh(rooms.get(item.conversation));
    }
  }

  async #restOfState(started: Started): Promise<void> {
    let isMore = started.state_more ?? false;
    let cursor: string | null = started.cursor;
    while (isMore && cursor) {
      const page: Result<"sync.get"> = await this.#core.ask("sync.get", { cursor });
      batch(() => {
        for (const head of page.heads) this.#takeHead(head);
        for (const item of page.state ?? []) this.#takeState(item);
        for (const head of page.heads) this.#goOn(this.#parts.rooms.get(head.conversation));
      });
      isMore = page.state_more ?? false;
      cursor = page.cursor;
      this.memory.cursor = page.cursor;
      this.#keep();
    }
  }

  /** A device that knows nothing: all conversations, the newest activity first. */
  async #listAll(): Promise<void> {
    const { rooms } = this.#parts;
    let cursor: string | null | undefined;
    const seen = new Set<string>();
    for (const room of rooms.known()) room.isYoung = false;
    rooms.beginListing();
    do {
      const page = await this.#core.ask("conversations.list", {
        limit: cursor ? 100 : 50,
        cursor,
      });
      batch(() => {
        rooms.takeListed(page.items);
        for (const { id } of page.items) {
          seen.add(id);
          this.#beginAnew(rooms.get(id));
        }
      });
      if (!cursor && page.next_cursor) void this.#warm().catch(() => undefined);
      cursor = page.next_cursor;
    } while (cursor);
    await this.#fetchBare();
    this.#dropUnseen(seen);
    this.memory.isComplete = true;
    this.#keep();
  }

  /** The digest says that something is not known: all heads, once. What is not among them is gone. */
  async #listHeads(): Promise<void> {
    const { rooms } = this.#parts;
    const seen = new Set<string>();
    for (const room of rooms.known()) room.isYoung = false;
    let page: string | null | undefined;
    do {
      const heads = await this.#core.ask("sync.get", page ? { page } : {});
      batch(() => {
        for (const head of heads.heads) {
          seen.add(head.conversation);
          this.#takeHead(head);
          this.#goOn(rooms.get(head.conversation));
        }
      });
      page = heads.next_page;
    } while (page);
    this.#dropUnseen(seen);
  }

  /** Everything that is a membership was seen: what was not, is none. */
  #dropUnseen(seen: ReadonlySet<string>): void {
    const { rooms } = this.#parts;
    batch(() => {
      for (const room of [...rooms.known()]) {
        if (!seen.has(room.id) && !room.isYoung) rooms.drop(room);
      }
      for (const id of [...rooms.bare.keys()]) if (!seen.has(id)) rooms.bare.delete(id);
    });
  }

  /** What is void begins where the server stands now. */
  #beginAnew(room: Room): void {
    const { row } = room;
    if (!row || room.segments.list.length > 0) return;
    this.#parts.intake.jump(room, row.headSeq);
    this.#parts.intake.jumpRevs(room, row.headRev);
    row.isStale = false;
  }

  /** Conversations whose details or counts may be others, and those of which only the head is known. */
  async #refreshStale(): Promise<void> {
    const { rooms } = this.#parts;
    const stale = (): Room[] => rooms.known().filter((room) => room.row?.isStale);
    if (stale().length + rooms.bare.size > SINGLES_MAX) {
      let cursor: string | null | undefined;
      do {
        const page = await this.#core.ask("conversations.list", {
          limit: 100,
          cursor,
        });
        batch(() => {
          for (const wire of page.items) rooms.take(wire);
        });
        cursor = page.next_cursor;
      } while (cursor && stale().length + rooms.bare.size > SINGLES_MAX);
    }
    await Promise.all(stale().map((room) => rooms.fetch(room, true)));
    await this.#fetchBare();
  }

  async #fetchBare(): Promise<void> {
    const { rooms } = this.#parts;
    const ids = [...rooms.bare.keys()];
    await Promise.all(ids.map((id) => rooms.fetch(rooms.get(id), true)));
  }

  /** The newest messages of the first conversations, for the list and for days without a network. */
  async #warm(): Promise<void> {
    const { rooms, pages } = this.#parts;
    const known = rooms.known();
    const load = async (room: Room, limit: number): Promise<void> => {
      this.#warming.add(room);
      try {
        await pages.load(room, {}, limit, true);
      } catch (error) {
        if (room.row && isRetryable(error)) throw error;
      } finally {
        this.#warming.delete(room);
      }
      batch(() => rooms.anchor());
    };
    const isCold = (room: Room): boolean => !!room.row?.headSeq && !this.#warming.has(room);
    const first = known.slice(0, WARM_ROOMS).filter((room) => !room.tail && isCold(room));
    const rest = known.slice(WARM_ROOMS, LAST_ROOMS).filter((room) => {
      return !room.row?.last && isCold(room);
    });
    await Promise.all(first.map((room) => load(room, WARM_MESSAGES)));
    await Promise.all(rest.map((room) => load(room, 1)));
  }

  /** Fills what a session's beginning showed to be missing. */
  #goOn(room: Room): void {
    this.#parts.intake.advance(room);
  }

  /** The history of the database is another one: what was counted means nothing. */
  #voidAll(): void {
    for (const room of this.#parts.rooms.known()) this.#voidRoom(room, 0, 0);
    this.memory.isComplete = false;
    this.memory.cursor = null;
    this.#parts.outbox.offerAgain();
  }

  #voidRoom(room: Room, seq: number, rev: number): void {
    const { row } = room;
    if (!row) return;
    room.forgetMessages();
    Object.assign(row, {
      headSeq: seq,
      headRev: rev,
      seqAt: seq,
      revAt: rev,
      detailsRev: 0,
      unreadSeq: seq,
      unreadRev: rev,
      readSeq: Math.min(row.readSeq, seq),
      mentionSeq: 0,
      isStale: true,
      last: null,
    });
    room.onMessages?.();
    room.touch();
  }

  #keep(): void {
    if (this.#core.isLeader) this.#parts.keeper.put("meta", "sync", { ...this.memory });
  }
}
