/** Where one may go: conversations and people, as the switcher finds them. */

import type { Conversation, ConversationId, User, UserId } from "@hoopoe/sdk";
import { pinyinInitials } from "./pinyin.ts";
import { rank, type Searchable, searchable } from "./rank.ts";

/** So many are shown at once. */
export const SHOWN_MAX = 30;

/** A conversation, or a person with whom there is none yet. */
export type Target =
  | {
      readonly kind: "conversation";
      readonly id: ConversationId;
      readonly title: string;
      readonly conversation: Conversation;
      readonly peer: User | null;
    }
  | { readonly kind: "person"; readonly id: UserId; readonly title: string; readonly user: User };

/** What is asked about people and members. */
export interface Directory {
  user(id: UserId): User | null;
  /** The members of a group that are known already, without oneself. */
  others(id: ConversationId): readonly UserId[];
}

/** A group without a name is called by its people. */
const NAMES_SHOWN_MAX = 4;

function titleOf(conversation: Conversation, peer: User | null, directory: Directory): string {
  if (conversation.kind === "direct") {
    return peer?.name ?? conversation.peer ?? "";
  }
  if (conversation.name !== null && conversation.name !== "") {
    return conversation.name;
  }
  const names = directory
    .others(conversation.id)
    .slice(0, NAMES_SHOWN_MAX)
    .map((id) => directory.user(id)?.name ?? id);
  return names.join(", ");
}

/** The conversations as targets, in their order: the newest activity first. */
export function targetsOf(
  conversations: readonly Conversation[],
  directory: Directory,
): (Target & { kind: "conversation" })[] {
  return conversations.map((conversation) => {
    const peer = conversation.peer === null ? null : directory.user(conversation.peer);
    const title = titleOf(conversation, peer, directory);
    return { kind: "conversation", id: conversation.id, title, conversation, peer };
  });
}

/** What a target is found by is made once for each title and person. */
const prepared = new Map<string, Searchable>();
const PREPARED_MAX = 50_000;

function entryOf(target: Target): Searchable {
  const user = target.kind === "person" ? target.user : target.peer;
  const keys = user === null ? [pinyinInitials(target.title)] : [...user.keys, user.id];
  const key = `${target.title}\n${keys.join("\n")}`;
  let entry = prepared.get(key);
  if (entry === undefined) {
    if (prepared.size >= PREPARED_MAX) {
      prepared.clear();
    }
    entry = searchable(target.title, keys);
    prepared.set(key, entry);
  }
  return entry;
}

/** The best targets for a query; without one the newest, the conversation that is open left out. */
export function findTargets(
  targets: readonly (Target & { kind: "conversation" })[],
  query: string,
  current: ConversationId | null,
): Target[] {
  const isRecent = query.trim() === "";
  const others = isRecent ? targets.filter((target) => target.id !== current) : targets;
  return rank(others, query, entryOf, SHOWN_MAX);
}

/** People whom the server found, but for those who are there with a conversation already. */
export function strangers(
  found: readonly User[],
  conversations: readonly Conversation[],
  me: UserId | null,
): Target[] {
  const known = new Set(conversations.map((conversation) => conversation.peer));
  return found
    .filter((user) => user.id !== me && !known.has(user.id))
    .map((user) => ({ kind: "person", id: user.id, title: user.name, user }));
}
