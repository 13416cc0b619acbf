/** Pages of messages: asked for, and put where they belong. */

import { catchUpPage } from "./changes.ts";
import { isMissing, toMessage } from "./convert.ts";
import type { Core } from "./core.ts";
import type { Outbox } from "./outbox.ts";
import type { Room } from "./room.ts";
import type { Rooms } from "./rooms.ts";
import type { Segment } from "./segments.ts";
import { batch } from "./value.ts";
import type { Result, WireMessage } from "./wire.ts";

type Page = Result<"messages.list">;

/** Which page. None of them: the newest. */
export interface Where {
  readonly before?: number;
  readonly after?: number;
  readonly around?: number;
}

/** Reads pages. */
export class Pages {
  readonly #core: Core;
  readonly #rooms: Rooms;
  readonly #outbox: Outbox;

  constructor(core: Core, rooms: Rooms, outbox: Outbox) {
    this.#core = core;
    this.#rooms = rooms;
    this.#outbox = outbox;
    rooms.fetchMessage = (room, seq) => this.loadOne(room, seq);
  }

  /**
   * Loads a page and puts it in. Answers the stretch that has it now; `null` when there is nothing
   * at all.
   */
  async load(room: Room, where: Where, limit: number, isPatient = false): Promise<Segment | null> {
    const ask = isPatient ? this.#core.askLater.bind(this.#core) : this.#core.ask.bind(this.#core);
    const { seqAt = 0, revAt = 0 } = room.row ?? {};
    let page: Page;
    try {
      page = await ask("messages.list", { conversation: room.id, ...where, limit });
    } catch (error) {
      if (isMissing(error)) batch(() => this.#rooms.drop(room));
      throw error;
    }
    return batch(() => this.put(room, page, where, { seqAt, revAt }));
  }

  /** One message, for quotes. */
  async loadOne(room: Room, seq: number): Promise<void> {
    const sinceRev = room.row?.revAt ?? 0;
    try {
      const wire = await this.#core.askLater("messages.get", { conversation: room.id, seq });
      batch(() => {
        room.keepSingle(seq, toMessage(wire));
        catchUpPage(room, sinceRev, this.#core.user);
      });
    } catch (error) {
      if (isMissing(error)) batch(() => room.keepSingle(seq, undefined));
    }
  }

  /** Puts a page in whose question left when the conversation stood at `at`. */
  put(
    room: Room,
    page: Page,
    where: Where,
    at: { readonly seqAt: number; readonly revAt: number },
  ): Segment | null {
    const segment = coverage(page, where, at.seqAt);
    if (!segment) return null;
    segment.items = page.items.map((wire) => this.receive(wire));
    const now = room.put(segment);
    const { user } = this.#core;
    for (const { seq, sender, mentions, deleted } of segment.items) {
      const speaks = !deleted && sender !== user && mentions.includes(user ?? "");
      if (speaks && room.row) room.row.mentionSeq = Math.max(room.row.mentionSeq, seq ?? 0);
    }
    catchUpPage(room, at.revAt, this.#core.user);
    return now;
  }

  /** A message that the server showed: if it is one of the outbox, it is done with. */
  receive(wire: WireMessage): ReturnType<typeof toMessage> {
    const message = toMessage(wire);
    if (message.sender === this.#core.user) this.#outbox.confirm(message.clientId, message);
    return message;
  }
}

/** From where to where a page shows everything; `null` where it shows nothing. */
function coverage(page: Page, where: Where, seqAt: number): Segment | null {
  const first = page.items[0]?.seq;
  const last = page.items.at(-1)?.seq;
  const { before, after } = where;
  const isStart = !page.has_before;
  const beginning = isStart ? 1 : first;
  let from = beginning;
  let to = last;
  if (before !== undefined) to = before - 1;
  else if (!page.has_after) to = Math.max(last ?? 0, seqAt);
  if (after !== undefined) from = after + 1;
  if (from === undefined || to === undefined || from > to) return null;
  return { from, to, isStart: isStart || from === 1, items: [] };
}
