/** Rows in IndexedDB: one database for each name. */

import { type Logger, silent } from "../line/options.ts";
import { ownError } from "../problems.ts";
import type { Change, OpenStorage, Range, Storage, Table } from "../storage.ts";
import { MemoryStorage } from "./memory.ts";

const TABLES: readonly Table[] = ["meta", "conversations", "messages", "users", "outbox", "drafts"];
/** What can be fetched anew, and goes when the device has no room. */
const CACHES: readonly Table[] = ["messages", "users"];
/** Grows with each change of the tables; `upgrade` has a step for each. */
const VERSION = 1;
/** How long another tab may take to let go of the database. */
const BLOCKED_MAX_MS = 3_000;

/** What storage may be given. */
export interface StorageOptions {
  readonly logger?: Logger;
}

/**
 * How rows are kept in a browser: in IndexedDB, or in memory where the browser has none, forbids it
 * (some do in private windows) or another tab does not let go of an older version of the database.
 */
export function indexedDbStorage(options: StorageOptions = {}): OpenStorage {
  const logger = options.logger ?? silent;
  return async (name) => {
    const storage = new IndexedDbStorage(`hoopoe:${name}`, logger);
    try {
      await storage.ready();
      return storage;
    } catch (error) {
      storage.close();
      logger.warn("hoopoe: nothing can be kept on this device, so it lasts until reload", error);
      return new MemoryStorage();
    }
  };
}

class IndexedDbStorage implements Storage {
  readonly #name: string;
  readonly #logger: Logger;
  #opening: Promise<IDBDatabase> | null = null;
  #isClosed = false;

  constructor(name: string, logger: Logger) {
    this.#name = name;
    this.#logger = logger;
  }

  async ready(): Promise<void> {
    await this.#database();
  }

  get<T>(table: Table, key: string): Promise<T | undefined> {
    return this.#run((db) => answer<T | undefined>(rows(db, table).get(key)));
  }

  list<T>(table: Table, range: Range = {}): Promise<T[]> {
    const { limit, reverse = false } = range;
    const keys = keyRange(range);
    if (keys === null || limit === 0) {
      return Promise.resolve([]);
    }
    return this.#run((db) =>
      reverse
        ? backwards<T>(rows(db, table).openCursor(keys, "prev"), limit)
        : answer<T[]>(rows(db, table).getAll(keys, limit)),
    );
  }

  async write(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) {
      return;
    }
    try {
      await this.#apply(changes);
      return;
    } catch (error) {
      if (!isFull(error)) {
        throw error;
      }
    }
    this.#logger.warn("hoopoe: the device is full; messages and people are fetched anew");
    try {
      await this.#clear(CACHES);
      await this.#apply(changes.filter(({ table }) => !CACHES.includes(table)));
    } catch (error) {
      throw isFull(error) ? ownError("sdk.storage_full", null, error) : error;
    }
  }

  clear(): Promise<void> {
    return this.#clear(TABLES);
  }

  close(): void {
    this.#isClosed = true;
    this.#letGo();
  }

  #apply(changes: readonly Change[]): Promise<void> {
    const tables = [...new Set(changes.map(({ table }) => table))];
    // A message that a person has sent is on the disk before it is called kept.
    const durability = tables.includes("outbox") ? "strict" : "default";
    return this.#run((db) => {
      const transaction = db.transaction(tables, "readwrite", { durability });
      try {
        for (const { table, key, value } of changes) {
          const store = transaction.objectStore(table);
          value === undefined ? store.delete(key) : store.put(value, key);
        }
      } catch (error) {
        // `put` throws at once what it cannot copy; what came before must not be kept then.
        transaction.abort();
        throw error;
      }
      // A page that goes away takes what is not committed with it, and does not wait to be asked.
      transaction.commit();
      return kept(transaction);
    });
  }

  #clear(tables: readonly Table[]): Promise<void> {
    return this.#run((db) => {
      const transaction = db.transaction(tables, "readwrite");
      for (const table of tables) {
        transaction.objectStore(table).clear();
      }
      return kept(transaction);
    });
  }

  /** Runs something, and once more when the browser had closed the database meanwhile. */
  async #run<R>(work: (db: IDBDatabase) => Promise<R>): Promise<R> {
    const db = await this.#database();
    try {
      return await work(db);
    } catch (error) {
      if (nameOf(error) !== "InvalidStateError") {
        throw error;
      }
      this.#letGo();
      return work(await this.#database());
    }
  }

  #database(): Promise<IDBDatabase> {
    if (this.#isClosed) {
      return Promise.reject(new Error("the storage is closed"));
    }
    this.#opening ??= open(this.#name, () => this.#letGo());
    return this.#opening;
  }

  #letGo(): void {
    const opening = this.#opening;
    this.#opening = null;
    opening?.then(
      (db) => db.close(),
      () => {},
    );
  }
}

/** Opens the database; `onGone` when another tab wants a newer one, or the browser has closed it. */
function open(name: string, onGone: () => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, VERSION);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      reject(new Error("another tab holds the database"));
    }, BLOCKED_MAX_MS);
    request.onupgradeneeded = () => {
      for (const table of TABLES) {
        request.result.createObjectStore(table);
      }
    };
    request.onsuccess = () => {
      clearTimeout(timer);
      const db = request.result;
      if (isLate) {
        // Nobody waits for it, and it must not stand in the way of others.
        db.close();
      }
      db.onversionchange = onGone;
      db.onclose = onGone;
      resolve(db);
    };
    request.onerror = () => {
      clearTimeout(timer);
      reject(request.error);
    };
  });
}

function rows(db: IDBDatabase, table: Table): IDBObjectStore {
  return db.transaction(table).objectStore(table);
}

/** What a request brings. */
function answer<T>(request: IDBRequest): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** The rows that a cursor meets, up to a limit. */
function backwards<T>(
  request: IDBRequest<IDBCursorWithValue | null>,
  limit = Infinity,
): Promise<T[]> {
  const found: T[] = [];
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      const cursor = request.result;
      if (cursor === null || found.push(cursor.value) >= limit) {
        resolve(found);
      } else {
        cursor.continue();
      }
    };
    request.onerror = () => reject(request.error);
  });
}

/** Resolves when all changes of a transaction are kept. */
function kept(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
}

/** `null`: nothing can be in it. */
function keyRange({ from, to }: Range): IDBKeyRange | undefined | null {
  if (from !== undefined && to !== undefined) {
    return from > to ? null : IDBKeyRange.bound(from, to);
  }
  if (from !== undefined) {
    return IDBKeyRange.lowerBound(from);
  }
  return to === undefined ? undefined : IDBKeyRange.upperBound(to);
}

function isFull(error: unknown): boolean {
  return nameOf(error) === "QuotaExceededError";
}

/** Exceptions of another realm are no instances of this one's classes. */
function nameOf(error: unknown): unknown {
  return (error as { name?: unknown } | null)?.name;
}
