/** What no page may do: break its policy, reach another host, or say that something went wrong. */

import type { BrowserContext, Page } from "playwright-core";

/** Sees everything that the pages of a context do wrong. */
export class Watch {
  readonly #complaints: string[] = [];
  readonly #allowed: RegExp[] = [];
  readonly #host: string;

  constructor(host: string) {
    this.#host = host;
  }

  /** Watches the pages of a context, those of later as well. */
  async follow(context: BrowserContext, who: string): Promise<void> {
    await context.addInitScript(() => {
      addEventListener("securitypolicyviolation", (event) => {
        const where = `${event.sourceFile ?? ""}:${event.lineNumber ?? 0}`;
        // biome-ignore lint/suspicious/noConsole: the console is what is watched
        console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${where}`);
      });
    });
    context.on("page", (page) => this.#page(page, who));
    context.on("request", (request) => {
      const { protocol, host } = new URL(request.url());
      const isLocal = protocol === "data:" || protocol === "blob:" || host === this.#host;
      if (!isLocal) {
        this.#complain(`${who}: a request to ${request.url()}`);
      }
    });
  }

  #page(page: Page, who: string): void {
    page.on("pageerror", (error) => this.#complain(`${who}: ${error.stack ?? error.message}`));
    page.on("crash", () => this.#complain(`${who}: the page has crashed`));
    page.on("dialog", (dialog) => {
      this.#complain(`${who}: a dialog "${dialog.message()}"`);
      dialog.dismiss().catch(() => {});
    });
    page.on("console", (message) => {
      if (message.type() === "error") {
        this.#complain(`${who}: ${message.text()} (${message.location().url})`);
      }
    });
  }

  #complain(complaint: string): void {
    this.#complaints.push(complaint);
  }

  /** Errors that this test provokes: refused requests, a server that is gone. */
  allow(...patterns: RegExp[]): void {
    this.#allowed.push(...patterns);
  }

  /** Forgets, and gives what nobody allowed. */
  take(): string[] {
    const found = this.#complaints.splice(0);
    const allowed = this.#allowed.splice(0);
    return found.filter((complaint) => !allowed.some((pattern) => pattern.test(complaint)));
  }
}

/** What the browser itself says when there is no line, or no server. */
export const OUTAGE = [
  /net::ERR_(INTERNET_DISCONNECTED|CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE|FAILED|ABORTED)/,
  /WebSocket connection to .* failed/,
] as const;

/** What the browser itself says of an answer that refuses. */
export const REFUSED = /Failed to load resource: the server responded with a status of 4\d\d/;
