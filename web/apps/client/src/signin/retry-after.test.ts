import type { Problem } from "@hoopoe/sdk";
import { expect, it } from "vitest";
import { clock, retryAt, secondsLeft } from "./retry-after.ts";

const problem = (retryAfterMs: number | null): Problem => ({
  code: "auth.too_many_attempts",
  title: "Too many wrong passwords",
  detail: null,
  status: 429,
  retryable: true,
  retryAfterMs,
  requestId: null,
});

it("the wait begins when the answer came", () => {
  expect(retryAt(problem(null), 1000)).toBeNull();
  expect(retryAt(problem(0), 1000)).toBeNull();
  expect(retryAt(problem(8000), 1000)).toBe(9000);
});

it("the last second counts as one", () => {
  expect(secondsLeft(9000, 1000)).toBe(8);
  expect(secondsLeft(9000, 8001)).toBe(1);
  expect(secondsLeft(9000, 9000)).toBe(0);
  expect(secondsLeft(null, 9000)).toBe(0);
});

it("seconds are written like a clock", () => {
  expect([0, 9, 60, 899].map(clock)).toEqual(["0:00", "0:09", "1:00", "14:59"]);
});
