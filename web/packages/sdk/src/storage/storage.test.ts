import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Storage } from "../storage.ts";
import { indexedDbStorage } from "./indexeddb.ts";
import { openMemory } from "./memory.ts";
import { defaultStorage } from "./open.ts";

beforeEach(() => {
  vi.stubGlobal("indexedDB", new IDBFactory());
});
afterEach(() => {
  vi.unstubAllGlobals();
});

const kinds = [
  ["IndexedDB", (name: string) => indexedDbStorage()(name)],
  ["memory", (name: string) => openMemory(name)],
] as const;

describe.each(kinds)("rows in %s", (_, open) => {
  let storage: Storage;
  beforeEach(async () => {
    storage = await open("chat.test/demo/ann");
  });
  afterEach(() => storage.close());

  const fill = () =>
    storage.write(
      ["b1", "a1", "a2", "c1"].map((key) => ({ table: "messages", key, value: { key } }) as const),
    );
  const keys = (rows: { key: string }[]) => rows.map(({ key }) => key);

  it("are read by their key, and are gone when they are removed", async () => {
    await fill();
    expect(await storage.get("messages", "a1")).toEqual({ key: "a1" });
    expect(await storage.get("users", "a1")).toBeUndefined();
    await storage.write([{ table: "messages", key: "a1" }]);
    expect(await storage.get("messages", "a1")).toBeUndefined();
  });

  it("are listed by key, in a range, from either end, up to a limit", async () => {
    await fill();
    const list = (range?: object) => storage.list<{ key: string }>("messages", range).then(keys);
    expect(await list()).toEqual(["a1", "a2", "b1", "c1"]);
    expect(await list({ from: "a2", to: "b1" })).toEqual(["a2", "b1"]);
    expect(await list({ from: "b" })).toEqual(["b1", "c1"]);
    expect(await list({ to: "b1", limit: 2 })).toEqual(["a1", "a2"]);
    expect(await list({ to: "b1", limit: 2, reverse: true })).toEqual(["b1", "a2"]);
    expect(await list({ reverse: true })).toEqual(["c1", "b1", "a2", "a1"]);
    expect(await list({ from: "c", to: "a" })).toEqual([]);
    expect(await list({ limit: 0 })).toEqual([]);
  });

  it("change together or not at all", async () => {
    await fill();
    const write = storage.write([
      { table: "messages", key: "a1" },
      { table: "outbox", key: "1", value: "kept" },
      { table: "outbox", key: "2", value: () => "cannot be copied" },
    ]);
    await expect(write).rejects.toThrow();
    expect(await storage.get("messages", "a1")).toEqual({ key: "a1" });
    expect(await storage.get("outbox", "1")).toBeUndefined();
  });

  it("are copies", async () => {
    const value = { text: "before" };
    await storage.write([{ table: "drafts", key: "d", value }]);
    value.text = "after";
    expect(await storage.get("drafts", "d")).toEqual({ text: "before" });
  });

  it("are all gone after clear", async () => {
    await fill();
    await storage.clear();
    expect(await storage.list("messages")).toEqual([]);
    await fill();
    expect(await storage.list("messages")).toHaveLength(4);
  });
});

describe("IndexedDB", () => {
  it("keeps rows for the next page, and apart by name", async () => {
    const first = await indexedDbStorage()("ann");
    await first.write([{ table: "outbox", key: "1", value: "hello" }]);
    first.close();
    const next = await indexedDbStorage()("ann");
    const other = await indexedDbStorage()("bob");
    expect(await next.get("outbox", "1")).toBe("hello");
    expect(await other.get("outbox", "1")).toBeUndefined();
    await expect(first.get("outbox", "1")).rejects.toThrow("closed");
  });

  it("commits at once, so that a page that goes away loses nothing", async () => {
    const storage = await indexedDbStorage()("ann");
    const commit = vi.spyOn(IDBTransaction.prototype, "commit");
    await storage.write([{ table: "drafts", key: "1", value: "begun" }]);
    expect(commit).toHaveBeenCalledTimes(1);
    commit.mockRestore();
  });

  it("is replaced by memory where it is forbidden, with a warning", async () => {
    const logger = { debug: vi.fn(), warn: vi.fn() };
    const open = vi.spyOn(indexedDB, "open").mockImplementation(() => {
      throw new DOMException("forbidden", "SecurityError");
    });
    const storage = await indexedDbStorage({ logger })("ann");
    expect(open).toHaveBeenCalled();
    expect(logger.warn).toHaveBeenCalledTimes(1);
    await storage.write([{ table: "meta", key: "k", value: 1 }]);
    expect(await storage.get("meta", "k")).toBe(1);
  });

  it("is replaced by memory while another tab holds an older version", async () => {
    // The database does not answer: what a browser does until the other tab closes its own.
    vi.spyOn(indexedDB, "open").mockImplementation(() => new EventTarget() as IDBOpenDBRequest);
    vi.useFakeTimers();
    const opening = indexedDbStorage()("ann");
    await vi.advanceTimersByTimeAsync(3_000);
    const storage = await opening;
    vi.useRealTimers();
    await storage.write([{ table: "meta", key: "k", value: 1 }]);
    expect(await storage.get("meta", "k")).toBe(1);
  });

  it("lets go when another tab wants a newer version", async () => {
    const old = await indexedDbStorage()("ann");
    await old.write([{ table: "meta", key: "k", value: 1 }]);
    const newer = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open("hoopoe:ann", 2);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    expect(newer.version).toBe(2);
    await expect(old.get("meta", "k")).rejects.toMatchObject({ name: "VersionError" });
    newer.close();
  });

  it("is opened again when the browser had closed it", async () => {
    const storage = await indexedDbStorage()("ann");
    await storage.write([{ table: "meta", key: "k", value: 1 }]);
    const closing = vi.spyOn(IDBObjectStore.prototype, "get").mockImplementationOnce(() => {
      throw new DOMException("closed", "InvalidStateError");
    });
    expect(await storage.get("meta", "k")).toBe(1);
    expect(closing).toHaveBeenCalledTimes(2);
  });

  it("drops what can be fetched anew when the device is full, never the outbox", async () => {
    const storage = await indexedDbStorage()("ann");
    await storage.write([
      { table: "messages", key: "m", value: "cached" },
      { table: "users", key: "u", value: "cached" },
      { table: "conversations", key: "c", value: "kept" },
      { table: "outbox", key: "1", value: "first" },
    ]);
    const put = vi.spyOn(IDBObjectStore.prototype, "put").mockImplementationOnce(() => {
      throw new DOMException("full", "QuotaExceededError");
    });
    await storage.write([
      { table: "outbox", key: "2", value: "second" },
      { table: "messages", key: "n", value: "cached" },
    ]);
    expect(await storage.list("messages")).toEqual([]);
    expect(await storage.list("users")).toEqual([]);
    expect(await storage.list("conversations")).toEqual(["kept"]);
    expect(await storage.list("outbox")).toEqual(["first", "second"]);
    put.mockImplementation(() => {
      throw new DOMException("full", "QuotaExceededError");
    });
    const write = storage.write([{ table: "outbox", key: "3", value: "third" }]);
    await expect(write).rejects.toMatchObject({ code: "sdk.storage_full" });
  });
});

describe("the default", () => {
  it("is memory where there is no IndexedDB", async () => {
    vi.stubGlobal("indexedDB", undefined);
    expect(defaultStorage()).toBe(openMemory);
  });
});
