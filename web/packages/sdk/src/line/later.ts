/** A line whose program is loaded while the page shows what it has kept. */

import type { Line, LineHandler } from "../line.ts";
import { ownError } from "../problems.ts";
import { IDLE, type LineState } from "./socket.ts";
import { value } from "./value.ts";

const UNLOADED: LineState = { ...IDLE, leader: false };

/** Stands in for a line until it is there; what is asked before fails as without a connection. */
export class LaterLine implements Line {
  readonly state = value<LineState>(UNLOADED);
  readonly #told = new Set<(message: unknown) => void>();
  #line: Line | null = null;
  #handler: LineHandler | null = null;

  /** `load` never rejects. */
  constructor(load: () => Promise<Line>) {
    void load().then((line) => this.#onLoaded(line));
  }

  open(handler: LineHandler): void {
    this.#handler = handler;
    if (this.#line) {
      this.#line.open(handler);
    } else {
      this.state.set({ ...UNLOADED, status: "connecting" });
    }
  }

  close(): void {
    if (this.#line) {
      this.#line.close();
    } else if (this.#handler) {
      this.state.set({ ...UNLOADED, status: "stopped", stop: "closed" });
    }
    this.#handler = null;
  }

  retryNow(): void {
    this.#line?.retryNow();
  }

  request<R>(
    method: string,
    params: object,
    options?: { signal?: AbortSignal; timeoutMs?: number },
  ): Promise<R> {
    return (
      this.#line?.request<R>(method, params, options) ?? Promise.reject(ownError("sdk.offline"))
    );
  }

  tell(message: unknown): void {
    this.#line?.tell(message);
  }

  onTold(listener: (message: unknown) => void): () => void {
    const own = (message: unknown) => listener(message);
    this.#told.add(own);
    return () => void this.#told.delete(own);
  }

  #onLoaded(line: Line): void {
    this.#line = line;
    line.state.subscribe(() => this.state.set(line.state.getSnapshot()));
    line.onTold((message) => {
      for (const listener of [...this.#told]) {
        listener(message);
      }
    });
    if (this.#handler) {
      line.open(this.#handler);
    }
  }
}
