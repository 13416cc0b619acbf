/**
 * What the SDK shows: plain, frozen snapshots. A value never changes; when something happens, a new
 * one takes its place, and what is the same inside stays the same object.
 *
 * Times are milliseconds since 1970, so that they can be compared and kept.
 */

/** The id of a user, as the app chose it. */
export type UserId = string;
/** `cnv_…` */
export type ConversationId = string;

/** A value that can be watched: what `useSyncExternalStore` wants. */
export interface Observable<T> {
  /** The value now. The same object until it changes. */
  getSnapshot(): T;
  /** Calls `listener` after each change; what is returned ends it. */
  subscribe(listener: () => void): () => void;
}

/** A person of the app. */
export interface User {
  readonly id: UserId;
  /** What people see; the id where no name was given. */
  readonly name: string;
  readonly avatarUrl: string | null;
  /** How the name is typed in Latin letters: full pinyin and initials; empty for names that need none. */
  readonly keys: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
}

export type Role = "owner" | "admin" | "moderator" | "member" | "guest";

/** Somebody in a conversation. */
export interface Member {
  readonly user: UserId;
  readonly role: Role;
  readonly joinedAt: number;
  readonly invitedBy: UserId | null;
}

/** Whether somebody is there. */
export interface Presence {
  readonly user: UserId;
  readonly status: "online" | "offline";
  readonly lastSeenAt: number | null;
}

/** How people reacted with one emoji. */
export interface ReactionCount {
  readonly emoji: string;
  readonly count: number;
  /** Whether the user of this client is one of them. */
  readonly me: boolean;
}

/** Somebody's reaction. */
export interface Reaction {
  readonly user: UserId;
  readonly emoji: string;
  readonly createdAt: number;
}

/** What an app sends. */
export interface Content {
  readonly text?: string;
  /** `text` when left out. */
  readonly kind?: "text" | "custom";
  readonly mentions?: readonly UserId[];
  /** The `seq` of the message that it answers. */
  readonly replyTo?: number | null;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/**
 * How far a message of this device has come. `queued`: kept on this device, the line is down or
 * something before it is still under way. `sending`: offered to the server. `sent`: on the server's
 * stable storage. `failed`: the server refuses it; see `failure`.
 */
export type MessageState = "queued" | "sending" | "sent" | "failed";

/** A message, or the place where one was. */
export interface Message {
  /** The same for the whole life of a message, from the local echo on: for lists. */
  readonly key: string;
  readonly conversation: ConversationId;
  /** Its number in the conversation; `null` as long as the server has not answered. */
  readonly seq: number | null;
  readonly clientId: string;
  /** Who wrote it; `null` for what the server writes. */
  readonly sender: UserId | null;
  readonly kind: string;
  readonly text: string;
  readonly mentions: readonly UserId[];
  readonly replyTo: number | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly createdAt: number;
  readonly editedAt: number | null;
  /** Its content is gone: only the place is left. */
  readonly deleted: boolean;
  /** It is gone because it was taken back. */
  readonly recalled: boolean;
  /** What the user of this client recalled here, to write it anew; kept in memory only. */
  readonly recalledContent: Content | null;
  readonly reactions: readonly ReactionCount[];
  readonly state: MessageState;
  /** Why it failed. */
  readonly failure: Problem | null;
}

/** `application/problem+json`, and what the SDK says of itself in the same form. */
export interface Problem {
  /** Stable, `domain.reason`; the SDK's own begin with `sdk.`. */
  readonly code: string;
  readonly title: string;
  readonly detail: string | null;
  readonly status: number;
  readonly retryable: boolean;
  readonly retryAfterMs: number | null;
  readonly requestId: string | null;
}

/** A text that was begun. */
export interface Draft {
  readonly text: string;
  readonly mentions: readonly UserId[];
  readonly replyTo: number | null;
  readonly updatedAt: number;
}

/** A conversation as this user has it. */
export interface Conversation {
  readonly id: ConversationId;
  readonly kind: "direct" | "group";
  /** A group's name; `null` where it has none, and for direct ones: show the people. */
  readonly name: string | null;
  readonly avatarUrl: string | null;
  /** The other person of a direct conversation. */
  readonly peer: UserId | null;
  readonly memberCount: number;
  readonly history: "joined" | "all";
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly createdAt: number;
  readonly createdBy: UserId;
  readonly headSeq: number;
  /** What this user may do. */
  readonly role: Role;
  readonly readSeq: number;
  /** Messages behind `readSeq` that count. */
  readonly unread: number;
  /** Marked as unread from here on. */
  readonly unreadFrom: number | null;
  /** A message that is unread speaks to this user. */
  readonly mentioned: boolean;
  /** The newest message that this device knows, what waits to be sent included. */
  readonly last: Message | null;
  readonly draft: Draft | null;
  /** When something was last said, or else when it was made. What lists are sorted by. */
  readonly activityAt: number;
}

/** The part of a conversation's messages that is loaded. */
export interface Timeline {
  /** By ascending `seq`; what waits to be sent is last. */
  readonly items: readonly Message[];
  /** Older ones exist on the server. */
  readonly hasBefore: boolean;
  /** Newer ones exist on the server: the end of the list is not the newest. */
  readonly hasAfter: boolean;
  readonly loading: "none" | "first" | "before" | "after" | "jump";
  /** The last load failed, and why; it is tried again on the next call. */
  readonly failure: Problem | null;
  /** Where unread began when the conversation was opened; stays until it is left. `null`: nothing was unread. */
  readonly unreadSince: number | null;
  /** The message that was jumped to last; `nonce` grows with each jump. */
  readonly focus: { readonly seq: number; readonly nonce: number } | null;
}

/** How far the others are, for the ticks at own messages. */
export interface ReceiptMarks {
  /** Everybody in a direct conversation, the highest known in a group: received up to here. */
  readonly deliveredSeq: number;
  /** Direct: the other one has read up to here. Group: somebody has. */
  readonly readSeq: number;
}

/** Who has read a message and who has not: one page. */
export interface ReceiptPage {
  readonly memberCount: number;
  readonly readCount: number;
  readonly deliveredCount: number;
  readonly items: readonly {
    readonly user: UserId;
    readonly read: boolean;
    readonly delivered: boolean;
  }[];
  readonly nextCursor: string | null;
}

/** What a message said at one time. */
export interface MessageVersion {
  readonly text: string;
  readonly mentions: readonly UserId[];
  /** `null` for the message as it was sent. */
  readonly editedAt: number | null;
}

/** The members of a conversation, as far as they are loaded. */
export interface MemberList {
  readonly items: readonly Member[];
  readonly loading: boolean;
  /** Everybody is in `items`. */
  readonly complete: boolean;
  readonly failure: Problem | null;
}

/** Where the connection stands. */
export interface ConnectionState {
  /**
   * `idle`: not asked for. `connecting`: under way. `online`: a session is started. `waiting`: no
   * line; the next attempt follows by itself at `retryAt`. `stopped`: over for good, see `stop`.
   */
  readonly status: "idle" | "connecting" | "online" | "waiting" | "stopped";
  /** Everything that happened while away is here. */
  readonly synced: boolean;
  readonly retryAt: number | null;
  readonly stop:
    | "closed"
    | "signed_out"
    | "token_refused"
    | "revoked"
    | "other_user"
    | "refused"
    | null;
  readonly failure: Problem | null;
  /** This tab holds the socket; `false`: another one does, and this one follows it. */
  readonly leader: boolean;
}

/** One sign-in on one device. */
export interface Session {
  readonly id: string;
  readonly current: boolean;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly expiresAt: number;
  readonly device: {
    readonly id?: string | null;
    readonly name?: string | null;
    readonly platform?: string | null;
    readonly app_version?: string | null;
  };
}

/** What the user has decided for all devices. */
export interface Settings {
  readonly presence: "members" | "nobody";
}

/** What is sent with a page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** What the app allows, as far as a client has to know. */
export interface AppInfo {
  readonly id: string;
  readonly name: string;
  /** How long an author may recall a message, in seconds; 0: never. */
  readonly recallWindowS: number;
  /** How long an author may edit a message, in seconds; 0: never. */
  readonly editWindowS: number;
  /**
   * Whether people find each other by searching. Where it is `closed`, `users.search` finds only whose
   * id was given exactly.
   */
  readonly directory: "open" | "closed";
}
