import type { Problem } from "@hoopoe/sdk";
import { expect, it } from "vitest";
import { fieldOf } from "./problem.ts";

const problem = (code: string, detail: string | null = null): Problem => ({
  code,
  title: "",
  detail,
  status: 422,
  retryable: false,
  retryAfterMs: null,
  requestId: null,
});

it("a refusal stands at the field that it is about", () => {
  expect(fieldOf(problem("accounts.login_taken"))).toBe("login");
  expect(fieldOf(problem("request.invalid", "password: among those that are guessed first"))).toBe(
    "password",
  );
  expect(fieldOf(problem("request.invalid", "login: 1 to 64 of A-Z"))).toBe("login");
  expect(fieldOf(problem("request.invalid", "app: unknown"))).toBeNull();
  expect(fieldOf(problem("auth.invalid_credentials", "password: wrong"))).toBeNull();
});
