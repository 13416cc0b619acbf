/** What the service worker does with a request: the decisions, without caches and without network. */

export type Answer =
  /** Not ours: the browser asks the server as if there were no service worker. */
  | "pass"
  /** The page of the app, whatever its address. */
  | "shell"
  /** Named by its content: what is kept is right for ever. */
  | "kept"
  /** The server first, what is kept when it cannot be reached. */
  | "fresh";

/** Addresses of the app's own pages. */
const PAGES = /^\/(?:$|c\/|settings(?:\/|$)|people\/)/;

/** `mode` is that of the request: `navigate` for a page. */
export function answerFor(
  request: { readonly method: string; readonly mode: string },
  address: URL,
  origin: string,
  shell: ReadonlySet<string>,
): Answer {
  if (request.method !== "GET" || address.origin !== origin) return "pass";
  const path = address.pathname;
  // Never, for any reason: these are people's messages.
  if (path === "/v1" || path.startsWith("/v1/")) return "pass";
  if (request.mode === "navigate") return PAGES.test(path) ? "shell" : "pass";
  if (path.startsWith("/assets/")) return "kept";
  return shell.has(path) ? "fresh" : "pass";
}
