/** Commands over HTTP: for signing in, and where there is no socket. */

import { HoopoeError } from "./error.ts";
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

const C = "/conversations/{conversation}";
const M = `${C}/messages`;

/** Where each command of a user lives: a test compares this with the API description. */
export const PATHS: Readonly<Record<string, string>> = {
  "auth.login": "POST /auth/login",
  "auth.logout": "POST /auth/logout",
  "auth.refresh": "POST /auth/refresh",
  "auth.register": "POST /auth/register",
  "conversations.create": "POST /conversations",
  "conversations.get": `GET ${C}`,
  "conversations.leave": `POST ${C}/leave`,
  "conversations.list": "GET /conversations",
  "conversations.update": `PATCH ${C}`,
  "limits.list": "GET /limits",
  "me.get": "GET /me",
  "me.set_password": "PUT /me/password",
  "me.update": "PATCH /me",
  "members.add": `POST ${C}/members`,
  "members.list": `GET ${C}/members`,
  "members.remove": `DELETE ${C}/members/{user}`,
  "members.update": `PATCH ${C}/members/{user}`,
  "messages.changes": `GET ${C}/changes`,
  "messages.delete": `DELETE ${M}/{seq}`,
  "messages.delivered": `POST ${C}/delivered`,
  "messages.edits": `GET ${M}/{seq}/edits`,
  "messages.get": `GET ${M}/{seq}`,
  "messages.list": `GET ${M}`,
  "messages.react": `PUT ${M}/{seq}/reactions/{emoji}`,
  "messages.reactions": `GET ${M}/{seq}/reactions`,
  "messages.read": `POST ${C}/read`,
  "messages.recall": `POST ${M}/{seq}/recall`,
  "messages.receipts": `GET ${M}/{seq}/receipts`,
  "messages.send": `POST ${M}`,
  "messages.typing": `POST ${C}/typing`,
  "messages.unreact": `DELETE ${M}/{seq}/reactions/{emoji}`,
  "messages.unread": `POST ${C}/unread`,
  "messages.update": `PATCH ${M}/{seq}`,
  "presence.list": "GET /presence",
  "server.info": "GET /server",
  "sessions.delete": "DELETE /sessions/{session}",
  "sessions.delete_others": "DELETE /sessions",
  "sessions.list": "GET /sessions",
  "settings.get": "GET /me/settings",
  "settings.update": "PATCH /me/settings",
  "sync.get": "GET /sync",
  "users.get": "GET /users/{user}",
  "users.list": "GET /users",
};

/** The address of a server, given with `http`, `https`, `ws` or `wss`, as HTTP wants it. */
export function httpUrl(url: string): string {
  return url.replace(/^ws/, "http").replace(/\/+$/, "");
}

/** Commands over HTTP with a server. */
export function createHttp(options: { url: string; fetch?: Fetch }): Http {
  const base = `${httpUrl(options.url)}/v1`;
  // Taken from the global at each call, and called without a receiver: browsers insist on it.
  const send: Fetch = options.fetch ?? ((url, init) => fetch(url, init));
  return {
    async call<R>(method: string, params: object = {}, call: HttpOptions = {}): Promise<R> {
      const { verb, path, body } = address(method, params);
      const { token, signal, timeoutMs = TIMEOUT_MS } = call;
      const timeout = AbortSignal.timeout(timeoutMs);
      const headers: Record<string, string> = { accept: "application/json" };
      if (body !== null) {
        headers["content-type"] = "application/json";
      }
      if (token !== undefined) {
        headers.authorization = `Bearer ${token}`;
      }
      try {
        const response = await send(`${base}${path}`, {
          method: verb,
          headers,
          body,
          signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
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
): { verb: string; path: string; body: string | null } {
  const row = PATHS[method];
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
