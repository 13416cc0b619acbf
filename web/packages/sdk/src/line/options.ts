/** What a line is made of, all of it replaceable. */

/** What a device says of itself; each field has up to 100 characters. */
export interface Device {
  /** The client's own id of the device; it survives a new session. */
  readonly id?: string;
  readonly name?: string;
  readonly platform?: string;
  readonly app_version?: string;
}

/** Where the SDK writes what an app's developer may want to know; `console` is one. No secrets go into it. */
export interface Logger {
  debug(message: string, ...data: unknown[]): void;
  warn(message: string, ...data: unknown[]): void;
}

/**
 * Gives a token; asked before each attempt to connect, one call at a time. `refused` is the token
 * that the server did not take: answering it again stops the line. Rejecting with the code
 * `sdk.signed_out` stops it too; any other rejection is tried again.
 */
export type GetToken = (hint?: { readonly refused?: string }) => string | Promise<string>;

/** The part of a WebSocket that is used; that of browsers, Node ≥ 22, `ws` and `undici` fit. */
export interface Socket {
  send(data: string): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: never) => unknown) | null;
  onmessage: ((event: never) => unknown) | null;
  onclose: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
}

/** What makes one. */
export type SocketClass = new (url: string, protocols: string[]) => Socket;

/** What happens around the line: the network, and whether somebody looks at the page. */
export interface Surroundings {
  /** The network is back, or the page was brought to the front. What is returned ends it. */
  onWake(listener: () => void): () => void;
  /** The network is gone, as far as the device can tell. */
  onOffline?(listener: () => void): () => void;
  /** The page goes away. */
  onLeave(listener: () => void): () => void;
}

/** The options of a line. */
export interface LineOptions {
  /** The server's address: `https://chat.example`, `http://localhost:8080`, `ws://…` as well. */
  readonly url: string;
  readonly getToken: GetToken;
  /** The global `WebSocket` when left out. */
  readonly WebSocket?: SocketClass;
  readonly device?: Device;
  readonly logger?: Logger;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** From 0 to 1, for the waits between attempts. */
  readonly random?: () => number;
  /** The page's own events when left out; none outside of pages. */
  readonly surroundings?: Surroundings;
}

/** Says nothing. */
export const silent: Logger = { debug: () => {}, warn: () => {} };

/** The events of the page that this runs in; outside of pages nothing ever happens. */
export function pageSurroundings(): Surroundings & {
  /** The page goes away or is not seen any more, which phones may not let it come back from. */
  onHide(listener: () => void): () => void;
} {
  const page = typeof document === "undefined" ? null : document;
  const frame = typeof window === "undefined" ? null : window;
  return {
    onWake(listener) {
      const seen = () => {
        if (page?.visibilityState === "visible") {
          listener();
        }
      };
      frame?.addEventListener("online", listener);
      page?.addEventListener("visibilitychange", seen);
      return () => {
        frame?.removeEventListener("online", listener);
        page?.removeEventListener("visibilitychange", seen);
      };
    },
    onOffline(listener) {
      frame?.addEventListener("offline", listener);
      return () => frame?.removeEventListener("offline", listener);
    },
    onHide(listener) {
      const unseen = () => {
        if (page?.visibilityState === "hidden") {
          listener();
        }
      };
      frame?.addEventListener("pagehide", listener);
      page?.addEventListener("visibilitychange", unseen);
      return () => {
        frame?.removeEventListener("pagehide", listener);
        page?.removeEventListener("visibilitychange", unseen);
      };
    },
    onLeave(listener) {
      frame?.addEventListener("pagehide", listener);
      return () => frame?.removeEventListener("pagehide", listener);
    },
  };
}

/** The address of the socket of a server. */
export function socketUrl(url: string): string {
  return `${url.replace(/^http/, "ws").replace(/\/+$/, "")}/v1/socket`;
}

/** The address of a server, given with `http`, `https`, `ws` or `wss`, as HTTP wants it. */
export function httpUrl(url: string): string {
  return url.replace(/^ws/, "http").replace(/\/+$/, "");
}
