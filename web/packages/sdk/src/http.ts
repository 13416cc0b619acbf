/** Commands over HTTP: for signing in, and where there is no socket. */

import { HoopoeError } from "./error.ts";
import { httpUrl } from "./line/options.ts";
import { ownError, readProblem } from "./problems.ts";

/** `fetch`, or what stands in for it. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** What a call over HTTP may be given. */
export interface HttpOptions {
  readonly token?: string;
  readonly signal?: AbortSignal;
  /** 30 s when left out. */
  readonly timeoutMs?: number;
}

/** Calls commands by their names. */
export interface Http {
  /**
   * @throws {HoopoeError} the server's problem; `sdk.offline` when it cannot be reached,
   * `sdk.timeout`, `sdk.aborted`, `sdk.bad_reply`, and `sdk.socket_only` for a command that has no
   * path here.
   */
  call<R>(method: string, params?: object, options?: HttpOptions): Promise<R>;
}

/** How long a request may take. */
const TIMEOUT_MS = 30_000;

/** What is called before there can be a socket. */
const BEFORE: Readonly<Record<string, string>> = {
  "auth.login": "POST /auth/login",
  "auth.logout": "POST /auth/logout",
  "auth.refresh": "POST /auth/refresh",
  "auth.register": "POST /auth/register",
  "server.info": "GET /server",
};

/**
 * Where a command lives: its verb, and its path below `/v1`. Most travel over the socket, so the
 * table of them is loaded when it is first needed.
 */
export async function pathOf(method: string): Promise<string | undefined> {
  return BEFORE[method] ?? (await import("./paths.ts")).PATHS[method];
}

/** Commands over HTTP with a server. */
export function createHttp(options: { url: string; fetch?: Fetch }): Http {
  const base = `${httpUrl(options.url)}/v1`;
  // Taken from the global at each call, and called without a receiver: browsers insist on it.
  const send: Fetch = options.fetch ?? ((url, init) => fetch(url, init));
  return {
    async call<R>(method: string, params: object = {}, call: HttpOptions = {}): Promise<R> {
      const { token, signal, timeoutMs = TIMEOUT_MS } = call;
      const timeout = AbortSignal.timeout(timeoutMs);
      const either = signal ? AbortSignal.any([signal, timeout]) : timeout;
      const headers: Record<string, string> = { accept: "application/json" };
      if (token !== undefined) {
        headers.authorization = `Bearer ${token}`;
      }
      try {
        const { verb, path, body } = address(method, params, await pathOf(method));
        if (body !== null) {
          headers["content-type"] = "application/json";
        }
        either.throwIfAborted();
        const response = await send(`${base}${path}`, {
          method: verb,
          headers,
          body,
          signal: either,
          credentials: "omit",
          cache: "no-store",
        });
        return await read<R>(response);
      } catch (error) {
        if (error instanceof HoopoeError) {
          throw error;
        }
        if (signal?.aborted) {
          throw ownError("sdk.aborted", null, error);
        }
        throw ownError(timeout.aborted ? "sdk.timeout" : "sdk.offline", null, error);
      }
    },
  };
}

/** Spreads the parameters of a command over path, query and body. */
function address(
  method: string,
  params: object,
  row: string | undefined,
): { verb: string; path: string; body: string | null } {
  if (row === undefined) {
    throw ownError("sdk.socket_only", method);
  }
  const [verb = "", template = ""] = row.split(" ");
  const rest: Record<string, unknown> = { ...params };
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = String(rest[name]);
    delete rest[name];
    return encodeURIComponent(value);
  });
  if (verb !== "GET" && verb !== "DELETE") {
    return { verb, path, body: JSON.stringify(rest) };
  }
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(rest)) {
    if (value !== undefined && value !== null) {
      query.set(name, String(value));
    }
  }
  const tail = query.toString();
  return { verb, path: tail === "" ? path : `${path}?${tail}`, body: null };
}

async function read<R>(response: Response): Promise<R> {
  const text = await response.text();
  let value: unknown;
  try {
    value = text === "" ? null : JSON.parse(text);
  } catch (error) {
    throw ownError("sdk.bad_reply", `status ${response.status}`, error);
  }
  if (response.ok) {
    return value as R;
  }
  const problem = readProblem(value);
  throw problem === null
    ? ownError("sdk.bad_reply", `status ${response.status}`)
    : new HoopoeError(problem);
}
