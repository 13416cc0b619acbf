/** Whose storage is open, and what is read from it at the start. */

import type { AppInfo, Message, Settings, User, UserId } from "../model.ts";
import type { OpenStorage, Storage } from "../storage.ts";
import type { KeptDraft } from "./drafts.ts";
import type { Item } from "./outbox.ts";
import type { Row } from "./row.ts";
import type { Memory } from "./sync.ts";

/** Everything that storage has of a user. */
export interface Image {
  readonly memory: Memory | null;
  readonly settings: Settings | null;
  readonly app: AppInfo | null;
  readonly rows: readonly Row[];
  /** By conversation, in the order of their numbers. */
  readonly messages: ReadonlyMap<string, readonly Message[]>;
  readonly users: readonly User[];
  readonly outbox: readonly Item[];
  readonly drafts: readonly KeptDraft[];
}

/** Opens storage; remembers who was the last to use this device. */
export class Shelf {
  readonly #open: OpenStorage | undefined;
  readonly #place: string;

  /** `place` names the server and the app. */
  constructor(open: OpenStorage | undefined, place: string) {
    this.#open = open;
    this.#place = place;
  }

  /** Who used this device last. */
  async lastUser(): Promise<UserId | null> {
    const device = await this.#open?.(this.#place);
    try {
      return (await device?.get<UserId>("meta", "user")) ?? null;
    } finally {
      device?.close();
    }
  }

  async setLastUser(user: UserId | null): Promise<void> {
    const device = await this.#open?.(this.#place);
    try {
      const change = { table: "meta" as const, key: "user" };
      await device?.write([user === null ? change : { ...change, value: user }]);
    } finally {
      device?.close();
    }
  }

  async of(user: UserId): Promise<Storage | null> {
    return (await this.#open?.(`${this.#place}/${user}`)) ?? null;
  }
}

/** Reads everything. */
export async function readImage(storage: Storage): Promise<Image> {
  const [memory, settings, app, rows, messages, users, outbox, drafts] = await Promise.all([
    storage.get<Memory>("meta", "sync"),
    storage.get<Settings>("meta", "settings"),
    storage.get<AppInfo>("meta", "app"),
    storage.list<Row>("conversations"),
    storage.list<Message>("messages"),
    storage.list<User>("users"),
    storage.list<Item>("outbox"),
    storage.list<KeptDraft>("drafts"),
  ]);
  const byConversation = new Map<string, Message[]>();
  for (const message of messages) {
    const list = byConversation.get(message.conversation);
    if (list) list.push(message);
    else byConversation.set(message.conversation, [message]);
  }
  return {
    memory: memory ?? null,
    settings: settings ?? null,
    app: app ?? null,
    rows,
    messages: byConversation,
    users,
    outbox,
    drafts,
  };
}
