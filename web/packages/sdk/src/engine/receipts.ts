/** How far the others are when a conversation is opened; from then on events tell it. */

import type { Core } from "./core.ts";
import type { Marks } from "./marks.ts";
import type { Room } from "./room.ts";
import { batch } from "./value.ts";

/** Own messages that are looked at. */
const OWN_MAX = 100;

interface Reach {
  readonly read: boolean;
  readonly delivered: boolean;
}

/** Finds the newest own message that was read, and the newest that was received. */
export class Receipts {
  readonly #core: Core;
  readonly #marks: Marks;
  /** Looked at in this session: events have told everything since. */
  readonly #known = new WeakMap<Room, number>();

  constructor(core: Core, marks: Marks) {
    this.#core = core;
    this.#marks = marks;
  }

  async find(room: Room): Promise<void> {
    const { row } = room;
    const { life } = this.#core;
    if (!row || !this.#core.isOnline || this.#known.get(room) === life) return;
    this.#known.set(room, life);
    const own: number[] = [];
    for (const message of room.segments.last?.items.slice(-OWN_MAX * 2) ?? []) {
      const isOwn = message.sender === this.#core.user && !message.deleted;
      if (isOwn && message.seq && message.seq > row.othersRead) own.push(message.seq);
    }
    const asked = new Map<number, Promise<Reach>>();
    const reach = (seq: number): Promise<Reach> => {
      const known = asked.get(seq) ?? this.#ask(room, seq);
      asked.set(seq, known);
      return known;
    };
    const newest = own.slice(-OWN_MAX);
    try {
      const read = await last(newest, async (seq) => (await reach(seq)).read);
      const delivered = await last(newest, async (seq) => (await reach(seq)).delivered);
      batch(() => this.#marks.others(room, delivered, read));
    } catch {
      // Ticks that are not known are not shown; the next time that it is opened asks again.
      this.#known.delete(room);
    }
  }

  async #ask(room: Room, seq: number): Promise<Reach> {
    const params = { conversation: room.id, seq, limit: 1 };
    const receipts = await this.#core.askLater("messages.receipts", params);
    return { read: receipts.read_count > 0, delivered: receipts.delivered_count > 0 };
  }
}

/** The last for which `holds`, where everything before one that holds does as well; 0 for none. */
async function last(
  ascending: readonly number[],
  holds: (seq: number) => Promise<boolean>,
): Promise<number> {
  let low = 0;
  let high = ascending.length;
  let probe = high - 1;
  while (low < high) {
    const seq = ascending[probe];
    if (seq === undefined) break;
    if (await holds(seq)) low = probe + 1;
    else high = probe;
    probe = (low + high) >> 1;
  }
  return low > 0 ? (ascending[low - 1] ?? 0) : 0;
}
