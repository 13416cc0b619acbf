/** The window onto a conversation's messages. */

import type { Message, Problem, Timeline } from "../model.ts";
import { isRetryable, problemOf } from "./convert.ts";
import type { Core } from "./core.ts";
import { KEPT_MAX } from "./keeper.ts";
import type { Pages, Where } from "./pages.ts";
import type { Room } from "./room.ts";
import type { Rooms } from "./rooms.ts";
import type { Row } from "./row.ts";
import { type Segment, settled } from "./segments.ts";
import { batch, Derived } from "./value.ts";

/** Messages of a page. */
const PAGE = 50;
/** Fewer than these in a window that begins: it asks for those before. */
const SCREEN = 20;

type Loading = Timeline["loading"];

/** One conversation's window. */
export class View {
  readonly timeline: Derived<Timeline>;
  #opened = 0;
  #segment: Segment | null = null;
  #loading: Loading = "none";
  #failure: Problem | null = null;
  #unreadSince: number | null = null;
  #focus: Timeline["focus"] = null;
  #jumps = 0;
  /** Where it was to begin when there was no line. */
  #isBegun = false;
  /** The conversation has jumped ahead of what is shown, and where reading stopped is not known yet. */
  #isBehind = false;
  #busy: Promise<void> | null = null;
  /** A jump that waits for the line. */
  #later: { readonly seq: number; readonly resolve: () => void } | null = null;
  /** From where to where it reached when nothing of it could be seen, and more was asked for. */
  #filledAt = "";
  readonly #room: Room;
  readonly #core: Core;
  readonly #rooms: Rooms;
  readonly #pages: Pages;
  readonly #onOpened: (room: Room) => void;

  constructor(
    room: Room,
    parts: { core: Core; rooms: Rooms; pages: Pages; onOpened: (room: Room) => void },
  ) {
    this.#room = room;
    this.#core = parts.core;
    this.#rooms = parts.rooms;
    this.#pages = parts.pages;
    this.#onOpened = parts.onOpened;
    this.timeline = new Derived(() => this.#show());
    room.onMessages = () => {
      this.timeline.touch();
      this.#fill();
    };
  }

  open(): void {
    if (this.#opened++ > 0) return;
    this.#room.isOpen = true;
    batch(() => this.#begin());
  }

  close(): void {
    if (this.#opened === 0 || --this.#opened > 0) return;
    const room = this.#room;
    room.isOpen = false;
    this.#endJump();
    this.#segment = null;
    this.#isBegun = false;
    this.#isBehind = false;
    this.#unreadSince = null;
    this.#focus = null;
    this.#failure = null;
    room.segments.trim(KEPT_MAX);
    batch(() => room.touchMessages());
  }

  /** The conversation is known now, or a session began: what could not begin begins. */
  resume(): void {
    if (this.#opened === 0) return;
    if (!this.#isBegun) this.#begin();
    else if (this.#segment === null && this.#loading === "none")
      void this.#first(this.#unreadSince);
    if (this.#core.isOnline && this.#room.row && this.#later) {
      const { seq, resolve } = this.#later;
      this.#later = null;
      void this.jumpTo(seq).then(resolve);
    }
  }

  /** What was loaded is void, or no longer the newest. */
  restart(): void {
    if (this.#opened === 0) return;
    const segment = this.#shown();
    if (segment && this.#room.segments.list.includes(segment)) {
      // It stays until it is known whether somebody has read on elsewhere.
      this.#isBehind = true;
      this.timeline.touch();
      return;
    }
    this.#beginAnew();
  }

  /**
   * How far was read is known again. Who has read everything, here or elsewhere, goes on with the
   * newest; who has not stays where reading stopped.
   */
  catchUp(): void {
    const { row } = this.#room;
    if (!this.#isBehind || !row) return;
    this.#isBehind = false;
    if (this.#opened === 0) return;
    const segment = this.#shown();
    if (!segment || segment === this.#room.tail || this.#focus) return;
    const since = unreadIn(row);
    if (since === null || segment.items.length === 0) this.#beginAnew();
    else {
      this.#unreadSince ??= since;
      this.timeline.touch();
    }
  }

  #beginAnew(): void {
    this.#segment = null;
    this.#isBegun = false;
    this.#isBehind = false;
    this.#begin();
  }

  loadBefore(): Promise<void> {
    const segment = this.#shown();
    if (!segment || segment.isStart || segment.from <= 1) return Promise.resolve();
    return this.#load("before", { before: segment.from });
  }

  loadAfter(): Promise<void> {
    const segment = this.#shown();
    if (!segment || !this.#hasAfter(segment)) return Promise.resolve();
    return this.#load("after", { after: segment.to });
  }

  async jumpTo(seq: number): Promise<void> {
    const known = this.#room.segments.covering(seq);
    if (known) this.#segment = known;
    else if (!this.#core.isOnline) {
      // A link that opens the page: the line is not there yet, and then this is what is wanted.
      this.#endJump();
      return new Promise((resolve) => {
        this.#later = { seq, resolve };
      });
    } else await this.#load("jump", { around: seq }, seq);
    if (!this.#room.segments.covering(seq)) return;
    this.#focus = { seq, nonce: ++this.#jumps };
    this.timeline.touch();
  }

  async jumpToLatest(): Promise<void> {
    this.#focus = null;
    this.#failure = null;
    const { tail } = this.#room;
    if (tail) this.#segment = tail;
    else await this.#load("jump", {});
    this.timeline.touch();
    this.#fill();
  }

  #endJump(): void {
    this.#later?.resolve();
    this.#later = null;
  }

  #begin(): void {
    this.#filledAt = "";
    const room = this.#room;
    const { row } = room;
    this.timeline.touch();
    if (!row) {
      this.#loading = room.isGone ? "none" : "first";
      if (!room.isGone) this.#rooms.onWanted(room);
      return;
    }
    this.#isBegun = true;
    this.#loading = "none";
    this.#unreadSince = unreadIn(row);
    void this.#first(this.#unreadSince);
  }

  /** The messages where reading stopped, or the newest: from what is here, or from the server. */
  async #first(since: number | null): Promise<void> {
    const room = this.#room;
    const { tail } = room;
    const known = since === null ? tail : (room.segments.covering(since) ?? undefined);
    if (known) {
      this.#segment = known;
      this.#onOpened(room);
      this.timeline.touch();
      if (known.items.length < SCREEN) await this.loadBefore();
      return;
    }
    if (room.row?.headSeq === 0) {
      this.#segment = room.segments.put({ from: 1, to: 0, isStart: true, items: [] });
      this.timeline.touch();
      return;
    }
    if (!this.#core.isOnline) {
      // Without a line the newest that this device has is better than nothing.
      this.#segment = room.segments.last ?? null;
      this.#loading = this.#segment ? "none" : "first";
      this.#isBegun = this.#segment !== null;
      this.timeline.touch();
      return;
    }
    await this.#load("first", since === null ? {} : { around: since });
    if (this.#segment) this.#onOpened(room);
  }

  #load(loading: Loading, where: Where, aim?: number): Promise<void> {
    if (this.#busy) {
      const isSame = loading === this.#loading && loading !== "jump";
      return isSame ? this.#busy : this.#busy.then(() => this.#load(loading, where, aim));
    }
    this.#busy = this.#ask(loading, where, aim).finally(() => {
      this.#busy = null;
      this.#fill();
    });
    return this.#busy;
  }

  async #ask(loading: Loading, where: Where, aim?: number): Promise<void> {
    this.#loading = loading;
    this.#failure = null;
    this.timeline.touch();
    try {
      const segment = await this.#pages.load(this.#room, where, PAGE);
      const isAway = loading === "first" && this.#opened === 0;
      if (segment && !isAway && (aim === undefined || covers(segment, aim)))
        this.#segment = segment;
    } catch (error) {
      this.#failure = problemOf(error);
      if (loading === "first" && !isRetryable(error)) this.#segment = this.#room.tail ?? null;
    }
    this.#loading = "none";
    this.timeline.touch();
  }

  /** Where none of what is loaded may be seen, it goes on with what is next to it. */
  #fill(): void {
    const segment = this.#opened > 0 ? this.#shown() : null;
    if (!segment || segment.items.length > 0 || this.#busy || this.#failure) return;
    if (this.#loading !== "none" || !this.#core.isOnline) return;
    const edges = `${segment.from}/${segment.to}`;
    // A page that brought nothing is not asked for again.
    if (edges === this.#filledAt) return;
    this.#filledAt = edges;
    void (this.#hasAfter(segment) ? this.loadAfter() : this.loadBefore());
  }

  #shown(): Segment | null {
    if (this.#segment) this.#segment = settled(this.#segment);
    return this.#segment;
  }

  #hasAfter(segment: Segment): boolean {
    const { segments, row } = this.#room;
    return segment !== segments.last || segment.to < (row?.seqAt ?? 0);
  }

  #show(): Timeline {
    const room = this.#room;
    const segment = this.#shown() ?? (this.#opened === 0 ? (room.tail ?? null) : null);
    const items: readonly Message[] = segment ? segment.items.concat(room.echoes) : room.echoes;
    return Object.freeze({
      items,
      hasBefore: segment ? !segment.isStart && segment.from > 1 : false,
      hasAfter: segment ? this.#hasAfter(segment) : false,
      loading: this.#loading,
      failure: this.#failure,
      unreadSince: this.#unreadSince,
      focus: this.#focus,
    });
  }
}

/** Where what was not read begins; `null`: everything was. */
function unreadIn({ unread, unreadFrom, readSeq }: Row): number | null {
  return unreadFrom ?? (unread > 0 ? readSeq + 1 : null);
}

function covers(segment: Segment, seq: number): boolean {
  return segment.from <= seq && seq <= segment.to;
}
