import { beforeEach, expect, test } from "vitest";
import { GROUPS, loadEmoji } from "./data.ts";
import { findEmoji } from "./find.ts";
import { noteEmoji, quickEmoji, recentEmoji, setSkinTone, skinTone } from "./recent.ts";
import { toned } from "./tone.ts";

beforeEach(() => localStorage.clear());

test("both languages have the same groups and emoji", async () => {
  const [en, zh] = await Promise.all([loadEmoji("en"), loadEmoji("zh")]);
  expect(en.groups).toHaveLength(GROUPS.length);
  expect([...zh.byPlain.keys()]).toEqual([...en.byPlain.keys()]);
  expect(en.byPlain.size).toBeGreaterThan(1700);
});

test("shortcodes, names and tags find, the best first", async () => {
  const data = await loadEmoji("en");
  expect(findEmoji(data, "smile", 1)[0]?.emoji).toBe("😄");
  expect(findEmoji(data, ":+1:", 1)[0]?.emoji).toBe("👍");
  expect(findEmoji(data, "smi", 8).length).toBe(8);
  expect(findEmoji(data, "red heart", 1)[0]?.emoji).toBe("❤️");
  expect(findEmoji(data, "xyzzy")).toEqual([]);
  expect(findEmoji(data, " ")).toEqual([]);
});

test("in Chinese, Chinese and English words find", async () => {
  const data = await loadEmoji("zh");
  expect(findEmoji(data, "大笑").map((found) => found.emoji)).toContain("😄");
  expect(findEmoji(data, "smile", 1)[0]?.emoji).toBe("😄");
  expect(data.byPlain.get("😄")?.name).toBe("大笑");
});

test("among equals the recent ones come first", async () => {
  const data = await loadEmoji("en");
  const plain = findEmoji(data, "cat", 5).map((found) => found.emoji);
  const last = plain.at(-1) ?? "";
  const recent = findEmoji(data, "cat", 5, [last]).map((found) => found.emoji);
  expect(recent.indexOf(last)).toBeLessThan(4);
});

test("every skin tone is an emoji that Unicode lists", async () => {
  const { default: listed } = await import("emojibase-data/en/compact.json");
  const all = new Set(
    listed.flatMap((entry) => ("skins" in entry ? (entry.skins ?? []) : [])).map((s) => s.unicode),
  );
  const data = await loadEmoji("en");
  for (const emoji of data.byPlain.values()) {
    if (emoji.tone !== 0) {
      expect(all).toContain(toned(emoji.emoji, emoji.tone, 3));
    }
  }
});

test("the last used come first, each once, and the usual ones fill up", () => {
  noteEmoji("🐦");
  noteEmoji("🔥");
  noteEmoji("🐦");
  expect(recentEmoji()).toEqual(["🐦", "🔥"]);
  expect(quickEmoji(4)).toEqual(["🐦", "🔥", "👍", "❤️"]);
});

test("a skin tone is kept, and nonsense is none", () => {
  setSkinTone(4);
  expect(skinTone()).toBe(4);
  localStorage.setItem("hoopoe.emoji.tone", "nine");
  expect(skinTone()).toBe(0);
});
