import type { OpenStorage } from "../storage.ts";
import { indexedDbStorage, type StorageOptions } from "./indexeddb.ts";
import { openMemory } from "./memory.ts";

/** What suits where this runs: IndexedDB where there is one, memory in Node. */
export function defaultStorage(options: StorageOptions = {}): OpenStorage {
  return typeof indexedDB === "undefined" ? openMemory : indexedDbStorage(options);
}
