/** What lists remember of each other: where a conversation was left. For as long as the page lives. */

import type { Client, ConversationId } from "@hoopoe/sdk";
import type { VirtualItem } from "@tanstack/react-virtual";
import type { Place } from "./scroll.ts";

/** How a list was left. */
export interface Remembered {
  readonly place: Place;
  /** Heights that were measured. */
  readonly sizes: readonly VirtualItem[];
}

/** The conversations that were left last are remembered. */
const REMEMBERED_MAX = 50;

const memories = new WeakMap<Client, Map<ConversationId, Remembered>>();
const jumps = new WeakMap<Client, Map<ConversationId, number>>();

/** How a conversation was left. */
export function recallPlace(client: Client, id: ConversationId): Remembered | undefined {
  return memories.get(client)?.get(id);
}

/** Keeps how a conversation was left. */
export function rememberPlace(client: Client, id: ConversationId, left: Remembered): void {
  let memory = memories.get(client);
  if (memory === undefined) {
    memory = new Map();
    memories.set(client, memory);
  }
  memory.delete(id);
  memory.set(id, left);
  const oldest = memory.keys().next().value;
  if (memory.size > REMEMBERED_MAX && oldest !== undefined) memory.delete(oldest);
}

/** Whether a jump is new; each is followed once, also when its list was left and comes back. */
export function takeJump(client: Client, id: ConversationId, nonce: number): boolean {
  let done = jumps.get(client);
  if (done === undefined) {
    done = new Map();
    jumps.set(client, done);
  }
  if ((done.get(id) ?? -1) >= nonce) return false;
  done.set(id, nonce);
  return true;
}
