/** What outlives a page: the rows of one user on one device. */

/** The tables. Values are whatever `structuredClone` takes. */
export type Table = "meta" | "conversations" | "messages" | "users" | "outbox" | "drafts";

/** One change: `value` left out removes the row. */
export interface Change {
  readonly table: Table;
  readonly key: string;
  readonly value?: unknown;
}

/** Which rows, by key; both ends belong to the range. */
export interface Range {
  readonly from?: string;
  readonly to?: string;
  readonly limit?: number;
  /** The last keys first. */
  readonly reverse?: boolean;
}

/** A small database. Keys order as strings do, so numbers in them are padded. */
export interface Storage {
  get<T>(table: Table, key: string): Promise<T | undefined>;
  list<T>(table: Table, range?: Range): Promise<T[]>;
  /** All changes or none; resolves when they are kept. */
  write(changes: readonly Change[]): Promise<void>;
  clear(): Promise<void>;
  close(): void;
}

/** Opens the rows of somebody: `name` is of the server, the app and the user. */
export type OpenStorage = (name: string) => Promise<Storage>;
