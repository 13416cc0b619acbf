/** What a device keeps of a sign-in, and how it is read from replies. */

import type { components } from "@hoopoe/wire";
import type { User } from "../model.ts";

type Schemas = components["schemas"];

/** What is kept. Whoever reads this is this person until the session ends. */
export interface SignInRecord {
  readonly user: User;
  readonly session: string;
  readonly token: string;
  /** Milliseconds since 1970, as the two after it. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly refreshExpiresAt: number;
  readonly refreshToken: string;
  /**
   * The `client_id` of the attempt to refresh with this refresh token: made and kept together with
   * it, so that whoever repeats the attempt, be it another tab or the next page, repeats the same.
   */
  readonly attempt: string;
}

/** From a sign-in. */
export function fromSignedIn(reply: Schemas["SignedIn"], now: number): SignInRecord {
  return { ...renewed(reply, now), user: readUser(reply.user) };
}

/** From a refresh, which leaves the person the same. */
export function fromRefreshed(
  record: SignInRecord,
  reply: Schemas["Refreshed"],
  now: number,
): SignInRecord {
  return { ...renewed(reply, now), user: record.user };
}

function renewed(reply: Schemas["Refreshed"], now: number): Omit<SignInRecord, "user"> {
  return {
    session: reply.session,
    token: reply.token,
    issuedAt: now,
    expiresAt: Date.parse(reply.expires_at),
    refreshExpiresAt: Date.parse(reply.refresh_expires_at),
    refreshToken: reply.refresh_token,
    attempt: randomId(),
  };
}

/** A token with less than this left is replaced, unless that were more than a fifth of its life. */
const LEFT_MS_MIN = 5 * 60_000;

/** Whether a token is good for a while. */
export function isFresh(record: SignInRecord, now: number): boolean {
  const life = record.expiresAt - record.issuedAt;
  return record.expiresAt - now > Math.min(LEFT_MS_MIN, life / 5);
}

function readUser(user: Schemas["User"]): User {
  return {
    id: user.id,
    name: user.name === "" ? user.id : user.name,
    avatarUrl: user.avatar_url ?? null,
    keys: (user as { keys?: readonly string[] }).keys ?? [],
    metadata: user.metadata ?? {},
  };
}

/** 128 bits that nobody can guess. `crypto.randomUUID` is missing on pages without HTTPS. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
