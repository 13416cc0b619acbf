/** The problems that the SDK makes itself, and how a server's problem is read. */

import { HoopoeError } from "./error.ts";
import type { Problem } from "./model.ts";

const OWN = {
  /** There is no session now. */
  "sdk.offline": ["There is no connection", 0, true],
  /** No answer in time; it may have been done all the same. */
  "sdk.timeout": ["The server did not answer in time", 0, true],
  /** Nobody is signed in. */
  "sdk.signed_out": ["Nobody is signed in", 401, false],
  /** The caller no longer wants it; it may have been done all the same. */
  "sdk.aborted": ["The request was given up", 0, false],
  /** What came is no answer of a Hoopoe server: a proxy's page, for example. */
  "sdk.bad_reply": ["The answer could not be read", 500, true],
  /** A frame has at most 64 KiB. */
  "sdk.too_large": ["The request is larger than a frame may be", 413, false],
  /** The browser keeps no more. */
  "sdk.storage_full": ["This device has no room", 507, false],
  /** Neither the server nor this program says which app is meant. */
  "sdk.no_app": ["It is not known which app to sign in to", 422, false],
  /** Commands that are no part of the HTTP table go over the socket only. */
  "sdk.socket_only": ["This command needs a connection", 0, true],
  /** There is no WebSocket in this environment, and none was given. */
  "sdk.no_socket": ["There is no WebSocket here; give one with the option `WebSocket`", 0, false],
  /** What happened is no problem of the server's: a mistake of this program, for example. */
  "sdk.failed": ["Something went wrong on this device", 0, false],
  "sdk.discarded": ["It was taken out of the outbox", 0, false],
  "sdk.expired": ["It could not be sent for thirty days", 0, false],
  /** `clear` was called. */
  "sdk.cleared": ["This device has forgotten the user", 0, false],
  /** `disconnect` was called. */
  "sdk.closed": ["The client was disconnected", 0, true],
  /** `connection` says why. */
  "sdk.stopped": ["The connection is over for good", 0, false],
} as const satisfies Record<string, readonly [title: string, status: number, retryable: boolean]>;

/** The codes of the SDK's own problems. */
export type OwnCode = keyof typeof OWN;

/** A problem of the SDK's own. */
export function ownProblem(code: OwnCode, detail: string | null = null): Problem {
  const [title, status, retryable] = OWN[code];
  return { code, title, detail, status, retryable, retryAfterMs: null, requestId: null };
}

/** The same as an error to throw. */
export function ownError(
  code: OwnCode,
  detail: string | null = null,
  cause?: unknown,
): HoopoeError {
  return new HoopoeError(ownProblem(code, detail), cause);
}

/** Reads `application/problem+json`; `null` when it is none. */
export function readProblem(value: unknown): Problem | null {
  if (typeof value !== "object" || value === null) {
    return null;
  }
  const wire = value as Record<string, unknown>;
  if (typeof wire.code !== "string") {
    return null;
  }
  return {
    code: wire.code,
    title: text(wire.title) ?? wire.code,
    detail: text(wire.detail) ?? fields(wire.errors),
    status: typeof wire.status === "number" ? wire.status : 500,
    retryable: wire.retryable === true,
    retryAfterMs: typeof wire.retry_after_ms === "number" ? wire.retry_after_ms : null,
    requestId: text(wire.request_id),
  };
}

/** Whatever was thrown, as a problem: for `failure` fields. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof HoopoeError) {
    return thrown.problem;
  }
  return ownProblem("sdk.offline", thrown instanceof Error ? thrown.message : String(thrown));
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** The wrong fields of a request in words: `text is too long`. */
function fields(errors: unknown): string | null {
  if (!Array.isArray(errors)) {
    return null;
  }
  const said = errors.flatMap((error: Record<string, unknown> | null) =>
    typeof error?.pointer === "string"
      ? [
          `${error.pointer.replace(/^\//, "")}: ${text(error.detail) ?? text(error.code) ?? "wrong"}`,
        ]
      : [],
  );
  return said.length > 0 ? said.join(", ") : null;
}
