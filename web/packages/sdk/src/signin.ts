/** Signing in with a login name and a password, for apps without a backend of their own. */

import type { Observable, Problem, User } from "./model.ts";

/** What a server says to who is not signed in yet. */
export interface ServerInfo {
  readonly version: string;
  /** The app that this server's own client signs in to; `null` when none is set. */
  readonly app: string | null;
  /** Whether people make accounts by themselves. */
  readonly registration: boolean;
  readonly passwordCharsMin: number;
}

/** Who is signed in on this device. */
export interface SignIn {
  readonly user: User;
  readonly session: string;
}

/** The sign-in of this device; give `getToken` to `createClient`. */
export interface Authenticator {
  /** `undefined` while it is read from storage; `null`: nobody. */
  readonly current: Observable<SignIn | null | undefined>;
  info(): Promise<ServerInfo>;
  login(credentials: { login: string; password: string }): Promise<SignIn>;
  register(account: { login: string; password: string; name?: string }): Promise<SignIn>;
  /**
   * A token that is good; refreshed where needed, once for all tabs. Rejects with `sdk.signed_out` when
   * nobody is signed in. `refused` is a token that the server did not take: it is not given again.
   */
  getToken(hint?: { readonly refused?: string }): Promise<string>;
  /**
   * Asks the server whether the session still holds, for when a connection was stopped as `revoked`:
   * when it does not, `current` is `null` and `ended` says why. Where the server cannot be asked,
   * nothing changes.
   */
  check(): Promise<void>;
  /** Ends the session on the server as well, where it can be reached. */
  signOut(): Promise<void>;
  /** Why the last session ended by itself: revoked elsewhere, expired. */
  readonly ended: Observable<Problem | null>;
}
