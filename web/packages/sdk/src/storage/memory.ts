import type { Change, Range, Storage, Table } from "../storage.ts";

/** Rows that live as long as the page: for Node, for tests, and where a browser keeps nothing. */
export class MemoryStorage implements Storage {
  readonly #tables = new Map<Table, Map<string, unknown>>();

  async get<T>(table: Table, key: string): Promise<T | undefined> {
    return structuredClone(this.#table(table).get(key)) as T | undefined;
  }

  async list<T>(table: Table, range: Range = {}): Promise<T[]> {
    const { from, to, limit, reverse = false } = range;
    const rows = this.#table(table);
    const keys = [...rows.keys()]
      .filter((key) => (from === undefined || key >= from) && (to === undefined || key <= to))
      // By UTF-16 units, as IndexedDB orders texts.
      .sort();
    if (reverse) {
      keys.reverse();
    }
    return keys.slice(0, limit).map((key) => structuredClone(rows.get(key)) as T);
  }

  async write(changes: readonly Change[]): Promise<void> {
    // What cannot be copied is found before anything is changed.
    const copies = structuredClone(changes);
    for (const { table, key, value } of copies) {
      if (value === undefined) {
        this.#table(table).delete(key);
      } else {
        this.#table(table).set(key, value);
      }
    }
  }

  async clear(): Promise<void> {
    this.#tables.clear();
  }

  close(): void {}

  #table(table: Table): Map<string, unknown> {
    let rows = this.#tables.get(table);
    if (rows === undefined) {
      rows = new Map();
      this.#tables.set(table, rows);
    }
    return rows;
  }
}

/** Opens storage in memory; each call has its own rows. */
export async function openMemory(_name = ""): Promise<Storage> {
  return new MemoryStorage();
}
