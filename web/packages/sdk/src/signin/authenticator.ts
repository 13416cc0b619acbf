/** Signing in with name and password, and having a good token ever after. */

import type { components } from "@hoopoe/wire";
import { HoopoeError } from "../error.ts";
import { createHttp, type Fetch, type Http } from "../http.ts";
import { type Device, httpUrl, type Logger, silent } from "../line/options.ts";
import { value } from "../line/value.ts";
import type { Problem } from "../model.ts";
import { ownError } from "../problems.ts";
import type { Authenticator, ServerInfo, SignIn } from "../signin.ts";
import { defaultStorage } from "../storage/open.ts";
import type { OpenStorage, Storage } from "../storage.ts";
import { type Browser, type Channel, pageBrowser } from "../tabs/browser.ts";
import { fromRefreshed, fromSignedIn, isFresh, type SignInRecord } from "./record.ts";

type Schemas = components["schemas"];

/** How long another tab may take to refresh; after that this one does, in the very same attempt. */
const LOCK_WAIT_MS = 10_000;
/** How long signing out waits for the server. */
const LOGOUT_WAIT_MS = 5_000;
const KEY = "signin";

/** What an authenticator is made of. */
export interface AuthenticatorOptions {
  /** The server's address. */
  readonly url: string;
  /** The app to sign in to, by name or id; the one that the server names when left out. */
  readonly app?: string;
  /** What the session is called in the list of devices. */
  readonly device?: Device;
  readonly fetch?: Fetch;
  /** Where the sign-in is kept; IndexedDB when left out, memory outside of browsers. */
  readonly storage?: OpenStorage;
  readonly logger?: Logger;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** How tabs work together; `null`: not at all. */
  readonly browser?: Browser | null;
}

/** The sign-in of this device. Make one for a page and keep it. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  return new PasswordAuthenticator(options);
}

class PasswordAuthenticator implements Authenticator {
  readonly current = value<SignIn | null | undefined>(undefined);
  readonly ended = value<Problem | null>(null);
  readonly #options: AuthenticatorOptions;
  readonly #http: Http;
  readonly #now: () => number;
  readonly #name: string;
  readonly #browser: Browser | null;
  readonly #channel: Channel | null;
  readonly #storage: Promise<Storage>;
  #refreshing: Promise<string> | null = null;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#http = createHttp(options);
    this.#now = options.now ?? Date.now;
    this.#name = `signin:${httpUrl(options.url)}:${options.app ?? ""}`;
    this.#browser = options.browser === undefined ? pageBrowser() : options.browser;
    this.#channel = this.#browser?.channel(`hoopoe:${this.#name}`) ?? null;
    const open = options.storage ?? defaultStorage(options);
    this.#storage = open(this.#name);
    if (this.#channel !== null) {
      this.#channel.onmessage = ({ data }: { data: { ended: Problem | null } }) => {
        this.ended.set(data.ended);
        this.#read().catch((error: unknown) => this.#warn(error));
      };
    }
    this.#read().catch((error: unknown) => {
      this.#warn(error);
      this.current.set(null);
    });
  }

  async info(): Promise<ServerInfo> {
    interface WireInfo {
      version: string;
      app?: string | null;
      registration: boolean;
      password_chars_min: number;
    }
    const info = await this.#http.call<WireInfo>("server.info");
    return {
      version: info.version,
      app: info.app ?? null,
      registration: info.registration,
      passwordCharsMin: info.password_chars_min,
    };
  }

  login(credentials: { login: string; password: string }): Promise<SignIn> {
    const { login, password } = credentials;
    return this.#enter("auth.login", { login, password });
  }

  register(account: { login: string; password: string; name?: string }): Promise<SignIn> {
    const { login, password, name } = account;
    return this.#enter("auth.register", { login, password, name });
  }

  async getToken(hint?: { readonly refused?: string }): Promise<string> {
    const record = await this.#read();
    if (record === null) {
      throw ownError("sdk.signed_out");
    }
    return this.#isGood(record, hint?.refused) ? record.token : this.#refreshOnce(hint?.refused);
  }

  async check(): Promise<void> {
    const record = await this.#read();
    if (record !== null) {
      // What is found out is in `current` and `ended`; when nothing is, nothing has changed.
      await this.#refreshOnce(record.token).catch((error: unknown) => {
        if (this.current.getSnapshot() !== null) {
          this.#warn(error);
        }
      });
    }
  }

  async signOut(): Promise<void> {
    const record = await this.#locked(async () => {
      const kept = await this.#read();
      await this.#keep(null, null);
      return kept;
    });
    if (record !== null) {
      await this.#logout(record);
    }
  }

  async #enter(method: string, params: object): Promise<SignIn> {
    const app = this.#options.app ?? (await this.info()).app;
    if (app === null) {
      throw ownError("sdk.no_app");
    }
    const { device } = this.#options;
    const reply = await this.#http.call<Schemas["SignedIn"]>(method, { ...params, app, device });
    const record = fromSignedIn(reply, this.#now());
    const before = await this.#locked(async () => {
      const kept = await this.#read();
      await this.#keep(record, null);
      return kept;
    });
    if (before !== null) {
      void this.#logout(before);
    }
    return { user: record.user, session: record.session };
  }

  #isGood(record: SignInRecord, refused: string | undefined): boolean {
    return record.token !== refused && isFresh(record, this.#now());
  }

  #refreshOnce(refused: string | undefined): Promise<string> {
    this.#refreshing ??= this.#locked(() => this.#refresh(refused)).finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #refresh(refused: string | undefined): Promise<string> {
    const record = await this.#read();
    if (record === null) {
      throw ownError("sdk.signed_out");
    }
    if (this.#isGood(record, refused)) {
      // Another tab has done it meanwhile.
      return record.token;
    }
    let reply: Schemas["Refreshed"];
    try {
      reply = await this.#askRefresh(record);
    } catch (error) {
      return this.#onRefreshFailed(record, refused, error);
    }
    const kept = await this.#read();
    if (kept?.session !== record.session) {
      // Signed out meanwhile, or in as somebody else.
      throw ownError("sdk.signed_out");
    }
    if (kept.refreshToken === record.refreshToken) {
      await this.#keep(fromRefreshed(record, reply, this.#now()), null);
    }
    return reply.token;
  }

  async #onRefreshFailed(
    record: SignInRecord,
    refused: string | undefined,
    error: unknown,
  ): Promise<string> {
    if (!(error instanceof HoopoeError && error.problem.status === 401)) {
      if (record.token !== refused && record.expiresAt > this.#now()) {
        return record.token;
      }
      throw error;
    }
    const kept = await this.#read();
    if (kept !== null && kept.refreshToken !== record.refreshToken) {
      return kept.token;
    }
    await this.#keep(null, error.problem);
    throw ownError("sdk.signed_out", null, error);
  }

  #askRefresh(record: SignInRecord): Promise<Schemas["Refreshed"]> {
    const params = { refresh_token: record.refreshToken, client_id: record.attempt };
    return this.#http.call("auth.refresh", params);
  }

  /** Best effort: where the server cannot be reached, the session ends by itself, after 30 days at most. */
  async #logout(record: SignInRecord): Promise<void> {
    const logout = (token: string) =>
      this.#http.call("auth.logout", {}, { token, timeoutMs: LOGOUT_WAIT_MS });
    try {
      const isOver = record.expiresAt <= this.#now();
      await logout(isOver ? (await this.#askRefresh(record)).token : record.token);
    } catch (error) {
      this.#warn(error);
    }
  }

  /** What is kept, which other tabs may have changed; `current` follows it. */
  async #read(): Promise<SignInRecord | null> {
    const storage = await this.#storage;
    const record = (await storage.get<SignInRecord>("meta", KEY)) ?? null;
    this.#show(record);
    return record;
  }

  async #keep(record: SignInRecord | null, ended: Problem | null): Promise<void> {
    const storage = await this.#storage;
    await storage.write([{ table: "meta", key: KEY, value: record ?? undefined }]);
    this.ended.set(ended);
    this.#show(record);
    this.#channel?.postMessage({ ended });
  }

  #show(record: SignInRecord | null): void {
    const shown = this.current.getSnapshot();
    if (record === null) {
      this.current.set(null);
    } else if (shown?.session !== record.session) {
      this.current.set({ user: record.user, session: record.session });
    }
  }

  /** Runs something in one tab at a time, as far as that can be had. */
  async #locked<T>(run: () => Promise<T>): Promise<T> {
    if (this.#browser === null) {
      return run();
    }
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), LOCK_WAIT_MS);
    let isRunning = false;
    try {
      return await this.#browser.locks.request(this.#name, { signal: late.signal }, () => {
        isRunning = true;
        clearTimeout(timer);
        return run();
      });
    } catch (error) {
      if (isRunning) {
        throw error;
      }
      // A tab that sleeps with the lock must not sign everybody out.
      return run();
    } finally {
      clearTimeout(timer);
    }
  }

  #warn(error: unknown): void {
    (this.#options.logger ?? silent).warn("hoopoe: signing in", error);
  }
}
