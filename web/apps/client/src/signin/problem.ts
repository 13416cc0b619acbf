/** Where on the sign-in page a refusal belongs. */

import type { Problem } from "@hoopoe/sdk";

export type Field = "login" | "password" | "name";

const BY_CODE: Readonly<Record<string, Field>> = {
  "accounts.login_taken": "login",
};

/**
 * The field that a refusal is about, or `null` when it is about the whole. A refused field is named
 * at the beginning of the detail: `password: among those that are guessed first`.
 */
export function fieldOf(problem: Problem): Field | null {
  const known = BY_CODE[problem.code];
  if (known) return known;
  if (problem.code !== "request.invalid") return null;
  const name = /^\/?(login|password|name)\b/.exec(problem.detail ?? "")?.[1];
  return name === "login" || name === "password" || name === "name" ? name : null;
}
