import type { Line } from "../line.ts";
import { type Browser, pageBrowser } from "../tabs/browser.ts";
import { LaterLine } from "./later.ts";
import { httpUrl, type LineOptions, silent } from "./options.ts";
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
  if (browser === null || scope === undefined) {
    return new SocketLine(options);
  }
  const load = async (): Promise<Line> => {
    try {
      const { TabsLine } = await import("../tabs/line.ts");
      return new TabsLine(options, browser, `${httpUrl(options.url)}:${scope}`);
    } catch (error) {
      const logger = options.logger ?? silent;
      logger.warn("hoopoe: what tabs share is not there, so this one is by itself", error);
      return new SocketLine(options);
    }
  };
  return new LaterLine(load);
}
