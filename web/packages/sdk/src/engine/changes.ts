/** What a change of a conversation does to what is known of it. */

import type { Message, UserId } from "../model.ts";
import { time, tombstone } from "./convert.ts";
import type { Room } from "./room.ts";
import { withReaction } from "./room.ts";
import type { WireChange } from "./wire.ts";

interface Updated {
  readonly seq: number;
  readonly text?: string | null;
  readonly mentions?: readonly UserId[];
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly reply_to?: number | null;
  readonly edited_at?: string | null;
}

interface Reacted {
  readonly seq: number;
  readonly user?: UserId | null;
  readonly emoji?: string | null;
  readonly count?: number | null;
}

/** The message that a change is about; 0 for none. */
export function seqOfChange(change: WireChange): number {
  const seq = (change.data as { seq?: unknown } | null)?.seq;
  return typeof seq === "number" ? seq : 0;
}

/**
 * Does to a message what a change says. Doing it twice is doing it once: changes say how things
 * are, not by how much they differ. Answers the message as it is now, where it is known.
 */
export function changeMessage(
  room: Room,
  change: WireChange,
  me: UserId | null,
): Message | null | undefined {
  const seq = seqOfChange(change);
  switch (change.event) {
    case "message.updated": {
      const data = change.data as Updated;
      // Nothing but the number: the message is gone since, and the change that says so follows.
      if (!data.edited_at) return room.find(seq);
      return room.change(seq, (message) => edited(message, data));
    }
    case "message.recalled":
    case "message.deleted": {
      const recalled = change.event === "message.recalled";
      return room.change(seq, (message) =>
        message.deleted && message.recalled === recalled ? message : tombstone(message, recalled),
      );
    }
    case "reaction.added":
    case "reaction.removed": {
      const { emoji, count, user } = change.data as Reacted;
      if (!emoji || count === null || count === undefined) return room.find(seq);
      return room.change(seq, (message) => {
        if (message.deleted) return message;
        const before = message.reactions.find((reaction) => reaction.emoji === emoji);
        const mine = user === me ? change.event === "reaction.added" : (before?.me ?? false);
        if (before?.count === count && before.me === mine) return message;
        const reactions = withReaction(message.reactions, emoji, count, mine);
        return reactions === message.reactions ? message : Object.freeze({ ...message, reactions });
      });
    }
    default:
      return undefined;
  }
}

function edited(message: Message, data: Updated): Message {
  const editedAt = data.edited_at ? time(data.edited_at) : null;
  if (message.deleted || (message.editedAt ?? 0) > (editedAt ?? 0)) return message;
  return Object.freeze({
    ...message,
    text: data.text ?? "",
    mentions: data.mentions ?? [],
    metadata: data.metadata ?? {},
    editedAt,
  });
}

/** Does to a page what happened while it was on its way. */
export function catchUpPage(room: Room, sinceRev: number, me: UserId | null): void {
  for (const change of room.recent) if (change.rev > sinceRev) changeMessage(room, change, me);
}
