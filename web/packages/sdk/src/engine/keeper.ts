/** Keeps on the device what is known, a little later than it happens. */

import type { Message } from "../model.ts";
import type { Change, Storage, Table } from "../storage.ts";
import type { Core } from "./core.ts";
import type { Kept, Row } from "./row.ts";

/** What happens within it is written at once: a burst of events is one write. */
const AFTER_MS = 150;
/** Messages of a conversation that are kept, and how many may gather before they are cut to that. */
export const KEPT_MAX = 100;
const KEPT_SLACK = 50;

/** The key of a message: numbers are padded, so that texts order like them. */
export function messageKey(conversation: string, seq: number): string {
  return `${conversation}/${String(seq).padStart(12, "0")}`;
}

/** What of a conversation is to be kept. */
export interface Keepable {
  readonly id: string;
  readonly row: Row | null;
  /** Messages that are others than in storage. */
  readonly changed: Set<number>;
  /** The newest stretch, at most `count` messages of it. */
  newest(count: number): (Kept & { readonly items: readonly Message[] }) | null;
}

/** The writer. */
export class Keeper {
  #storage: Storage | null = null;
  readonly #core: Core;
  readonly #changes = new Map<string, Change>();
  readonly #rooms = new Set<Keepable>();
  #cancel: (() => void) | null = null;
  /** The page goes away: nothing waits. */
  #isLeaving = false;

  constructor(core: Core) {
    this.#core = core;
  }

  open(storage: Storage): void {
    this.#storage = storage;
  }

  get opened(): Storage | null {
    return this.#storage;
  }

  /** Forgets what was not written yet, and the storage. */
  close(): Storage | null {
    const storage = this.#storage;
    this.#storage = null;
    this.#cancel?.();
    this.#cancel = null;
    this.#isLeaving = false;
    this.#changes.clear();
    this.#rooms.clear();
    return storage;
  }

  /** Keeps a row soon; without `value` it goes. */
  put(table: Table, key: string, value?: unknown): void {
    this.#changes.set(`${table}/${key}`, { table, key, ...(value === undefined ? {} : { value }) });
    this.#schedule();
  }

  /**
   * Keeps a conversation and its newest messages soon. Only the tab that leads writes them: the
   * others hear the same, and would write the same.
   */
  mark(room: Keepable): void {
    if (!this.#core.isLeader) return;
    this.#rooms.add(room);
    this.#schedule();
  }

  /** Forgets a conversation. */
  forget(id: string, kept: Kept | null): void {
    this.put("conversations", id);
    this.put("drafts", id);
    for (let seq = kept?.from ?? 1; seq <= (kept?.to ?? 0); seq++) {
      this.put("messages", messageKey(id, seq));
    }
  }

  /** Keeps these now; resolves when they are. */
  async write(changes: readonly Change[]): Promise<void> {
    try {
      await this.#storage?.write(changes);
    } catch (error) {
      // A full or forbidden storage costs what it would have kept, not what happens now.
      this.#core.logger?.warn("storage does not take what it is given", error);
    }
  }

  /**
   * The page goes away or is hidden, and may not come back: what waits is written, and so is what
   * those say at once who hear of it later.
   */
  leave(): void {
    void this.flush();
    this.#isLeaving = true;
    this.#core.later(0, () => {
      this.#isLeaving = false;
    });
  }

  /** Writes whatever waits. */
  async flush(): Promise<void> {
    this.#cancel?.();
    this.#cancel = null;
    const changes = [...this.#changes.values()];
    this.#changes.clear();
    for (const room of this.#rooms) changes.push(...changesOf(room));
    this.#rooms.clear();
    if (changes.length > 0) await this.write(changes);
  }

  #schedule(): void {
    if (this.#isLeaving) {
      void this.flush();
      return;
    }
    if (!this.#storage || this.#cancel) return;
    this.#cancel = this.#core.later(AFTER_MS, () => {
      this.#cancel = null;
      void this.flush();
    });
  }
}

/** What makes storage as the conversation is. */
function changesOf(room: Keepable): Change[] {
  const { row, changed, id } = room;
  const changes: Change[] = [];
  const remove = (from: number, to: number): void => {
    for (let seq = from; seq <= to; seq++) {
      changes.push({ table: "messages", key: messageKey(id, seq) });
    }
  };
  if (!row) return [];
  const was = row.kept;
  let now = room.newest(KEPT_MAX + KEPT_SLACK);
  if (now && now.items.length >= KEPT_MAX + KEPT_SLACK) now = room.newest(KEPT_MAX);
  if (was && !now) remove(was.from, was.to);
  if (was && now) {
    remove(was.from, Math.min(was.to, now.from - 1));
    remove(Math.max(was.from, now.to + 1), was.to);
    for (const seq of changed) if (seq >= was.from && seq <= was.to) remove(seq, seq);
  }
  for (const message of now?.items ?? []) {
    const seq = message.seq ?? 0;
    if (was && seq >= was.from && seq <= was.to && !changed.has(seq)) continue;
    changes.push({ table: "messages", key: messageKey(id, seq), value: plain(message) });
  }
  changed.clear();
  row.kept = now ? { from: now.from, to: now.to, isStart: now.isStart } : null;
  changes.push({ table: "conversations", key: id, value: { ...row, last: plain(row.last) } });
  return changes;
}

/** What the user recalled is kept in memory only. */
function plain(message: Message | null): Message | null {
  return message?.recalledContent ? { ...message, recalledContent: null } : message;
}
