import { useCallback } from "react";
import { type Messages, useWords } from "../i18n/words.ts";

/** What was thrown, as far as it says of itself what it is. */
function codeOf(error: unknown): string | null {
  if (typeof error !== "object" || error === null) return null;
  if ("code" in error && typeof error.code === "string") return error.code;
  return "problem" in error ? codeOf(error.problem) : null;
}

/** A problem, or whatever was thrown, in the reader's words. */
export function sayProblem(words: Messages, error: unknown): string {
  const code = codeOf(error);
  return (code === null ? undefined : words.errors.byCode[code]) ?? words.errors.fallback;
}

/** Says what went wrong in the reader's words. */
export function useProblemText(): (error: unknown) => string {
  const words = useWords();
  return useCallback((error: unknown) => sayProblem(words, error), [words]);
}
