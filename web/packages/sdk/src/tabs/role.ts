import type { RequestOptions } from "../line/pending.ts";
import type { LineState } from "../line/socket.ts";
import type { LineHandler } from "../line.ts";
import type { TabMessage } from "./messages.ts";

/** What a tab is among the others: its leader, or a follower. */
export interface Role {
  onMessage(message: TabMessage): void;
  request(method: string, params: object, options: RequestOptions): Promise<unknown>;
  /** Tries at once where the next attempt is waited for. */
  retryNow(): void;
  /** Ends it; a session is lost with it. */
  end(): void;
}

/** The tab, as its role sees it. */
export interface Tab {
  readonly id: string;
  post(message: TabMessage): void;
  /** Who hears; its mistakes are caught. */
  handler(): LineHandler;
  show(state: LineState): void;
}
