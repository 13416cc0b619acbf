import type { HoopoeError } from "../error.ts";
import { ownError } from "../problems.ts";

/** How long an answer may take unless the caller says otherwise. */
export const REQUEST_TIMEOUT_MS = 30_000;

/** What a request may be given. */
export interface RequestOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

interface Entry {
  resolve(result: unknown): void;
  reject(error: unknown): void;
  /** Stops the clock and lets go of the signal. */
  free(): void;
}

/** Questions that wait for an answer, by number. Each is answered, refused, timed out or given up once. */
export class Pending {
  readonly #entries = new Map<number, Entry>();
  readonly #onEnd: (id: number) => void;

  /** `onEnd` hears of each that no longer waits, whatever the reason. */
  constructor(onEnd: (id: number) => void = () => {}) {
    this.#onEnd = onEnd;
  }

  has(id: number): boolean {
    return this.#entries.has(id);
  }

  add<R>(id: number, options: RequestOptions): Promise<R> {
    const { signal, timeoutMs = REQUEST_TIMEOUT_MS } = options;
    return new Promise<R>((resolve, reject) => {
      const timer = setTimeout(() => this.refuse(id, ownError("sdk.timeout")), timeoutMs);
      const abort = () => this.refuse(id, ownError("sdk.aborted", null, signal?.reason));
      signal?.addEventListener("abort", abort, { once: true });
      const free = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
      };
      this.#entries.set(id, { resolve: resolve as (result: unknown) => void, reject, free });
    });
  }

  answer(id: number, result: unknown): void {
    this.#end(id)?.resolve(result);
  }

  refuse(id: number, error: HoopoeError): void {
    this.#end(id)?.reject(error);
  }

  refuseAll(error: () => HoopoeError): void {
    for (const id of [...this.#entries.keys()]) {
      this.refuse(id, error());
    }
  }

  #end(id: number): Entry | undefined {
    const entry = this.#entries.get(id);
    if (entry !== undefined) {
      this.#entries.delete(id);
      entry.free();
      this.#onEnd(id);
    }
    return entry;
  }
}
