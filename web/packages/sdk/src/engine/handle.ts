/** What an app holds of one conversation. */

import type { ConversationHandle } from "../client.ts";
import type {
  Content,
  Conversation,
  Draft,
  Member,
  MemberList,
  Message,
  MessageVersion,
  Observable,
  Page,
  Reaction,
  ReceiptMarks,
  ReceiptPage,
  Role,
  Timeline,
  UserId,
} from "../model.ts";
import type { Actions } from "./actions.ts";
import { toContent, toMember } from "./convert.ts";
import type { Core } from "./core.ts";
import type { Drafts } from "./drafts.ts";
import type { Marks } from "./marks.ts";
import type { Members } from "./members.ts";
import type { Outbox } from "./outbox.ts";
import type { Room } from "./room.ts";
import type { Rooms } from "./rooms.ts";
import type { View } from "./timeline.ts";
import type { Typing } from "./typing.ts";
import { batch } from "./value.ts";

/** Who does the work. */
export interface HandleParts {
  readonly core: Core;
  readonly rooms: Rooms;
  readonly actions: Actions;
  readonly drafts: Drafts;
  readonly marks: Marks;
  readonly members: Members;
  readonly outbox: Outbox;
  readonly typing: Typing;
}

/** One conversation, for an app. */
export class Handle implements ConversationHandle {
  readonly id: string;
  readonly state: Observable<Conversation | null | undefined>;
  readonly timeline: Observable<Timeline>;
  readonly members: Observable<MemberList>;
  readonly receipts: Observable<ReceiptMarks>;
  readonly typing: Observable<readonly UserId[]>;
  readonly #room: Room;
  readonly #view: View;
  readonly #parts: HandleParts;

  constructor(room: Room, view: View, parts: HandleParts) {
    this.id = room.id;
    this.#room = room;
    this.#view = view;
    this.#parts = parts;
    this.state = room.state;
    this.timeline = view.timeline;
    this.members = room.members;
    this.receipts = room.receipts;
    this.typing = room.typing;
  }

  open(): void {
    this.#view.open();
  }

  close(): void {
    this.#view.close();
  }

  loadBefore(): Promise<void> {
    return this.#view.loadBefore();
  }

  loadAfter(): Promise<void> {
    return this.#view.loadAfter();
  }

  jumpTo(seq: number): Promise<void> {
    return this.#view.jumpTo(seq);
  }

  jumpToLatest(): Promise<void> {
    return this.#view.jumpToLatest();
  }

  message(seq: number): Observable<Message | null | undefined> {
    return this.#room.look(seq);
  }

  send(content: string | Content): Promise<Message> {
    this.#parts.typing.set(this.#room, false);
    return this.#parts.outbox.send(this.#room, toContent(content));
  }

  retry(clientId: string): void {
    this.#parts.outbox.retry(clientId);
  }

  discard(clientId: string): void {
    this.#parts.outbox.discard(clientId);
  }

  edit(seq: number, content: { text: string; mentions?: readonly UserId[] }): Promise<Message> {
    return this.#parts.actions.edit(this.#room, seq, content);
  }

  recall(seq: number): Promise<Message> {
    return this.#parts.actions.recall(this.#room, seq);
  }

  delete(seq: number, scope: "me" | "all"): Promise<void> {
    return this.#parts.actions.delete(this.#room, seq, scope);
  }

  react(seq: number, emoji: string): Promise<void> {
    return this.#parts.actions.react(this.#room, seq, emoji, true);
  }

  unreact(seq: number, emoji: string): Promise<void> {
    return this.#parts.actions.react(this.#room, seq, emoji, false);
  }

  reactions(seq: number, cursor?: string): Promise<Page<Reaction>> {
    return this.#parts.actions.reactions(this.#room, seq, cursor);
  }

  edits(seq: number, cursor?: string): Promise<Page<MessageVersion>> {
    return this.#parts.actions.edits(this.#room, seq, cursor);
  }

  receiptsOf(
    seq: number,
    query?: { state?: "read" | "unread"; cursor?: string },
  ): Promise<ReceiptPage> {
    return this.#parts.actions.receiptsOf(this.#room, seq, query);
  }

  markRead(seq?: number): Promise<void> {
    return this.#parts.marks.read(this.#room, seq);
  }

  markUnread(seq: number): Promise<void> {
    return this.#parts.marks.unread(this.#room, seq);
  }

  setTyping(writing: boolean): void {
    this.#parts.typing.set(this.#room, writing);
  }

  setDraft(draft: Omit<Draft, "updatedAt"> | null): void {
    this.#parts.drafts.set(this.#room, draft);
  }

  loadMembers(): Promise<void> {
    return this.#parts.members.load(this.#room);
  }

  async addMembers(users: readonly UserId[]): Promise<readonly Member[]> {
    const { core, members } = this.#parts;
    const params = { conversation: this.id, users: [...users] };
    const { items } = await core.ask("members.add", params);
    const added = items.map(toMember);
    members.put(this.#room, added);
    return added;
  }

  async removeMember(user: UserId): Promise<void> {
    await this.#parts.core.ask("members.remove", { conversation: this.id, user });
  }

  async setRole(user: UserId, role: Role): Promise<void> {
    const params = { conversation: this.id, user, role };
    const member = await this.#parts.core.ask("members.update", params);
    this.#parts.members.put(this.#room, [toMember(member)]);
  }

  async leave(): Promise<void> {
    await this.#parts.core.ask("conversations.leave", { conversation: this.id });
    batch(() => this.#parts.rooms.drop(this.#room));
  }

  async update(change: { name?: string; avatarUrl?: string }): Promise<void> {
    const { name, avatarUrl } = change;
    const wire = await this.#parts.core.ask("conversations.update", {
      conversation: this.id,
      name,
      avatar_url: avatarUrl,
    });
    batch(() => this.#parts.rooms.take(wire));
  }
}
