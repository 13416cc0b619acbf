/** What this user has received and read. */

import { isRetryable } from "./convert.ts";
import type { Core } from "./core.ts";
import type { Intake } from "./intake.ts";
import type { Room } from "./room.ts";
import type { Rooms } from "./rooms.ts";
import { raiseRead } from "./unread.ts";
import { batch } from "./value.ts";
import type { WireReceipt } from "./wire.ts";

/** Of one conversation, what was received is told at most this often. */
const DELIVERED_MS = 1_000;
/** Who looks at a message reads it in this time: then one mark says both. */
const DELIVERED_MS_FIRST = 200;
const AGAIN_MS = 2_000;

/** Marks, in both directions. */
export class Marks {
  readonly #core: Core;
  readonly #rooms: Rooms;
  readonly #intake: Intake;
  readonly #flights = new Map<Room, Promise<void>>();
  /** When each conversation was last told of, and who waits to be. */
  readonly #told = new WeakMap<Room, number>();
  readonly #due = new Set<Room>();

  constructor(core: Core, rooms: Rooms, intake: Intake) {
    this.#core = core;
    this.#rooms = rooms;
    this.#intake = intake;
  }

  /** Read up to here: at once on this device, and on the server when it can be told. */
  read(room: Room, seq?: number): Promise<void> {
    const { row } = room;
    if (!row) return Promise.resolve();
    const upto = Math.min(seq ?? row.seqAt, row.headSeq);
    const isAgain = row.unreadFrom !== null && upto >= row.unreadFrom;
    if (upto <= row.readSeq && !isAgain) return this.#flights.get(room) ?? Promise.resolve();
    batch(() => {
      if (isAgain) row.unreadFrom = null;
      if (!raiseRead(room, upto, this.#core.user)) row.isStale = true;
      row.readWanted = Math.max(row.readWanted ?? 0, upto);
      room.touch();
    });
    return this.#core.isOnline ? this.#push(room) : Promise.resolve();
  }

  /** Unread from here on; taken back when the server refuses. */
  async unread(room: Room, seq: number): Promise<void> {
    const { row } = room;
    const before = row?.unreadFrom ?? null;
    const set = (from: number | null): void =>
      batch(() => {
        if (!room.row) return;
        room.row.unreadFrom = from;
        room.touch();
      });
    set(seq);
    try {
      await this.#core.ask("messages.unread", { conversation: room.id, seq });
    } catch (error) {
      set(before);
      throw error;
    }
  }

  async readAll(): Promise<void> {
    const unread = this.#rooms.known().filter(({ row }) => row && (row.unread || row.unreadFrom));
    await Promise.all(unread.map((room) => this.read(room)));
  }

  /** A session began: what was read without a line is told, and what has arrived. */
  resume(): void {
    this.#due.clear();
    for (const room of this.#rooms.known()) {
      if (room.row?.readWanted) void this.#push(room).catch(() => undefined);
      else if (room.tail && room.row?.last?.sender !== this.#core.user) this.delivered(room);
    }
  }

  /** Messages of others have arrived. */
  delivered(room: Room): void {
    if (!this.#core.isLeader || this.#due.has(room) || !this.#isNews(room)) return;
    this.#due.add(room);
    const since = this.#core.now() - (this.#told.get(room) ?? 0);
    const wait = Math.max(DELIVERED_MS_FIRST, DELIVERED_MS - since);
    this.#core.later(wait, () => {
      this.#due.delete(room);
      const { row } = room;
      if (!row || !this.#core.isOnline || !this.#isNews(room)) return;
      const seq = row.seqAt;
      row.deliveredSeq = seq;
      this.#told.set(room, this.#core.now());
      // It is said again with the next message, and reading says it as well.
      this.#core.ask("messages.delivered", { conversation: room.id, seq }).catch(() => undefined);
    });
  }

  /** Somebody has received or read further. */
  hear(receipt: WireReceipt): void {
    const room = this.#rooms.byId.get(receipt.conversation);
    const { row } = room ?? {};
    if (!room || !row) return;
    const { delivered_seq: delivered, read_seq: read } = receipt;
    if (receipt.user === this.#core.user) {
      row.deliveredSeq = Math.max(row.deliveredSeq, delivered);
      if (!raiseRead(room, read, this.#core.user)) void this.#intake.refresh(room);
      room.touch();
    } else this.others(room, delivered, read);
  }

  /** How far others are, as far as is known. */
  others(room: Room, delivered: number, read: number): void {
    const { row } = room;
    if (!row || (delivered <= row.othersDelivered && read <= row.othersRead)) return;
    row.othersRead = Math.max(row.othersRead, read);
    row.othersDelivered = Math.max(row.othersDelivered, delivered, row.othersRead);
    room.receipts.set({ deliveredSeq: row.othersDelivered, readSeq: row.othersRead });
    room.touch();
  }

  /** The user's own side has changed elsewhere. */
  hearSettings(conversation: string, unreadFrom: number | null): void {
    const room = this.#rooms.byId.get(conversation);
    if (!room?.row) return;
    room.row.unreadFrom = unreadFrom;
    room.touch();
  }

  reset(): void {
    this.#flights.clear();
    this.#due.clear();
  }

  #isNews({ row }: Room): boolean {
    return row !== null && row.seqAt > Math.max(row.deliveredSeq, row.readSeq);
  }

  /** Tells the newest mark; one question at a time for each conversation. */
  #push(room: Room): Promise<void> {
    const flying = this.#flights.get(room);
    if (flying) return flying;
    const flight = this.#tell(room).finally(() => this.#flights.delete(room));
    // Who marks as read does not have to wait for it.
    flight.catch(() => undefined);
    this.#flights.set(room, flight);
    return flight;
  }

  async #tell(room: Room): Promise<void> {
    const { life } = this.#core;
    for (;;) {
      const seq = room.row?.readWanted;
      if (!seq || !this.#core.isOnline) return;
      try {
        await this.#core.ask("messages.read", { conversation: room.id, seq });
      } catch (error) {
        if (isRetryable(error)) {
          this.#core.later(AGAIN_MS, () => {
            if (life === this.#core.life) void this.#push(room).catch(() => undefined);
          });
          return;
        }
        if (room.row) room.row.readWanted = null;
        throw error;
      }
      const { row } = room;
      if (!row) return;
      row.deliveredSeq = Math.max(row.deliveredSeq, seq);
      if (row.readWanted === seq) row.readWanted = null;
      if (row.isStale) void this.#intake.refresh(room);
      batch(() => room.touch());
    }
  }
}
