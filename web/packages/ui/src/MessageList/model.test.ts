import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { begin, press, selectedOf } from "../Selection/selection.ts";
import { createDoubleClient } from "../testing/client.ts";
import { conversation, message } from "../testing/fixture.ts";
import { ANNOUNCE_EVERY_MS, createAnnouncer, type News, sayNews } from "./announce.ts";
import { copySpan, copyText } from "./copy.ts";
import { commandOf, targetOf } from "./keys.ts";
import { recallPlace, rememberPlace, takeJump } from "./memory.ts";
import { createReadMarker, isNews } from "./readMarker.ts";
import {
  countNew,
  dayAtTop,
  edgesToLoad,
  estimateHeight,
  indexOfSeq,
  isElsewhere,
  isNearEnd,
  keepsAnchor,
  newestSeq,
  newestVisible,
  openingOf,
} from "./scroll.ts";

const say = (seq: number | null, sender: string | null = "b", more = {}) =>
  message("c", seq, sender, `text ${seq}`, more);
const items = [say(2), say(4, "a"), say(5), say(7, null), say(null, "a", { clientId: "n" })];

describe("where a list stands", () => {
  it("is at its end within eighty pixels", () => {
    expect(isNearEnd(320, 600, 1000)).toBe(true);
    expect(isNearEnd(319, 600, 1000)).toBe(false);
  });

  it("finds messages by their numbers, gaps and all", () => {
    expect([1, 2, 3, 4, 7, 8].map((seq) => indexOfSeq(items, seq))).toEqual([0, 0, 1, 1, 3, -1]);
    expect(newestSeq(items)).toBe(7);
    expect(newestSeq(items, 1)).toBe(4);
    expect(newestSeq([])).toBe(0);
  });

  it("knows messages that do not go on from those before", () => {
    expect(isElsewhere(items, [say(9), say(10)])).toBe(true);
    expect(isElsewhere([say(9), say(10)], items)).toBe(true);
    expect(isElsewhere(items, [say(8), say(9)])).toBe(false);
    expect(isElsewhere(items, items.slice(1))).toBe(false);
    expect(isElsewhere([], items)).toBe(false);
  });

  it("counts what others wrote below", () => {
    expect(countNew(items, 2, "a")).toBe(1);
    expect(countNew(items, 0, "a")).toBe(2);
    expect(countNew(items, 7, "a")).toBe(0);
  });

  it("knows the newest row that was seen", () => {
    const rows = [
      { index: 0, start: 0, end: 100 },
      { index: 1, start: 100, end: 2000 },
      { index: 2, start: 2000, end: 2050 },
    ];
    expect(newestVisible(rows, 0, 600)).toBe(1);
    expect(newestVisible(rows, 0, 150)).toBe(0);
    expect(newestVisible(rows, 1450, 600)).toBe(2);
  });

  it("loads before an edge is reached, one page at a time, and not again after a failure", () => {
    const timeline = {
      items: Array(100),
      hasBefore: true,
      hasAfter: true,
      loading: "none",
      failure: null,
    };
    expect(edgesToLoad({ first: 19, last: 40 }, timeline)).toEqual({ before: true, after: false });
    expect(edgesToLoad({ first: 40, last: 80 }, timeline)).toEqual({ before: false, after: true });
    expect(edgesToLoad({ first: 0, last: 99 }, { ...timeline, loading: "before" })).toEqual({
      before: false,
      after: false,
    });
    expect(edgesToLoad({ first: 0, last: 9 }, { ...timeline, failure: {} }).before).toBe(false);
    expect(edgesToLoad({ first: 0, last: 9 }, { ...timeline, hasBefore: false }).before).toBe(
      false,
    );
  });

  it("keeps what is read where it is when something above changes its height", () => {
    expect(keepsAnchor({ start: 0, end: 90 }, false, 100)).toBe(true);
    expect(keepsAnchor({ start: 0, end: 110 }, false, 100)).toBe(false);
    expect(keepsAnchor({ start: 99, end: 200 }, true, 100)).toBe(true);
    expect(keepsAnchor({ start: 100, end: 200 }, true, 100)).toBe(false);
  });

  it("opens at what is unread, else where it was left, else at the end", () => {
    const place = { key: "cl_c_4", offset: 12, isAtEnd: false };
    expect(openingOf(items, 5, place)).toEqual({ at: "unread", index: 2 });
    expect(openingOf(items, null, place)).toEqual({ at: "place", index: 1, offset: 12 });
    expect(openingOf(items, null, { ...place, isAtEnd: true })).toEqual({ at: "end" });
    expect(openingOf(items, null, { ...place, key: "gone" })).toEqual({ at: "end" });
    expect(openingOf(items, 99, undefined)).toEqual({ at: "end" });
    expect(openingOf(items, 1, undefined)).toEqual({ at: "end" });
    expect(openingOf(items, 2, undefined)).toEqual({ at: "unread", index: 0 });
  });

  it("writes the day at the top unless its line passes there", () => {
    const day = 86_400_000;
    const dated = [say(1, "b", { createdAt: 0 }), say(2, "b", { createdAt: day })];
    const rows = [
      { index: 0, start: 0, end: 500 },
      { index: 1, start: 500, end: 600 },
    ];
    const sameDay = (a: number, b: number) => Math.floor(a / day) === Math.floor(b / day);
    expect(dayAtTop(rows, dated, 0, sameDay)).toBeNull();
    expect(dayAtTop(rows, dated, 200, sameDay)).toBe(0);
    expect(dayAtTop(rows, dated, 490, sameDay)).toBeNull();
    expect(dayAtTop(rows, dated, 560, sameDay)).toBe(day);
  });

  it("guesses taller what says more", () => {
    const measures = { width: 700, isGroup: true, me: "a" };
    const guess = (text: string) =>
      estimateHeight(message("c", 1, "b", text), say(0), undefined, measures);
    const short = guess("x");
    const long = guess("x".repeat(500));
    const wide = guess("字".repeat(500));
    expect(short).toBeLessThan(60);
    expect(long).toBeGreaterThan(short);
    expect(wide).toBeGreaterThan(long);
  });

  it("remembers where each conversation was left, and follows a jump once", () => {
    const client = createDoubleClient();
    const place = { key: "k", offset: 1, isAtEnd: false };
    for (let i = 0; i < 60; i++) rememberPlace(client, `c${i}`, { place, sizes: [] });
    expect(recallPlace(client, "c59")?.place).toBe(place);
    expect(recallPlace(client, "c0")).toBeUndefined();
    expect(recallPlace(createDoubleClient(), "c59")).toBeUndefined();
    expect([takeJump(client, "c", 1), takeJump(client, "c", 1), takeJump(client, "c", 2)]).toEqual([
      true,
      false,
      true,
    ]);
  });
});

describe("reading is told", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const state = conversation("c", { headSeq: 20, unread: 10 });

  it("once for many messages", async () => {
    const mark = vi.fn(() => Promise.resolve());
    const marker = createReadMarker(mark);
    for (const seq of [11, 12, 15, 13]) marker.seen(seq, state);
    await vi.runAllTimersAsync();
    expect(mark.mock.calls).toEqual([[15]]);
    marker.seen(15, state);
    marker.seen(10, state);
    await vi.runAllTimersAsync();
    expect(mark).toHaveBeenCalledTimes(1);
  });

  it("again when it failed, at once when the list ends, and not when it is to stay unread", async () => {
    const mark = vi.fn(() => Promise.reject(new Error("offline")));
    const marker = createReadMarker(mark);
    marker.seen(15, state);
    await vi.runAllTimersAsync();
    marker.seen(15, state);
    marker.close();
    expect(mark.mock.calls).toEqual([[15], [15]]);
    const other = createReadMarker(mark);
    other.seen(16, state);
    other.suspend();
    other.seen(17, state);
    other.close();
    expect(mark).toHaveBeenCalledTimes(2);
  });

  it("where something was marked as unread", () => {
    expect(isNews(8, { readSeq: 10, unreadFrom: 5 }, 0)).toBe(true);
    expect(isNews(4, { readSeq: 10, unreadFrom: 5 }, 0)).toBe(false);
    expect(isNews(8, { readSeq: 10, unreadFrom: 5 }, 8)).toBe(false);
  });
});

describe("screen readers are told", () => {
  const words = {
    announceOne: (name: string, text: string) => `${name}: ${text}`,
    announceMany: (n: number) => `${n} new`,
  };
  const one = { name: "Ben", text: "hi" };

  it("what was said, or how much when it is a lot", () => {
    expect(sayNews([one, one], words)).toBe("Ben: hi Ben: hi");
    expect(sayNews([one, one, one], words)).toBe("3 new");
  });

  it("at once, and then not too often", () => {
    vi.useFakeTimers();
    const said: (readonly News[])[] = [];
    const announcer = createAnnouncer((news) => said.push(news));
    announcer.add([one]);
    announcer.add([one]);
    announcer.add([one]);
    expect(said).toEqual([[one]]);
    vi.advanceTimersByTime(ANNOUNCE_EVERY_MS);
    expect(said).toEqual([[one], [one, one]]);
    announcer.close();
    vi.useRealTimers();
  });
});

describe("copying", () => {
  const nameOf = (one: { sender: string | null }) => one.sender ?? "";

  it("gives names as soon as there are several", () => {
    expect(copyText([say(1)], nameOf)).toBe("text 1");
    expect(copyText([say(1), say(2, "a"), say(3, "b", { deleted: true })], nameOf)).toBe(
      "b: text 1\na: text 2",
    );
  });

  it("takes what is selected of the ends and all between, drawn or not", () => {
    expect(copySpan(items, 0, 2, { head: "xt 2", tail: " te" }, nameOf)).toBe(
      "b: xt 2\na: text 4\nb: te",
    );
  });
});

describe("selecting", () => {
  it("presses one by one, and ranges of what can be selected", () => {
    const gone = [
      say(1),
      say(2, "b", { deleted: true }),
      say(3),
      say(null, "a", { clientId: "x" }),
    ];
    let selected = begin("cl_c_1");
    selected = press(selected, gone, "cl_c_3", true);
    expect(selectedOf(selected, gone).map((one) => one.seq)).toEqual([1, 3]);
    selected = press(selected, gone, "cl_c_1", false);
    expect(selectedOf(selected, gone).map((one) => one.seq)).toEqual([3]);
  });
});

describe("keys", () => {
  const key = (name: string, more = {}) => ({
    key: name,
    shiftKey: false,
    ctrlKey: false,
    altKey: false,
    metaKey: false,
    ...more,
  });

  it.each([
    ["ArrowUp", { do: "move", to: "previous" }],
    ["J", { do: "move", to: "next" }],
    ["PageDown", { do: "move", to: "pageDown" }],
    ["r", { do: "action", action: "reply" }],
    ["+", { do: "action", action: "react" }],
    ["Delete", { do: "action", action: "deleteForMe" }],
    ["ContextMenu", { do: "menu" }],
    ["x", null],
  ])("%s", (name, command) => {
    expect(commandOf(key(name), false)).toEqual(command);
  });

  it("with Ctrl are the browser's", () => {
    expect(commandOf(key("c", { ctrlKey: true }), false)).toBeNull();
    expect(commandOf(key("F10", { shiftKey: true }), false)).toEqual({ do: "menu" });
  });

  it("select while selecting", () => {
    expect(commandOf(key(" "), true)).toEqual({ do: "toggle" });
    expect(commandOf(key("Escape"), true)).toEqual({ do: "cancel" });
    expect(commandOf(key("r"), true)).toBeNull();
  });

  it("move by what fits into the view", () => {
    const rows = Array.from({ length: 10 }, () => ({ size: 60 }));
    expect(targetOf(50, "pageUp", 100, rows, 600)).toBe(41);
    expect(targetOf(50, "next", 100, rows, 600)).toBe(51);
    expect(targetOf(99, "next", 100, rows, 600)).toBe(99);
    expect(targetOf(50, "first", 100, rows, 600)).toBe(0);
  });
});
