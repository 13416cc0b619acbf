/** How many messages are unread. */

import type { UserId } from "../model.ts";
import { seqOfChange } from "./changes.ts";
import type { Room } from "./room.ts";
import { indexOf } from "./segments.ts";
import type { WireChange } from "./wire.ts";

/**
 * Messages behind `after` and up to `upto` that count as unread; `undefined` where not all of them
 * are known.
 */
export function countable(
  room: Room,
  after: number,
  upto: number,
  me: UserId | null,
): number | undefined {
  if (after >= upto) return 0;
  const segment = room.segments.covering(upto);
  if (!segment || segment.from > after + 1) return undefined;
  let count = 0;
  for (let at = indexOf(segment.items, after + 1); at < segment.items.length; at++) {
    const message = segment.items[at];
    if (!message || (message.seq ?? 0) > upto) break;
    if (!message.deleted && message.sender !== me) count++;
  }
  return count;
}

/**
 * A message goes, and is not unread any more. `false`: whether it counted is not known.
 */
export function uncount(room: Room, seq: number, me: UserId | null): boolean {
  const { row } = room;
  if (!row || seq <= row.readSeq || seq > row.unreadSeq) return true;
  if (row.mentionSeq === seq) row.mentionSeq = 0;
  const message = room.segments.find(seq);
  if (!message) return false;
  if (!room.uncounted.has(seq) && message.sender !== me) row.unread = Math.max(0, row.unread - 1);
  room.uncounted.add(seq);
  return true;
}

/**
 * Unread messages up to `upto` that went with changes behind `rev`; `undefined` where not all of
 * them are known.
 */
export function goneSince(
  room: Room,
  rev: number,
  upto: number,
  me: UserId | null,
): number | undefined {
  const { row } = room;
  if (!row || rev >= row.revAt) return 0;
  if ((room.recent[0]?.rev ?? Number.POSITIVE_INFINITY) > rev + 1) return undefined;
  let count = 0;
  for (const change of room.recent) {
    if (change.rev <= rev || !isGone(change)) continue;
    const seq = seqOfChange(change);
    if (seq <= row.readSeq || seq > upto) continue;
    const message = room.segments.find(seq);
    if (!message) return undefined;
    if (message.sender !== me) count++;
  }
  return count;
}

/** Whether a message's content goes with a change. */
export function isGone(change: WireChange): boolean {
  return change.event === "message.recalled" || change.event === "message.deleted";
}

/**
 * The user has read up to `seq`, here or elsewhere. Marks never fall, and a note to read again from
 * somewhere on stays until the server says otherwise. Answers whether the count is sure; otherwise the server is to be asked.
 */
export function raiseRead(room: Room, seq: number, me: UserId | null): boolean {
  const { row } = room;
  if (!row) return true;
  if (seq <= row.readSeq) return true;
  const before = row.readSeq;
  row.readSeq = seq;
  if (seq >= row.unreadSeq) {
    row.unread = 0;
    return true;
  }
  const rest = countable(room, seq, row.unreadSeq, me);
  if (rest !== undefined) {
    row.unread = rest;
    return true;
  }
  const read = countable(room, before, seq, me);
  if (read !== undefined) {
    row.unread = Math.max(0, row.unread - read);
    return true;
  }
  row.unread = Math.min(row.unread, row.unreadSeq - seq);
  return false;
}
