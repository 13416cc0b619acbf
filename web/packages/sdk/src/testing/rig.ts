/** A client on a double of the line, and ways to wait for what it shows. */

import type { Client } from "../client.ts";
import { createClient } from "../create.ts";
import type { Observable } from "../model.ts";
import { MemoryStorage } from "../storage/memory.ts";
import type { OpenStorage, Storage } from "../storage.ts";
import { DoubleLine, type DoubleTabs } from "./line.ts";
import type { DoubleServer } from "./server.ts";

/** Storage that stays when a client goes, as a device's does. */
export function device(): OpenStorage {
  const all = new Map<string, Storage>();
  return async (name) => {
    const storage = all.get(name) ?? new MemoryStorage();
    all.set(name, storage);
    return storage;
  };
}

/** A client and its line. */
export interface Rig {
  readonly client: Client;
  readonly line: DoubleLine;
}

/** What a rig may be given. */
export interface RigOptions {
  readonly storage?: OpenStorage;
  readonly tabs?: DoubleTabs;
  readonly leader?: boolean;
  readonly now?: () => number;
}

export function rig(server: DoubleServer, options: RigOptions = {}): Rig {
  const { storage = device(), tabs, leader, now } = options;
  const line = new DoubleLine(server, tabs, leader);
  const client = createClient({
    url: "http://double",
    getToken: () => "ut_double",
    storage,
    line,
    now: now ?? (() => server.nowMs),
    random: () => 0.5,
  });
  return { client, line };
}

/** A rig whose first session has caught up. */
export async function started(server: DoubleServer, options: RigOptions = {}): Promise<Rig> {
  const made = rig(server, options);
  void made.client.connect();
  await until(() => made.line.opened > 0);
  await made.line.start();
  await synced(made.client);
  return made;
}

export function synced(client: Client): Promise<void> {
  return when(client.connection, (state) => state.synced).then(() => undefined);
}

/** Resolves with the value that holds. */
export function when<T>(observable: Observable<T>, holds: (value: T) => boolean): Promise<T> {
  return new Promise((resolve) => {
    let end: (() => void) | undefined;
    const look = (): boolean => {
      const value = observable.getSnapshot();
      if (!holds(value)) return false;
      end?.();
      resolve(value);
      return true;
    };
    if (!look()) end = observable.subscribe(look);
  });
}

/** Lets everything that can happen happen, until it is so. */
export async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2_000; turn++) {
    if (holds()) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  throw new Error("it did not come to pass");
}

/** Lets everything that can happen without a timer happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await new Promise<void>((r) => setImmediate(r));
}
