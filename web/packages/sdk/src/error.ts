import type { Problem } from "./model.ts";

/** Why something was refused, or could not be asked. Decide by `code`. */
export class HoopoeError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem, cause?: unknown) {
    super(problem.detail ?? problem.title, cause === undefined ? undefined : { cause });
    this.name = "HoopoeError";
    this.problem = problem;
  }

  /** Stable, `domain.reason`; the SDK's own begin with `sdk.`. */
  get code(): string {
    return this.problem.code;
  }

  /** Whether the same may succeed later. */
  get retryable(): boolean {
    return this.problem.retryable;
  }
}
