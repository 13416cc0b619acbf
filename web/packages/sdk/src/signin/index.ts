/** `@hoopoe/sdk/signin`: signing in with name and password, for apps without a backend of their own. */

export type * from "../signin.ts";
export { type AuthenticatorOptions, createAuthenticator } from "./authenticator.ts";
