import type { Problem } from "@hoopoe/sdk";

/** A call that a double has been given. */
export interface Call {
  /** `conversation.send`, `users.search`, `account.update`… */
  readonly method: string;
  readonly args: readonly unknown[];
  readonly conversation?: string;
}

/** An error as the SDK throws it. */
export class DoubleError extends Error {
  readonly code: string;
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.title);
    this.name = "HoopoeError";
    this.code = problem.code;
    this.problem = problem;
  }
}

/** A problem with a code; the rest is as in one that cannot be mended by trying again. */
export function problem(code: string, more: Partial<Problem> = {}): Problem {
  return {
    code,
    title: code,
    detail: null,
    status: 400,
    retryable: false,
    retryAfterMs: null,
    requestId: null,
    ...more,
  };
}

/** Records calls, and lets a test decide how they end. */
export interface Calls {
  readonly all: Call[];
  /** The calls of one method. */
  of(method: string): Call[];
  /** The next call of a method is refused. */
  fail(method: string, code: string): void;
  /** Calls of a method stay open until the result is called. */
  hold(method: string): () => void;
  /** Notes a call and does what it does, now or when it is let go. */
  run<R>(call: Call, act: () => R): Promise<R>;
  note(call: Call): void;
}

export function createCalls(): Calls {
  const all: Call[] = [];
  const failures = new Map<string, string[]>();
  const held = new Map<string, Promise<void>>();
  return {
    all,
    of: (method) => all.filter((call) => call.method === method),
    fail(method, code) {
      failures.set(method, [...(failures.get(method) ?? []), code]);
    },
    hold(method) {
      let release = () => {};
      held.set(
        method,
        new Promise((resolve) => {
          release = resolve;
        }),
      );
      return () => {
        held.delete(method);
        release();
      };
    },
    async run(call, act) {
      all.push(call);
      await held.get(call.method);
      const code = failures.get(call.method)?.shift();
      if (code !== undefined) throw new DoubleError(problem(code));
      return act();
    },
    note(call) {
      all.push(call);
    },
  };
}
