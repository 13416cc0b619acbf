/** A test double of the line: what a session tells and answers is the test's. */

import { batch, Value } from "../engine/value.ts";
import type { EventFrame, Line, LineHandler, SkipFrame } from "../line.ts";
import type { ConnectionState } from "../model.ts";
import { type DoubleServer, refusal } from "./server.ts";

type LineState = Omit<ConnectionState, "synced">;

const IDLE: LineState = {
  status: "idle",
  retryAt: null,
  stop: null,
  failure: null,
  leader: true,
};

/** Tabs that hear each other. */
export class DoubleTabs {
  readonly lines = new Set<DoubleLine>();
}

interface Waiting {
  readonly reject: (error: unknown) => void;
}

/** The double. Answers come a microtask later, events at once, unless they are held. */
export class DoubleLine implements Line {
  readonly state = new Value<LineState>(IDLE);
  handler: LineHandler | null = null;
  opened = 0;
  retries = 0;
  /** Replies are lost on their way: the command was done. */
  losesReplies = false;
  /** Events are collected here instead of told. */
  held: (EventFrame | SkipFrame)[] | null = null;
  /** Commands are not even answered until this is called. */
  readonly stalled: (() => void)[] = [];
  stalls: ((method: string) => boolean) | undefined;
  private isLive = false;
  private readonly waiting = new Set<Waiting>();
  private readonly told = new Set<(message: unknown) => void>();
  private readonly server: DoubleServer;
  private readonly tabs: DoubleTabs;

  constructor(server: DoubleServer, tabs = new DoubleTabs(), leader = true) {
    this.server = server;
    this.tabs = tabs;
    this.state.set({ ...IDLE, leader });
    tabs.lines.add(this);
    server.listeners.add((frame) => {
      if (!this.isLive) return;
      if (this.held) this.held.push(frame);
      else this.handler?.onFrame(frame);
    });
  }

  open(handler: LineHandler): void {
    this.handler = handler;
    this.opened++;
  }

  close(): void {
    this.lose();
    this.handler = null;
  }

  retryNow(): void {
    this.retries++;
  }

  /** A session begins. */
  async start(): Promise<void> {
    const started = await this.server.start(this.handler?.cursor() ?? null);
    this.isLive = true;
    this.handler?.onStarted(started);
    this.state.set({ ...this.state.getSnapshot(), status: "online" });
  }

  /** The session is gone. */
  lose(): void {
    if (!this.isLive) return;
    this.isLive = false;
    for (const { reject } of this.waiting) reject(refusal("sdk.offline", 0, true));
    this.waiting.clear();
    this.handler?.onLost();
    this.state.set({ ...this.state.getSnapshot(), status: "waiting" });
  }

  lead(): void {
    this.state.set({ ...this.state.getSnapshot(), leader: true });
  }

  request<R>(method: string, params: object): Promise<R> {
    if (!this.isLive) return Promise.reject(refusal("sdk.offline", 0, true));
    return new Promise<R>((resolve, reject) => {
      const one = { reject };
      this.waiting.add(one);
      const answer = async (): Promise<void> => {
        try {
          const result = await this.server.answer(method, structuredClone(params) as never);
          if (this.losesReplies || !this.waiting.delete(one)) return;
          resolve(result as R);
        } catch (error) {
          if (this.waiting.delete(one)) reject(error);
        }
      };
      if (this.stalls?.(method)) this.stalled.push(() => void answer());
      else queueMicrotask(() => void answer());
    });
  }

  tell(message: unknown): void {
    for (const line of this.tabs.lines) {
      if (line === this) continue;
      for (const listener of line.told) batch(() => listener(structuredClone(message)));
    }
  }

  onTold(listener: (message: unknown) => void): () => void {
    this.told.add(listener);
    return () => void this.told.delete(listener);
  }
}
