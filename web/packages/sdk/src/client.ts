/** The face of the SDK: what `createClient` returns. */

import type {
  AppInfo,
  ConnectionState,
  Content,
  Conversation,
  ConversationId,
  Draft,
  Member,
  MemberList,
  Message,
  MessageVersion,
  Observable,
  Page,
  Presence,
  Reaction,
  ReceiptMarks,
  ReceiptPage,
  Role,
  Session,
  Settings,
  Timeline,
  User,
  UserId,
} from "./model.ts";

/** Ends what a call began. */
export type Unsubscribe = () => void;

/** What can be heard with `on`. Names are those of the wire; data are in the SDK's own form. */
export interface ClientEvents {
  "message.created": Message;
  "message.updated": Message;
  "message.recalled": Message;
  "message.deleted": Message;
  "conversation.created": Conversation;
  "conversation.updated": Conversation;
  /** The user is no member any more. */
  "conversation.removed": { readonly conversation: ConversationId };
  "typing.started": { readonly conversation: ConversationId; readonly user: UserId };
  "typing.stopped": { readonly conversation: ConversationId; readonly user: UserId };
  "connection.changed": ConnectionState;
  "session.revoked": { readonly session: string };
  /** Whatever else the server told, as it came. */
  event: { readonly event: string; readonly conversation?: ConversationId; readonly data: unknown };
}

/** Somebody's connection to Hoopoe. */
export interface Client {
  /** The address of the server. */
  readonly url: string;

  /** Connects, and stays connected. May be called any number of times. Resolves with the first session. */
  connect(): Promise<void>;
  /** Tries at once where the next attempt is waited for, as `connection.retryAt` says; else nothing. */
  retryNow(): void;
  /** Hangs up. `connect` may be called again. */
  disconnect(): void;
  /** Hangs up and forgets everything that this device has kept of the user. */
  clear(): Promise<void>;

  readonly connection: Observable<ConnectionState>;
  /** The user of this client; `null` until it is known. */
  readonly me: Observable<User | null>;
  /** What the app allows; `null` until it is known. */
  readonly app: Observable<AppInfo | null>;

  readonly conversations: Conversations;
  readonly users: Users;
  readonly account: Account;

  /** Calls `listener` at each event. */
  on<E extends keyof ClientEvents>(
    event: E,
    listener: (data: ClientEvents[E]) => void,
  ): Unsubscribe;

  /**
   * Calls a command of the API by its name (`messages.send`), over the socket while there is one and
   * over HTTP otherwise. For what has no method here.
   *
   * @throws {HoopoeError} when it is refused, or cannot be asked.
   */
  call<R = unknown>(
    method: string,
    params?: object,
    options?: { signal?: AbortSignal },
  ): Promise<R>;
}

/** All conversations of the user. */
export interface Conversations {
  /** The newest activity first. */
  readonly list: Observable<readonly Conversation[]>;
  /** Whether `list` holds all of them: `false` while a new device still fetches. */
  readonly loaded: Observable<boolean>;
  /** Unread messages in all conversations. */
  readonly unread: Observable<number>;

  /** A conversation by its id; nothing is asked for yet. The same object for the same id. */
  get(id: ConversationId): ConversationHandle;
  /** The direct conversation with somebody; made where there is none. */
  direct(user: UserId): Promise<ConversationHandle>;
  /** Makes a group. */
  create(group: {
    name?: string;
    members: readonly UserId[];
    history?: "joined" | "all";
  }): Promise<ConversationHandle>;
  /** Marks everything as read. */
  readAll(): Promise<void>;
}

/** One conversation. */
export interface ConversationHandle {
  readonly id: ConversationId;
  /** `null`: not known yet; `undefined`: there is none, or not for this user. */
  readonly state: Observable<Conversation | null | undefined>;
  readonly timeline: Observable<Timeline>;
  readonly members: Observable<MemberList>;
  readonly receipts: Observable<ReceiptMarks>;
  /** Who writes now, without the user of this client. */
  readonly typing: Observable<readonly UserId[]>;

  /**
   * The user looks at it: loads the messages where reading stopped (or the newest), and keeps them
   * live. Calling it again changes nothing; the last `close` lets the rest of the list go.
   */
  open(): void;
  close(): void;
  loadBefore(): Promise<void>;
  loadAfter(): Promise<void>;
  /** Loads what is around a message, and sets `focus`. */
  jumpTo(seq: number): Promise<void>;
  jumpToLatest(): Promise<void>;
  /** One message, loaded where it is not; `undefined`: it cannot be seen. For quotes. */
  message(seq: number): Observable<Message | null | undefined>;

  /**
   * Sends. The local echo is in `timeline` when this returns; the promise gives the message that the
   * server stored, be it hours later.
   *
   * @throws {HoopoeError} when the server refuses it. The message stays in `timeline` as `failed`.
   */
  send(content: string | Content): Promise<Message>;
  /** Offers a failed message again. */
  retry(clientId: string): void;
  /** Takes a message out of the outbox that the server does not have. */
  discard(clientId: string): void;

  edit(seq: number, content: { text: string; mentions?: readonly UserId[] }): Promise<Message>;
  /** Takes a message back for everybody; `recalledContent` has what it said, for its author. */
  recall(seq: number): Promise<Message>;
  delete(seq: number, scope: "me" | "all"): Promise<void>;
  /** Shown at once, and taken back when the server refuses. */
  react(seq: number, emoji: string): Promise<void>;
  unreact(seq: number, emoji: string): Promise<void>;
  reactions(seq: number, cursor?: string): Promise<Page<Reaction>>;
  edits(seq: number, cursor?: string): Promise<Page<MessageVersion>>;
  receiptsOf(
    seq: number,
    query?: { state?: "read" | "unread"; cursor?: string },
  ): Promise<ReceiptPage>;

  /** Read up to here; the newest when left out. Marks never fall. */
  markRead(seq?: number): Promise<void>;
  markUnread(seq: number): Promise<void>;
  /** The user writes, or stopped. May be called at every key: it is told every few seconds. */
  setTyping(writing: boolean): void;
  /** Kept on this device. `null` or an empty text removes it. */
  setDraft(draft: Omit<Draft, "updatedAt"> | null): void;

  /** Loads the next page of members; all of them when called until `complete`. */
  loadMembers(): Promise<void>;
  addMembers(users: readonly UserId[]): Promise<readonly Member[]>;
  removeMember(user: UserId): Promise<void>;
  setRole(user: UserId, role: Role): Promise<void>;
  leave(): Promise<void>;
  update(change: { name?: string; avatarUrl?: string }): Promise<void>;
}

/** The people of the app. */
export interface Users {
  /** Somebody. Fetched when it is first watched, together with others that are asked for in the same moment. */
  get(id: UserId): Observable<User | null>;
  /** Whether somebody is there. Asked of the server as long as it is watched. */
  presence(id: UserId): Observable<Presence | null>;
  /**
   * Finds people whose id or name begins with `query`, in pinyin as well; where the app's `directory`
   * is closed, only whose id is exactly `query`.
   */
  search(
    query: string,
    options?: { cursor?: string; limit?: number; signal?: AbortSignal },
  ): Promise<Page<User>>;
}

/** What belongs to the user of this client. */
export interface Account {
  /** Name and picture. An empty `avatarUrl` takes the picture away. */
  update(change: { name?: string; avatarUrl?: string }): Promise<User>;
  readonly settings: Observable<Settings | null>;
  updateSettings(change: Partial<Settings>): Promise<Settings>;
  setPassword(change: { current: string; password: string }): Promise<void>;
  sessions(cursor?: string): Promise<Page<Session>>;
  /** Signs another device out. */
  endSession(id: string): Promise<void>;
  /** Signs all other devices out. */
  endOtherSessions(): Promise<void>;
}
