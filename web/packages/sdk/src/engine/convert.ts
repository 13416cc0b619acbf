/** From what travels to what is shown. */

import { HoopoeError } from "../error.ts";
import type { Content, Member, Message, Presence, Problem, Session, User } from "../model.ts";
import { ownProblem } from "../problems.ts";
import type { Params, Result, WireMember, WireMessage, WireUser } from "./wire.ts";

const NOTHING: Readonly<Record<string, never>> = Object.freeze({});
const NOBODY: readonly never[] = Object.freeze([]);

/** Milliseconds since 1970. */
export function time(text: string): number {
  return Date.parse(text);
}

/** The name of a message for lists: a client id is its sender's own. */
export function keyOf(sender: string | null | undefined, clientId: string): string {
  return `${sender ?? ""}/${clientId}`;
}

/** A message as the server has it. */
export function toMessage(wire: WireMessage): Message {
  const clientId = wire.client_id;
  return Object.freeze({
    key: clientId ? keyOf(wire.sender, clientId) : `#${wire.seq}`,
    conversation: wire.conversation,
    seq: wire.seq,
    clientId,
    sender: wire.sender ?? null,
    kind: wire.kind,
    text: wire.text ?? "",
    mentions: wire.mentions?.length ? wire.mentions : NOBODY,
    replyTo: wire.reply_to ?? null,
    metadata: wire.metadata ?? NOTHING,
    createdAt: time(wire.created_at),
    editedAt: wire.edited_at ? time(wire.edited_at) : null,
    deleted: wire.deleted ?? false,
    recalled: wire.recalled ?? false,
    recalledContent: null,
    reactions: wire.reactions?.length
      ? wire.reactions.map(({ emoji, count, me }) => ({ emoji, count, me: me ?? false }))
      : NOBODY,
    state: "sent" as const,
    failure: null,
  });
}

/** What is left of a message whose content is gone. */
export function tombstone(message: Message, recalled: boolean): Message {
  return Object.freeze({
    ...message,
    text: "",
    mentions: NOBODY,
    replyTo: null,
    metadata: NOTHING,
    editedAt: null,
    reactions: NOBODY,
    deleted: true,
    recalled,
  });
}

/** Whether two messages show the same, so that the older object can stay. */
export function sameMessage(a: Message, b: Message): boolean {
  return (
    a.key === b.key &&
    a.seq === b.seq &&
    a.text === b.text &&
    a.editedAt === b.editedAt &&
    a.deleted === b.deleted &&
    a.recalled === b.recalled &&
    a.state === b.state &&
    a.createdAt === b.createdAt &&
    JSON.stringify(a.reactions) === JSON.stringify(b.reactions) &&
    JSON.stringify(a.mentions) === JSON.stringify(b.mentions) &&
    JSON.stringify(a.metadata) === JSON.stringify(b.metadata)
  );
}

/** What a send asks for, from what an app gives. */
export function toContent(content: string | Content): Content {
  return typeof content === "string" ? { text: content } : content;
}

/** `content` in the words of the wire. */
export function fromContent(
  content: Content,
): Omit<Params<"messages.send">, "conversation" | "client_id"> {
  return {
    kind: content.kind ?? "text",
    text: content.text,
    mentions: content.mentions && [...content.mentions],
    reply_to: content.replyTo,
    metadata: content.metadata,
  };
}

export function toUser(wire: WireUser): User {
  const keys = (wire as { keys?: unknown }).keys;
  return Object.freeze({
    id: wire.id,
    name: wire.name || wire.id,
    avatarUrl: wire.avatar_url || null,
    keys: Array.isArray(keys) ? keys.filter((key) => typeof key === "string") : NOBODY,
    metadata: wire.metadata ?? NOTHING,
  });
}

export function toMember(wire: WireMember): Member {
  return Object.freeze({
    user: wire.user,
    role: wire.role,
    joinedAt: time(wire.joined_at),
    invitedBy: wire.invited_by ?? null,
  });
}

export function toPresence(wire: Result<"presence.list">["items"][number]): Presence {
  return Object.freeze({
    user: wire.user,
    status: wire.status,
    lastSeenAt: wire.last_seen_at ? time(wire.last_seen_at) : null,
  });
}

export function toSession(wire: Result<"sessions.list">["items"][number]): Session {
  return {
    id: wire.id,
    current: wire.current,
    createdAt: time(wire.created_at),
    lastSeenAt: time(wire.last_seen_at),
    expiresAt: time(wire.expires_at),
    device: wire.device,
  };
}

/** Whatever was thrown, as a problem. */
export function problemOf(error: unknown): Problem {
  if (error instanceof HoopoeError) return error.problem;
  return ownProblem("sdk.failed", error instanceof Error ? error.message : String(error));
}

/** Whether trying again later makes sense: nobody knows the outcome, or the server said so. */
export function isRetryable(error: unknown): boolean {
  return error instanceof HoopoeError && (error.retryable || error.problem.status === 401);
}

/** Whether what was asked for is not there, or not for this user. */
export function isMissing(error: unknown): boolean {
  return error instanceof HoopoeError && error.problem.status === 404;
}
