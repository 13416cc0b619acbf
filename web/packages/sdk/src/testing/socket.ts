/** Test doubles of the network: a socket that a test scripts, and a page whose events it fires. */

import type { Socket, SocketClass, Surroundings } from "../line/options.ts";

/** A frame that was sent. */
export interface SentFrame {
  readonly id: number;
  readonly method: string;
  readonly params: Record<string, unknown>;
}

/** A socket of which the test is the server. */
export class DoubleSocket implements Socket {
  onopen: ((event: never) => unknown) | null = null;
  onmessage: ((event: never) => unknown) | null = null;
  onclose: ((event: never) => unknown) | null = null;
  onerror: ((event: never) => unknown) | null = null;
  /** What the client sent, in order. */
  readonly sent: SentFrame[] = [];
  /** Whether the client hung up. */
  isClosed = false;

  constructor(
    readonly url: string,
    readonly protocols: string[],
  ) {}

  send(data: string): void {
    this.sent.push(JSON.parse(data));
  }

  close(): void {
    this.isClosed = true;
  }

  /** The frames of one command. */
  asked(method: string): SentFrame[] {
    return this.sent.filter((frame) => frame.method === method);
  }

  /** The newest frame; an error where nothing was sent. */
  last(): SentFrame {
    const frame = this.sent.at(-1);
    if (frame === undefined) {
      throw new Error("nothing was sent");
    }
    return frame;
  }

  /** The server accepts the socket. */
  accept(): void {
    this.onopen?.({} as never);
  }

  /** The server sends a frame. */
  tell(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) } as never);
  }

  /** The server answers what was asked last. */
  reply(result: unknown, id: number = this.last().id): void {
    this.tell({ id, result });
  }

  /** The server refuses what was asked last. */
  refuse(error: object, id: number = this.last().id): void {
    this.tell({ id, error });
  }

  /** Accepts, and answers `session.start`. */
  start(change: object = {}): void {
    this.accept();
    this.reply(started(change));
  }

  /** The server closes, or the line breaks (1006). */
  end(code: number, reason = ""): void {
    this.onclose?.({ code, reason } as never);
  }
}

/** What `session.start` is answered with. */
export function started(change: object = {}): object {
  const heads: unknown[] = [];
  return {
    user: "ann",
    session: "ses_1",
    epoch: 1,
    cursor: "c1",
    heads,
    digest: "00",
    more: false,
    ...change,
  };
}

/** A class of sockets that keeps those that were made. */
export function doubleSockets(): {
  Class: SocketClass;
  made: DoubleSocket[];
  last(): DoubleSocket;
} {
  const made: DoubleSocket[] = [];
  class Kept extends DoubleSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      made.push(this);
    }
  }
  return {
    Class: Kept,
    made,
    last() {
      const socket = made.at(-1);
      if (socket === undefined) {
        throw new Error("no socket was made");
      }
      return socket;
    },
  };
}

/** A page of which the test fires the events. */
export function doubleSurroundings(): Surroundings & {
  wake(): void;
  offline(): void;
  leave(): void;
  listeners(): number;
} {
  const wakes = new Set<() => void>();
  const offlines = new Set<() => void>();
  const leaves = new Set<() => void>();
  const on = (set: Set<() => void>) => (listener: () => void) => {
    set.add(listener);
    return () => {
      set.delete(listener);
    };
  };
  const fire = (set: Set<() => void>) => {
    for (const listener of [...set]) {
      listener();
    }
  };
  return {
    onWake: on(wakes),
    onOffline: on(offlines),
    onLeave: on(leaves),
    wake: () => fire(wakes),
    offline: () => fire(offlines),
    leave: () => fire(leaves),
    listeners: () => wakes.size + offlines.size + leaves.size,
  };
}

/** A problem as the server sends it. */
export function wireProblem(code: string, status: number, change: object = {}): object {
  return {
    type: `https://docs.hoopoe.im/errors#${code}`,
    title: code,
    status,
    code,
    request_id: "req_1",
    retryable: status >= 500 || status === 429,
    ...change,
  };
}
