/** What every call of the SDK fails with. */

import type { Problem } from "./model.ts";

/** A refusal of the server, or what the SDK says of itself in the same form. */
export class HoopoeError extends Error {
  override readonly name = "HoopoeError";
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail ? `${problem.title}: ${problem.detail}` : problem.title);
    this.problem = problem;
  }

  /** Stable, `domain.reason`; decide by it. */
  get code(): string {
    return this.problem.code;
  }

  /** Whether the same request may succeed later. */
  get retryable(): boolean {
    return this.problem.retryable;
  }
}
