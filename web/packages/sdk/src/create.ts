/** Making a client. */

import type { Client } from "./client.ts";
import { EngineClient } from "./engine/client.ts";
import type { Fetch } from "./http.ts";
import { createLine } from "./line/create.ts";
import type { Device, GetToken, Logger, SocketClass } from "./line/options.ts";
import type { Line } from "./line.ts";
import type { UserId } from "./model.ts";
import { ownError } from "./problems.ts";
import { defaultStorage } from "./storage/open.ts";
import type { OpenStorage } from "./storage.ts";

/** What a client needs to know. */
export interface ClientOptions {
  /** The address of the server, `https://chat.example`. */
  readonly url: string;
  /** Gives a token of the user; asked before each attempt to connect. */
  readonly getToken: GetToken;
  /**
   * Who is signed in, where it is known before the server says it. Then tabs of one browser share a
   * socket, nothing that this device has kept of somebody else is shown, and a session of somebody
   * else is refused. Without it, what the last user of this device has kept is shown until the
   * server says who this one is: call `clear` at sign-out.
   */
  readonly user?: UserId;
  /** Which app of the server; only where one page uses several. */
  readonly app?: string;
  /** What outlives the page: IndexedDB in browsers, nothing in Node, when left out. */
  readonly storage?: OpenStorage;
  /** Whether tabs share a socket; they do when left out and `user` is given. */
  readonly tabs?: boolean;
  readonly device?: Device;
  readonly fetch?: Fetch;
  readonly WebSocket?: SocketClass;
  readonly logger?: Logger;
  /** The clock, in milliseconds since 1970. */
  readonly now?: () => number;
  /** Chance, from 0 up to but without 1. */
  readonly random?: () => number;
  /** Another line than one over a WebSocket: for tests. */
  readonly line?: Line;
}

/** A client. Nothing happens before `connect`. */
export function createClient(options: ClientOptions): Client {
  const { url, user, app, getToken, logger, now = Date.now, random = chance } = options;
  const { tabs = true, device, WebSocket } = options;
  const scope = user === undefined ? undefined : `${app ?? ""}:${user}`;
  const line =
    options.line ??
    createLine({
      url,
      getToken,
      now,
      random,
      device,
      logger,
      WebSocket,
      ...(tabs && scope !== undefined ? { scope } : { browser: null }),
    });
  return new EngineClient({
    url,
    app,
    user,
    line,
    now,
    random,
    logger,
    storage: options.storage ?? defaultStorage(logger ? { logger } : {}),
    http: async (method, params, signal) => {
      const token = await getToken();
      const { createHttp } = await import("./http.ts").catch(unloaded);
      return createHttp({ url, fetch: options.fetch }).call(method, params, { token, signal });
    },
  });
}

/** Most commands travel over the socket, so those over HTTP are loaded with the first of them. */
function unloaded(cause: unknown): never {
  throw ownError("sdk.offline", null, cause);
}

/** Chance that nobody can guess. */
function chance(): number {
  const word = new Uint32Array(1);
  crypto.getRandomValues(word);
  return (word[0] ?? 0) / 2 ** 32;
}
