/** Whom an `@` may mean. */

import type { Member, Message, User, UserId } from "@hoopoe/sdk";
import { rank, type Searchable, searchable } from "../Switcher/rank.ts";

/** So many people are offered at once. */
export const PEOPLE_SHOWN_MAX = 8;

const entries = new WeakMap<User, Searchable>();

/** A person's name, keys and id, prepared once for as long as they do not change. */
export function entryOf(user: User): Searchable {
  let entry = entries.get(user);
  if (entry === undefined) {
    entry = searchable(user.name, [...user.keys, user.id]);
    entries.set(user, entry);
  }
  return entry;
}

/**
 * The members but for oneself, who spoke last first, then by name. `userOf` gives `null` for whom
 * it does not know yet; they are left out.
 */
export function mentionable(
  members: readonly Member[],
  userOf: (id: UserId) => User | null,
  me: UserId | null,
  recent: readonly Message[],
  compare: (a: string, b: string) => number,
): User[] {
  const spoke = new Map<UserId, number>();
  for (const [index, message] of recent.entries()) {
    if (message.sender !== null) {
      spoke.set(message.sender, index);
    }
  }
  const users: User[] = [];
  for (const { user: id } of members) {
    const user = id === me ? null : userOf(id);
    if (user !== null) {
      users.push(user);
    }
  }
  return users.sort((a, b) => {
    const spokeA = spoke.get(a.id) ?? -1;
    const spokeB = spoke.get(b.id) ?? -1;
    return spokeA === spokeB ? compare(a.name, b.name) : spokeB - spokeA;
  });
}

/** The people who answer a query, the best first. */
export function findPeople(users: readonly User[], query: string): User[] {
  return rank(users, query, entryOf, PEOPLE_SHOWN_MAX);
}
