/** How a message stands among its neighbours. */

import type { Message } from "@hoopoe/sdk";

/** Messages of one sender that follow each other within this stand together. */
const GROUP_MS = 5 * 60_000;

/** What is drawn around a message because of its neighbours. */
export interface MessageLayout {
  /** It is the first of its day: the day stands above. */
  readonly day: boolean;
  /** It is the first that was unread when the conversation was opened. */
  readonly unread: boolean;
  /** It begins a group: space above, the name. */
  readonly first: boolean;
  /** It ends a group: the time, the picture. */
  readonly last: boolean;
}

/** Whether two times fall on one day, where the reader is. */
export type SameDay = (a: number, b: number) => boolean;

/** Whether the server wrote it: joined, left, renamed. */
export function isSystem(message: Message): boolean {
  return message.sender === null || message.kind === "system";
}

/**
 * Whether unread begins at `items[index]`: it is the first one from `since` on. What is loaded may
 * begin behind that, and then unread begins at none of them.
 */
export function isFirstUnread(
  items: readonly Message[],
  index: number,
  since: number | null,
): boolean {
  const seq = items[index]?.seq;
  if (since === null || seq == null || seq < since) return false;
  const before = items[index - 1]?.seq;
  return index === 0 ? seq === since : before != null && before < since;
}

/**
 * How `items[index]` stands among its neighbours. Looks at three messages, whatever the length.
 *
 * @param unreadSince where unread begins; `null`: nothing is unread.
 */
export function layoutAt(
  items: readonly Message[],
  index: number,
  unreadSince: number | null,
  sameDay: SameDay,
): MessageLayout {
  const message = items[index];
  if (message === undefined) return { day: false, unread: false, first: true, last: true };
  const before = items[index - 1];
  const after = items[index + 1];
  const day = before === undefined || !sameDay(before.createdAt, message.createdAt);
  const unread = isFirstUnread(items, index, unreadSince);
  const first = day || unread || before === undefined || !belong(before, message);
  const last =
    after === undefined ||
    !belong(message, after) ||
    !sameDay(message.createdAt, after.createdAt) ||
    isFirstUnread(items, index + 1, unreadSince);
  return { day, unread, first, last };
}

function belong(a: Message, b: Message): boolean {
  return (
    !isSystem(a) &&
    !isSystem(b) &&
    a.sender === b.sender &&
    Math.abs(b.createdAt - a.createdAt) <= GROUP_MS
  );
}

/** How far an own message has come, as its mark shows it. */
export type Progress = "queued" | "sending" | "failed" | "sent" | "delivered" | "read";

/** How far an own message has come, by its own state and by how far the others are. */
export function progressOf(
  message: Message,
  marks: { readonly deliveredSeq: number; readonly readSeq: number },
): Progress {
  if (message.state !== "sent") return message.state;
  if (message.seq === null) return "sent";
  if (message.seq <= marks.readSeq) return "read";
  return message.seq <= marks.deliveredSeq ? "delivered" : "sent";
}
