/** The arithmetic of scrolling a list of messages, apart from any element. */

import type { Message, UserId } from "@hoopoe/sdk";

/** Within this distance of the end, in px, the list sticks to it. */
export const END_PX = 80;
/** So many messages before an edge of what is loaded, more is asked for. */
export const LOAD_AHEAD = 20;
/** A line of text. */
const LINE_PX = 22.5;

/** Whether the end is so near that new messages are followed. */
export function isNearEnd(offset: number, viewport: number, total: number): boolean {
  return total - viewport - offset <= END_PX;
}

/** What is to be loaded when messages from `first` to `last` are drawn. */
export function edgesToLoad(
  range: { readonly first: number; readonly last: number },
  timeline: {
    readonly items: readonly unknown[];
    readonly hasBefore: boolean;
    readonly hasAfter: boolean;
    readonly loading: string;
    readonly failure: unknown;
  },
): { readonly before: boolean; readonly after: boolean } {
  // After a failure it is for the reader to try again: this is called at every step of a scroll.
  const isFree = timeline.loading === "none" && timeline.failure === null;
  return {
    before: isFree && timeline.hasBefore && range.first < LOAD_AHEAD,
    after: isFree && timeline.hasAfter && range.last >= timeline.items.length - LOAD_AHEAD,
  };
}

/** Where a message with this `seq` stands, or the next one after where it stood; -1: behind all. */
export function indexOfSeq(items: readonly Message[], seq: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const at = items[middle]?.seq;
    // What waits to be sent has no number and stands last.
    if (at != null && at < seq) low = middle + 1;
    else high = middle;
  }
  return low < items.length && items[low]?.seq != null ? low : -1;
}

/** Whether `now` begins behind the last message of `before`, or ends ahead of its first: no number of one is within the other. */
export function isElsewhere(before: readonly Message[], now: readonly Message[]): boolean {
  const [first, last] = [before[0]?.seq, newestSeq(before)];
  const [begin, end] = [now[0]?.seq, newestSeq(now)];
  return first != null && begin != null && (begin > last + 1 || end < first - 1);
}

/** What the reader has not seen below: messages of others with a number above `seen`. */
export function countNew(items: readonly Message[], seen: number, me: UserId | null): number {
  let count = 0;
  for (let i = items.length - 1; i >= 0; i--) {
    const message = items[i];
    if (message === undefined || message.seq === null) continue;
    if (message.seq <= seen) break;
    if (message.sender !== null && message.sender !== me && !message.deleted) count++;
  }
  return count;
}

/** The greatest number in a list; 0 where nothing is numbered. */
export function newestSeq(items: readonly Message[], upTo = items.length - 1): number {
  for (let i = Math.min(upTo, items.length - 1); i >= 0; i--) {
    const seq = items[i]?.seq;
    if (seq != null) return seq;
  }
  return 0;
}

/** The last row whose end, or whose middle where it is taller than the view, is in view. */
export function newestVisible(
  rows: readonly { readonly index: number; readonly start: number; readonly end: number }[],
  offset: number,
  viewport: number,
): number {
  let newest = -1;
  for (const row of rows) {
    const seenAt = Math.min(row.end, row.start + viewport / 2);
    if (row.end > offset && seenAt <= offset + viewport + 1) newest = Math.max(newest, row.index);
  }
  return newest;
}

/** Where the line of a day stands in its row, and how tall it is, in px. */
const DAY_TOP_PX = 12;
const DAY_PX = 24;

/**
 * The time of the first message in view, whose day is to be written at the top; `null` at the very
 * beginning, and while the line of a day passes there.
 */
export function dayAtTop(
  rows: readonly { readonly index: number; readonly start: number; readonly end: number }[],
  items: readonly Message[],
  offset: number,
  sameDay: (a: number, b: number) => boolean,
): number | null {
  const first = rows.find((row) => row.end > offset + DAY_TOP_PX);
  const message = first && items[first.index];
  if (message === undefined || offset < DAY_TOP_PX) return null;
  for (const { index, start } of rows) {
    const top = start - offset + DAY_TOP_PX;
    if (top < -DAY_PX || top > DAY_TOP_PX + DAY_PX + 4) continue;
    const before = items[index - 1];
    const at = items[index]?.createdAt;
    if (at !== undefined && (before === undefined || !sameDay(before.createdAt, at))) return null;
  }
  return message.createdAt;
}

/**
 * Whether a size that changed moves the view along, so that what is read stays where it is: the
 * first measurement of a row that begins above the view, and any other of one that ends above.
 */
export function keepsAnchor(
  row: { readonly start: number; readonly end: number },
  isFirstMeasure: boolean,
  offset: number,
): boolean {
  return isFirstMeasure ? row.start < offset : row.end <= offset;
}

/** What heights are guessed by. */
export interface Measures {
  /** Of the list, in px. */
  readonly width: number;
  /** Names and pictures are shown, but for the reader's own. */
  readonly isGroup: boolean;
  readonly me: UserId | null;
}

/**
 * About how tall a message will be, in px, before it is drawn. The nearer it is, the less the
 * scrollbar moves; a wrong one is corrected when the row is measured. Called for every message.
 */
export function estimateHeight(
  message: Message,
  before: Message | undefined,
  after: Message | undefined,
  { width, isGroup, me }: Measures,
): number {
  if (message.deleted || message.sender === null) return 28;
  const isNamed = isGroup && message.sender !== me;
  const column = Math.min(width, 960) - 32 - (isNamed ? 40 : 0);
  const text = textHeight(message.text, Math.max(120, Math.min(column * 0.76, 576) - 24));
  let height = text.height + 14 + 2;
  if (before?.sender !== message.sender) height += isNamed ? 30 : 10;
  // The time goes onto a line of its own where the last one is full.
  if (after?.sender !== message.sender && text.room < 64) height += 18;
  if (message.replyTo !== null) height += 52;
  if (message.reactions.length > 0) height += 22;
  return height;
}

/** Longer texts are only guessed at by their beginning. */
const GUESSED_CHARS_MAX = 4000;

function textHeight(text: string, width: number): { height: number; room: number } {
  let height = 0;
  let used = 0;
  const end = Math.min(text.length, GUESSED_CHARS_MAX);
  for (let i = 0; i <= end; i++) {
    const code = i === end ? 10 : text.charCodeAt(i);
    if (code !== 10) {
      used += code > 0x2e80 ? 15 : 7;
      continue;
    }
    // An empty line is the space between two paragraphs.
    height += used === 0 ? 8 : Math.ceil(used / width) * LINE_PX;
    if (i < end) used = 0;
  }
  return { height, room: width - (used % width) };
}

/** Where a conversation was left: a message and how far its top is above the view's, in px. */
export interface Place {
  readonly key: string;
  readonly offset: number;
  /** It was left at the end, which is where it opens then. */
  readonly isAtEnd: boolean;
}

/** Where a list opens. */
export type Opening =
  | { readonly at: "end" }
  | { readonly at: "unread"; readonly index: number }
  | { readonly at: "place"; readonly index: number; readonly offset: number };

/**
 * Where a list opens: at the first unread message, where that is loaded, else where it was left,
 * else at the end.
 */
export function openingOf(
  items: readonly Message[],
  unreadSince: number | null,
  place: Place | undefined,
): Opening {
  if (unreadSince !== null) {
    const index = indexOfSeq(items, unreadSince);
    if (index > 0 || items[index]?.seq === unreadSince) return { at: "unread", index };
  }
  if (place !== undefined && !place.isAtEnd) {
    const index = items.findIndex((message) => message.key === place.key);
    if (index >= 0) return { at: "place", index, offset: place.offset };
  }
  return { at: "end" };
}
