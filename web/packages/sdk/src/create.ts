/** Making a client. */

import type { Client } from "./client.ts";
import { EngineClient } from "./engine/client.ts";
import type { Logger } from "./engine/core.ts";
import type { Line } from "./line.ts";
import type { UserId } from "./model.ts";
import type { OpenStorage } from "./storage.ts";

/** What a client needs to know. */
export interface ClientOptions {
  /** The address of the server, `https://chat.example`. */
  readonly url: string;
  /** Which app of the server; only where one page uses several. */
  readonly app?: string;
  /**
   * Who is signed in, where it is known before the server says it: then nothing that this device
   * has kept of somebody else is shown, and a session of somebody else is refused.
   */
  readonly user?: UserId;
  /** What outlives the page; nothing does when it is left out. */
  readonly storage?: OpenStorage;
  readonly logger?: Logger;
  /** The clock, in milliseconds since 1970. */
  readonly now?: () => number;
  /** Chance, from 0 up to but without 1. */
  readonly random?: () => number;
  readonly line: Line;
}

/** A client. Nothing happens before `connect`. */
export function createClient(options: ClientOptions): Client {
  const { now = Date.now, random = chance } = options;
  return new EngineClient({ ...options, now, random });
}

/** Chance that nobody can guess. */
function chance(): number {
  const word = new Uint32Array(1);
  crypto.getRandomValues(word);
  return (word[0] ?? 0) / 2 ** 32;
}
