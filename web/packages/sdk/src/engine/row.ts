/** What is kept of a conversation. */

import type { Message, Role, UserId } from "../model.ts";
import { time } from "./convert.ts";
import type { WireConversation } from "./wire.ts";

/** A stretch of messages in storage. */
export interface Kept {
  readonly from: number;
  readonly to: number;
  readonly isStart: boolean;
}

/** A conversation as this device knows it; the row of the table `conversations`. */
export interface Row {
  readonly id: string;
  kind: "direct" | "group";
  name: string | null;
  avatarUrl: string | null;
  peer: UserId | null;
  memberCount: number;
  history: "joined" | "all";
  metadata: Readonly<Record<string, unknown>>;
  createdAt: number;
  createdBy: UserId;
  role: Role;

  /** The highest numbers that were heard of. */
  headSeq: number;
  headRev: number;
  /** Everything up to here has been taken in. Moved by events, and by pages that fill a gap. */
  seqAt: number;
  revAt: number;
  /** The change that name, members and the like are as of. */
  detailsRev: number;

  readSeq: number;
  /** Messages behind `readSeq` and up to `unreadSeq` that count. */
  unread: number;
  unreadSeq: number;
  /** Recalls and deletions up to this change are taken off `unread`. */
  unreadRev: number;
  unreadFrom: number | null;
  /** The newest message that speaks to the user. */
  mentionSeq: number;
  /** The server knows that this user has received up to here. */
  deliveredSeq: number;
  /** Read up to here, and the server does not know it yet. */
  readWanted: number | null;
  /** How far others are. */
  othersDelivered: number;
  othersRead: number;

  activityAt: number;
  /** `activityAt` is the time of a message, not an estimate by the order of the server's list. */
  isExact: boolean;
  /** It may have other details, or another count of unread messages: to be asked for. */
  isStale: boolean;
  last: Message | null;
  kept: Kept | null;
}

/** The row of a conversation that was not known before. What was said before is history. */
export function newRow(wire: WireConversation, me: UserId | null): Row {
  const { head_seq: seq, head_rev: rev } = wire;
  const created = time(wire.created_at);
  const row: Row = {
    id: wire.id,
    kind: wire.kind,
    name: null,
    avatarUrl: null,
    peer: null,
    memberCount: 0,
    history: wire.history,
    metadata: {},
    createdAt: created,
    createdBy: wire.created_by,
    role: wire.created_by === me ? "owner" : "member",
    headSeq: seq,
    headRev: rev,
    seqAt: seq,
    revAt: rev,
    detailsRev: 0,
    readSeq: wire.me?.read_seq ?? seq,
    unread: wire.me?.unread ?? 0,
    unreadSeq: seq,
    unreadRev: rev,
    unreadFrom: wire.me?.unread_from ?? null,
    mentionSeq: 0,
    deliveredSeq: wire.me?.delivered_seq ?? 0,
    readWanted: null,
    othersDelivered: 0,
    othersRead: 0,
    activityAt: created,
    isExact: seq === 0,
    isStale: false,
    last: null,
    kept: null,
  };
  describe(row, wire, me);
  return row;
}

/** Takes over how the conversation looks, unless a younger change of it is known. */
export function describe(row: Row, wire: WireConversation, me: UserId | null): void {
  if (wire.head_rev < row.detailsRev) return;
  row.detailsRev = wire.head_rev;
  row.name = wire.name || null;
  row.avatarUrl = wire.avatar_url || null;
  row.memberCount = wire.member_count;
  row.metadata = wire.metadata;
  row.peer = wire.members?.find((user) => user !== me) ?? row.peer;
  if (wire.me) row.role = wire.me.role;
}
