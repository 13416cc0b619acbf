import { expect, it } from "vitest";
import { pageTitle, shortCount } from "./title.ts";

it("the title says how much is unread", () => {
  expect(pageTitle("Hoopoe", 0)).toBe("Hoopoe");
  expect(pageTitle("Hoopoe", 3)).toBe("(3) Hoopoe");
  expect(pageTitle("Hoopoe", 3, "安")).toBe("(3) 安 · Hoopoe");
  expect(pageTitle("Hoopoe", 100)).toBe("(99+) Hoopoe");
});

it("a count is short", () => {
  expect([0, -1, 1, 99, 100].map(shortCount)).toEqual(["", "", "1", "99", "99+"]);
});
