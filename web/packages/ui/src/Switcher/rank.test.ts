import { expect, test } from "vitest";
import { leastMs } from "../testing/cost.ts";
import { pinyinInitials } from "./pinyin.ts";
import { fold, rank, type Searchable, searchable } from "./rank.ts";

type Named = readonly [name: string, keys?: readonly string[]];

function found(query: string, names: readonly Named[]): string[] {
  const items = names.map(([name, keys]) => ({ name, entry: searchable(name, keys) }));
  return rank(items, query, (item): Searchable => item.entry, 10).map((item) => item.name);
}

test("what begins with it comes before what has it inside", () => {
  expect(found("an", [["Dan"], ["Wu An"], ["Anna"]])).toEqual(["Anna", "Wu An", "Dan"]);
});

test("equals keep their order, so the newest comes first", () => {
  expect(found("team", [["Team B"], ["Team A"]])).toEqual(["Team B", "Team A"]);
  expect(found("", [["x"], ["a"]])).toEqual(["x", "a"]);
});

test("pinyin and initials find Chinese names", () => {
  const people: Named[] = [
    ["张伟", ["zhangwei", "zw"]],
    ["李娜", ["lina", "ln"]],
  ];
  expect(found("zhangw", people)).toEqual(["张伟"]);
  expect(found("ln", people)).toEqual(["李娜"]);
  expect(found("伟", people)).toEqual(["张伟"]);
});

test("letters in their order find, but not over any distance", () => {
  expect(found("dsgn", [["Design team"]])).toEqual(["Design team"]);
  expect(found("dz", [[`D${"x".repeat(40)}z`]])).toEqual([]);
});

test("words may come in any order", () => {
  expect(found("lee ann", [["Ann Lee"], ["Ann Wu"]])).toEqual(["Ann Lee"]);
});

test("accents and widths make no difference", () => {
  expect(fold("Ｚoë")).toBe("zoe");
  expect(found("zoe", [["Zoë"]])).toEqual(["Zoë"]);
});

test("the initials of a group's name come from the order of words", () => {
  expect(pinyinInitials("产品设计")).toBe("cpsj");
  expect(pinyinInitials("Hoopoe 讨论组")).toBe("hoopoetlz");
  expect(pinyinInitials("Trip")).toBe("");
});

test("10,000 names are ranked within the time of a frame or two", () => {
  const items = Array.from({ length: 10_000 }, (_, index) =>
    searchable(`Project ${index} 产品讨论 ${index % 97}`, [`chanpin${index}`]),
  );
  // Twice the whole budget of the switcher, so that a slow machine does not fail it.
  expect(leastMs(() => rank(items, "pr 97", (item) => item, 50))).toBeLessThan(200);
});
