/** Requests on one socket: numbered, at most so many at a time, the rest in a row behind them. */

import { HoopoeError } from "../error.ts";
import { ownError, readProblem } from "../problems.ts";
import { Pending, type RequestOptions } from "./pending.ts";

/** The server stops reading at 256; below that a probe of the line still gets through. */
export const IN_FLIGHT_MAX = 200;
/** The server closes a line on which a larger frame comes. */
export const FRAME_BYTES_MAX = 65_536;

/** A reply as it stood on the socket. */
export interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: unknown;
}

export class Calls {
  readonly #send: (text: string) => void;
  readonly #sent = new Set<number>();
  readonly #pending = new Pending((id) => {
    if (this.#sent.delete(id)) {
      this.#pump();
    }
  });
  #queue: { id: number; text: string }[] = [];
  #lastId = 0;

  constructor(send: (text: string) => void) {
    this.#send = send;
  }

  /** A number for a frame that is answered past this book. */
  fresh(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  ask<R>(method: string, params: object, options: RequestOptions): Promise<R> {
    if (options.signal?.aborted) {
      return Promise.reject(ownError("sdk.aborted", null, options.signal.reason));
    }
    const id = this.fresh();
    const text = JSON.stringify({ id, method, params });
    // A UTF-16 unit has at most three bytes in UTF-8, so most frames need not be counted.
    if (text.length * 3 > FRAME_BYTES_MAX && bytes(text) > FRAME_BYTES_MAX) {
      return Promise.reject(ownError("sdk.too_large"));
    }
    const answer = this.#pending.add<R>(id, options);
    this.#queue.push({ id, text });
    this.#pump();
    return answer;
  }

  /** An answer to something that no longer waits is passed over. */
  onReply(reply: Reply): void {
    const { id, result, error } = reply;
    if (error !== undefined) {
      const problem = readProblem(error);
      this.#pending.refuse(id, problem ? new HoopoeError(problem) : ownError("sdk.bad_reply"));
    } else if (result !== undefined) {
      this.#pending.answer(id, result);
    } else {
      this.#pending.refuse(id, ownError("sdk.bad_reply"));
    }
  }

  /** The socket is gone: everything that waits is told so. */
  onLost(): void {
    this.#queue = [];
    this.#sent.clear();
    this.#pending.refuseAll(() => ownError("sdk.offline"));
  }

  #pump(): void {
    while (this.#sent.size < IN_FLIGHT_MAX) {
      const next = this.#queue.shift();
      if (next === undefined) {
        return;
      }
      if (this.#pending.has(next.id)) {
        this.#sent.add(next.id);
        this.#send(next.text);
      }
    }
  }
}

function bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}
