/** What an example needs to be looked at: its files served, a server that lets it in, a browser. */

import { readFile } from "node:fs/promises";
import { createServer, type Server as FileServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { Server } from "../harness/server.ts";

/** What a page of an example may take. */
export const LINES_MAX = 60;

/** The repository. */
export const ROOT = join(import.meta.dirname, "../../..");

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
};

/** Files of a folder over HTTP, as any server of files does it. */
async function serve(folder: string): Promise<FileServer> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const file = pathname.endsWith("/") ? `${pathname}index.html` : pathname;
    readFile(join(folder, normalize(decodeURIComponent(file)))).then(
      (bytes) => {
        response.setHeader("Content-Type", TYPES[extname(file)] ?? "application/octet-stream");
        response.end(bytes);
      },
      () => {
        response.statusCode = 404;
        response.end();
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/** Two people of the demo, Ann in front of the example and Bob on the API. */
export interface Stage {
  readonly server: Server;
  /** Opens a page in a browser of its own. */
  open(path: string): Promise<Page>;
  /** What pages complained about so far. */
  readonly errors: readonly string[];
  close(): Promise<void>;
}

/**
 * Serves `folder` and starts a server that lets its pages in.
 *
 * @throws when the environment's `HOOPOE_BIN` names no server, or there is no Chromium.
 */
export async function createStage(folder: string): Promise<Stage> {
  const files = await serve(folder);
  const origin = `http://127.0.0.1:${(files.address() as AddressInfo).port}`;
  const server = await Server.start(
    `[server]\nallowed_origins = ["${origin}"]\n[http]\ncors_origins = ["${origin}"]\n`,
  );
  const browser: Browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
  const errors: string[] = [];
  return {
    server,
    errors,
    async open(path) {
      const context = await browser.newContext({ locale: "en-US", reducedMotion: "reduce" });
      const page = await context.newPage();
      page.on("pageerror", (error) => errors.push(error.stack ?? error.message));
      await page.goto(`${origin}${path}?server=${encodeURIComponent(server.url)}`);
      return page;
    },
    async close() {
      await browser.close();
      await server.remove();
      files.closeAllConnections();
      await new Promise((resolve) => files.close(resolve));
    },
  };
}

/** Somebody of the demo. @throws when the server has told of nobody of this name. */
export function demo(server: Server, id: "ann" | "bob") {
  const person = server.people.get(id);
  if (person === undefined) throw new Error(`the server has not told of ${id}`);
  return person;
}
