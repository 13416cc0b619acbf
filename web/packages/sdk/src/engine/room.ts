/** One conversation: what is known of it, and what can be watched. */

import type { Conversation, Draft, MemberList, Message, ReceiptMarks, UserId } from "../model.ts";
import type { Keepable } from "./keeper.ts";
import type { Kept, Row } from "./row.ts";
import { type Segment, Segments } from "./segments.ts";
import { Derived, frozen, Value } from "./value.ts";
import type { WireChange, WireMessage } from "./wire.ts";

/** Changes that are remembered, for pages that were read before them and come behind them. */
const RECENT_MAX = 200;

/** A reaction that was asked for and not answered: what the user wants. */
export type Wishes = ReadonlyMap<string, boolean>;

/** What a room tells of itself. */
export interface RoomHost {
  /** Something that lists show is different. */
  onChanged(room: Room): void;
  /** Somebody looks at a room that is not known. */
  onWanted(room: Room): void;
  /** Somebody looks at a message that is not loaded. */
  onMessageWanted(room: Room, seq: number): void;
}

/** One conversation. */
export class Room implements Keepable {
  readonly id: string;
  row: Row | null = null;
  /** There is none, or not for this user. */
  isGone = false;
  /** It came by an event while all heads were being listed: that it is not listed means nothing. */
  isYoung = false;
  /** Somebody looks at its messages. */
  isOpen = false;

  readonly segments = new Segments();
  readonly changed = new Set<number>();
  /** What came before its turn. */
  readonly early = new Map<number, WireMessage | null>();
  readonly earlyChanges = new Map<number, WireChange>();
  recent: WireChange[] = [];
  /** What went and is taken off the count, or was never in it: a change that tells so is not news. */
  readonly uncounted = new Set<number>();
  /** A page that fills a gap is under way. */
  isAskingSeqs = false;
  isAskingRevs = false;

  /** Messages that were looked at one by one; `undefined`: it cannot be seen. */
  readonly singles = new Map<number, Message | undefined>();
  readonly #looks = new Map<number, Derived<Message | null | undefined>>();
  /** Messages without what the user has just asked for, and what that is, by emoji. */
  readonly #bases = new Map<number, Message>();
  readonly wishes = new Map<number, Map<string, boolean>>();

  /** What of this conversation is in the outbox, in its order. */
  echoes: readonly Message[] = [];
  draft: Draft | null = null;

  readonly state: Derived<Conversation | null | undefined>;
  readonly typing = new Value<readonly UserId[]>([]);
  readonly receipts = new Value<ReceiptMarks>({ deliveredSeq: 0, readSeq: 0 });
  readonly members = new Value<MemberList>({
    items: [],
    loading: false,
    complete: false,
    failure: null,
  });
  /** Called when messages or echoes are others: the open window makes itself anew. */
  onMessages: (() => void) | undefined;
  readonly #host: RoomHost;

  constructor(id: string, host: RoomHost) {
    this.id = id;
    this.#host = host;
    this.state = new Derived((before) => this.#show(before));
    this.state.onWatched = (watched) => {
      if (watched && !this.row && !this.isGone) host.onWanted(this);
    };
  }

  /** What lists are sorted by. */
  get activityAt(): number {
    const echo = this.echoes.at(-1);
    return Math.max(this.row?.activityAt ?? 0, echo?.createdAt ?? 0);
  }

  /** The newest stretch, where it reaches up to what has been taken in. */
  get tail(): Segment | undefined {
    const last = this.segments.last;
    return last && this.row && last.to >= this.row.seqAt ? last : undefined;
  }

  newest(count: number): (Kept & { readonly items: readonly Message[] }) | null {
    const last = this.segments.last;
    if (!last) return null;
    const items = last.items.slice(-count);
    const isAll = items.length === last.items.length;
    const from = isAll ? last.from : (items[0]?.seq ?? last.from);
    return { from, to: last.to, isStart: isAll && last.isStart, items };
  }

  /** Details are others. */
  touch(): void {
    this.state.touch();
    this.#host.onChanged(this);
  }

  /** Messages are others as well. */
  touchMessages(): void {
    this.onMessages?.();
    this.touch();
  }

  #touchLooks(): void {
    for (const look of this.#looks.values()) look.touch();
  }

  find(seq: number): Message | undefined {
    return this.segments.find(seq) ?? this.singles.get(seq);
  }

  /** One message, asked for when it is watched and not loaded. */
  look(seq: number): Derived<Message | null | undefined> {
    const known = this.#looks.get(seq);
    if (known) return known;
    const look = new Derived<Message | null | undefined>(() => {
      const found = this.find(seq);
      if (found) return found;
      return this.singles.has(seq) || this.isGone ? undefined : null;
    });
    look.onWatched = (watched) => {
      if (watched && look.getSnapshot() === null) this.#host.onMessageWanted(this, seq);
    };
    this.#looks.set(seq, look);
    return look;
  }

  /** Those that are watched and not there. */
  wantedLooks(): number[] {
    const wanted = [...this.#looks].filter(([, look]) => look.watched && !look.getSnapshot());
    return wanted.map(([seq]) => seq).filter((seq) => !this.singles.has(seq));
  }

  keepSingle(seq: number, message: Message | undefined): void {
    this.singles.set(seq, message);
    this.#looks.get(seq)?.touch();
  }

  /** Puts a page in, with what the user wants of its messages. */
  put(page: Segment): Segment {
    if (this.wishes.size > 0) {
      page.items = page.items.map((item) => {
        const wishes = this.wishes.get(item.seq ?? 0);
        if (!wishes) return item;
        this.#bases.set(item.seq ?? 0, item);
        return withWishes(item, wishes);
      });
    }
    const segment = this.segments.put(page);
    for (const item of page.items) if (item.seq) this.changed.add(item.seq);
    const newest = segment === this.segments.last ? segment.items.at(-1) : undefined;
    if (this.row && newest && (newest.seq ?? 0) >= (this.row.last?.seq ?? 0)) this.setLast(newest);
    this.#touchLooks();
    this.touchMessages();
    return segment;
  }

  /**
   * Changes a message that is known; `null` takes it out. Answers what is shown now, `undefined`
   * where nothing is known of it.
   */
  change(seq: number, make: (message: Message) => Message | null): Message | null | undefined {
    const shown = this.find(seq);
    if (!shown) return undefined;
    const base = this.#bases.get(seq) ?? shown;
    const next = make(base);
    const wishes = this.wishes.get(seq);
    if (wishes && next) this.#bases.set(seq, next);
    else this.#bases.delete(seq);
    const show = wishes && next ? withWishes(next, wishes) : next;
    if (show === shown) return show;
    this.segments.replace(seq, show);
    if (this.singles.has(seq)) this.singles.set(seq, show ?? undefined);
    this.changed.add(seq);
    if (this.row?.last?.seq === seq) {
      this.row.last = show ?? this.segments.last?.items.at(-1) ?? null;
    }
    this.#looks.get(seq)?.touch();
    this.onMessages?.();
    this.touch();
    return show;
  }

  /** The next message of the log. */
  append(seq: number, message: Message | null): void {
    if (message && !this.segments.find(seq)) this.changed.add(seq);
    this.segments.append(seq, message);
    this.#looks.get(seq)?.touch();
  }

  /** The newest message. */
  setLast(message: Message): void {
    if (!this.row) return;
    this.row.last = message;
    this.row.activityAt = message.createdAt;
    this.row.isExact = true;
  }

  remember(change: WireChange): void {
    this.recent.push(change);
    if (this.recent.length > 2 * RECENT_MAX) this.recent = this.recent.slice(-RECENT_MAX);
  }

  /** Everything that was counted is void. */
  forgetMessages(): void {
    this.segments.list = [];
    this.singles.clear();
    this.#bases.clear();
    this.early.clear();
    this.earlyChanges.clear();
    this.uncounted.clear();
    this.recent = [];
    this.#touchLooks();
    this.touchMessages();
  }

  #show(before: Conversation | null | undefined): Conversation | null | undefined {
    const { row } = this;
    if (!row) return this.isGone ? undefined : null;
    return frozen<Conversation>(before, {
      id: row.id,
      kind: row.kind,
      name: row.name,
      avatarUrl: row.avatarUrl,
      peer: row.peer,
      memberCount: row.memberCount,
      history: row.history,
      metadata: row.metadata,
      createdAt: row.createdAt,
      createdBy: row.createdBy,
      headSeq: row.headSeq,
      role: row.role,
      readSeq: row.readSeq,
      unread: row.unread,
      unreadFrom: row.unreadFrom,
      mentioned: row.mentionSeq > row.readSeq,
      last: this.echoes.at(-1) ?? row.last,
      draft: this.draft,
      activityAt: this.activityAt,
    });
  }
}

/** A message as the user wants it: with their reactions that are under way. */
export function withWishes(message: Message, wishes: Wishes): Message {
  if (message.deleted) return message;
  let reactions = message.reactions;
  for (const [emoji, want] of wishes) {
    const has = reactions.find((reaction) => reaction.emoji === emoji);
    if ((has?.me ?? false) === want) continue;
    reactions = withReaction(reactions, emoji, (has?.count ?? 0) + (want ? 1 : -1), want);
  }
  return reactions === message.reactions ? message : Object.freeze({ ...message, reactions });
}

/** Reactions with another count for one emoji; a count of nobody takes it away. */
export function withReaction(
  reactions: Message["reactions"],
  emoji: string,
  count: number,
  me: boolean,
): Message["reactions"] {
  const has = reactions.some((reaction) => reaction.emoji === emoji);
  if (count <= 0) return has ? reactions.filter((reaction) => reaction.emoji !== emoji) : reactions;
  const now = { emoji, count, me };
  if (!has) return [...reactions, now];
  return reactions.map((reaction) => (reaction.emoji === emoji ? now : reaction));
}
