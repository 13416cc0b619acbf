/** A test double of the part of a server that signs people in: it keeps the rules of `auth.refresh`. */

import type { Fetch } from "../http.ts";
import { wireProblem } from "./socket.ts";

interface Issued {
  readonly token: string;
  readonly refresh_token: string;
  readonly expires_at: string;
  readonly refresh_expires_at: string;
  readonly session: string;
}

/** What it lets a test see and do. */
export interface DoubleAuth {
  readonly fetch: Fetch;
  /** The commands that came, with their bodies. */
  readonly calls: { path: string; body: Record<string, unknown>; token: string | null }[];
  /** What happens to the next request: `lost` is done, but its reply does not arrive. */
  next: "answer" | "lost" | "away" | "busy";
  /** Ends the session. */
  revoke(): void;
  /** Holds answers back until it is called. */
  hold(): () => void;
}

const HOUR_MS = 3_600_000;

/** Makes one; tokens live for an hour. */
export function doubleAuth(now: () => number): DoubleAuth {
  let issued: Issued | null = null;
  let before: { refresh: string; attempt: unknown } | null = null;
  let count = 0;
  let held: Promise<void> = Promise.resolve();

  const issue = (): Issued => {
    count += 1;
    issued = {
      token: `ut_${count}`,
      refresh_token: `rt_${count}`,
      expires_at: new Date(now() + HOUR_MS).toISOString(),
      refresh_expires_at: new Date(now() + 30 * 24 * HOUR_MS).toISOString(),
      session: "ses_1",
    };
    return issued;
  };
  const refresh = (body: Record<string, unknown>): Issued | null => {
    if (issued === null) {
      return null;
    }
    if (body.refresh_token === issued.refresh_token) {
      before = { refresh: issued.refresh_token, attempt: body.client_id };
      return issue();
    }
    const isRepeat = before?.refresh === body.refresh_token && before?.attempt === body.client_id;
    if (!isRepeat) {
      // It came a second time, in another attempt: it was stolen from somebody.
      issued = null;
    }
    return issued;
  };
  const answer = (path: string, body: Record<string, unknown>, token: string | null): Response => {
    if (path === "/v1/server") {
      const info = { version: "1.0.0", app: "demo", registration: true, password_chars_min: 8 };
      return json(200, info);
    }
    if (path === "/v1/auth/refresh") {
      const reply = refresh(body);
      return reply ? json(200, reply) : problem("auth.invalid_refresh_token", 401);
    }
    if (path === "/v1/auth/logout") {
      const isOpen = issued !== null && token === `Bearer ${issued.token}`;
      issued = isOpen ? null : issued;
      return isOpen ? json(200, {}) : problem("auth.invalid_token", 401);
    }
    if (body.password === "wrong") {
      return problem("auth.invalid_credentials", 401);
    }
    const user = { id: "ann", name: body.name ?? "", metadata: {}, created_at: "", updated_at: "" };
    return json(201, { user, ...issue() });
  };
  const auth: DoubleAuth = {
    calls: [],
    next: "answer",
    async fetch(url, init) {
      const path = new URL(url).pathname;
      const body = JSON.parse((init.body as string | null) ?? "{}");
      const token = new Headers(init.headers).get("authorization");
      auth.calls.push({ path, body, token });
      const what = auth.next;
      auth.next = "answer";
      if (what === "away") {
        throw new TypeError("no route");
      }
      if (what === "busy") {
        return problem("server.busy", 503);
      }
      const response = answer(path, body, token);
      await held;
      if (what === "lost") {
        throw new TypeError("the reply is lost");
      }
      return response;
    },
    revoke() {
      issued = null;
    },
    hold() {
      let release = () => {};
      held = new Promise((resolve) => {
        release = resolve;
      });
      return release;
    },
  };
  return auth;
}

function json(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status });
}

function problem(code: string, status: number): Response {
  return json(status, wireProblem(code, status));
}
