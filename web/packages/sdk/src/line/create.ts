import type { Line } from "../line.ts";
import { type Browser, pageBrowser } from "../tabs/browser.ts";
import { TabsLine } from "../tabs/line.ts";
import { httpUrl, type LineOptions } from "./options.ts";
import { SocketLine } from "./socket.ts";

/** The options of `createLine`. */
export interface CreateLineOptions extends LineOptions {
  /**
   * Names who the line is for: tabs of one browser with the same server and the same scope share one
   * socket. Give the user's id. Without it each tab has a socket of its own: two tabs may be two
   * people, and one must not hear what is told the other.
   */
  readonly scope?: string;
  /** How tabs work together; `null`: not at all. */
  readonly browser?: Browser | null;
}

/** A line: shared by the tabs of this browser where they can, and are known to be one user's. */
export function createLine(options: CreateLineOptions): Line {
  const { scope } = options;
  const browser = options.browser === undefined ? pageBrowser() : options.browser;
  return browser === null || scope === undefined
    ? new SocketLine(options)
    : new TabsLine(options, browser, `${httpUrl(options.url)}:${scope}`);
}
