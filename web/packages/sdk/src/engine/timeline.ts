/** The window onto a conversation's messages. */

import type { Message, Problem, Timeline } from "../model.ts";
import { isRetryable, problemOf } from "./convert.ts";
import type { Core } from "./core.ts";
import { KEPT_MAX } from "./keeper.ts";
import type { Pages, Where } from "./pages.ts";
import type { Room } from "./room.ts";
import type { Rooms } from "./rooms.ts";
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
  #busy: Promise<void> | null = null;
  /** A jump that waits for the line. */
  #later: { readonly seq: number; readonly resolve: () => void } | null = null;
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
    room.onMessages = () => this.timeline.touch();
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
    if (this.#segment && this.#room.segments.list.includes(settled(this.#segment))) {
      this.timeline.touch();
      return;
    }
    this.#segment = null;
    this.#isBegun = false;
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
    const { tail } = this.#room;
    if (tail) this.#segment = tail;
    else await this.#load("jump", {});
    this.timeline.touch();
  }

  #endJump(): void {
    this.#later?.resolve();
    this.#later = null;
  }

  #begin(): void {
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
    this.#unreadSince = row.unreadFrom ?? (row.unread > 0 ? row.readSeq + 1 : null);
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

function covers(segment: Segment, seq: number): boolean {
  return segment.from <= seq && seq <= segment.to;
}
