/**
 * The line to the server as the rest of the SDK sees it, whether this tab holds the socket or
 * another one does.
 */

import type { ConnectionState, Observable } from "./model.ts";

/** What a session, or a sync through another tab's session, begins with: the reply of `session.start`. */
export interface Started {
  readonly user: string;
  readonly session: string;
  readonly epoch: number;
  readonly cursor: string;
  readonly heads: readonly {
    readonly conversation: string;
    readonly head_seq: number;
    readonly head_rev: number;
    readonly read_seq: number;
    readonly unread_from?: number | null;
  }[];
  readonly digest: string;
  readonly more: boolean;
  readonly reset?: boolean;
  readonly state?: readonly unknown[];
  readonly state_more?: boolean;
}

/** An event as it stood on the socket. */
export interface EventFrame {
  readonly event: string;
  readonly conversation?: string;
  readonly seq?: number;
  readonly rev?: number;
  readonly at_seq?: number;
  readonly members_rev?: number;
  readonly data: unknown;
}

/** `{"conversation","skip":seq}`: an entry that this user may not see. */
export interface SkipFrame {
  readonly conversation: string;
  readonly skip: number;
}

/** What the line tells. */
export interface LineHandler {
  /** The cursor to begin with; asked before each session. */
  cursor(): string | null;
  /** A session began. What this tab missed since the last one is the handler's to fetch. */
  onStarted(started: Started): void;
  onFrame(frame: EventFrame | SkipFrame): void;
  /** The session is gone; requests under way were rejected with a retryable problem. */
  onLost(): void;
}

/** A line. */
export interface Line {
  readonly state: Observable<Omit<ConnectionState, "synced">>;
  open(handler: LineHandler): void;
  close(): void;
  /** Tries at once where the next attempt is waited for. */
  retryNow(): void;
  /** Asks the server over the line. Rejects with `HoopoeError`; `sdk.offline` at once without a session. */
  request<R>(
    method: string,
    params: object,
    options?: { signal?: AbortSignal; timeoutMs?: number },
  ): Promise<R>;
  /** Tells the other tabs of this user something; nothing where there are none. */
  tell(message: unknown): void;
  onTold(listener: (message: unknown) => void): () => void;
}
