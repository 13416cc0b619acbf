/** A server and a browser for the tests of one file. */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium } from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";
import { Person } from "./person.ts";
import { Server } from "./server.ts";
import { Watch } from "./watch.ts";

/** How a person's browser is. */
export interface Look {
  readonly locale?: "en-US" | "zh-CN";
  readonly colorScheme?: "light" | "dark";
  readonly viewport?: { readonly width: number; readonly height: number };
}

/** Everybody and everything that a test works with. */
export class World {
  #server: Server | null = null;
  #browser: Browser | null = null;
  #watch: Watch | null = null;
  #people: Person[] = [];
  #count = 0;

  get server(): Server {
    return present(this.#server);
  }

  get browser(): Browser {
    return present(this.#browser);
  }

  get watch(): Watch {
    return present(this.#watch);
  }

  async open(): Promise<void> {
    this.#server = await Server.start();
    this.#watch = new Watch(this.#server.host);
    this.#browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      // Tests run as root in containers, where there is no sandbox to be had.
      args: ["--no-sandbox", "--disable-dev-shm-usage", "--enable-precise-memory-info"],
    });
  }

  /** A browser of somebody new, at the sign-in page of nobody yet. `name` gets a number. */
  async stranger(name: string, look: Look = {}): Promise<Person> {
    this.#count += 1;
    const options: BrowserContextOptions = {
      baseURL: this.server.url,
      locale: look.locale ?? "en-US",
      colorScheme: look.colorScheme ?? "light",
      viewport: look.viewport ?? { width: 1100, height: 760 },
      reducedMotion: "reduce",
      permissions: ["clipboard-read", "clipboard-write"],
    };
    const context = await this.browser.newContext(options);
    await this.watch.follow(context, name);
    const login = `${name.toLowerCase().replace(/[^a-z]/g, "x")}${this.#count}`;
    const person = new Person(this, context, await context.newPage(), {
      name: `${name} ${this.#count}`,
      login,
      isChinese: look.locale === "zh-CN",
    });
    this.#people.push(person);
    return person;
  }

  /** Somebody who has made an account through the page, and sees the empty client. */
  async person(name: string, look: Look = {}): Promise<Person> {
    const person = await this.stranger(name, look);
    await person.register();
    return person;
  }

  /** Closes the browsers of a test. @throws when a page did what none may. */
  async endTest(failed: string | null): Promise<void> {
    const people = this.#people;
    this.#people = [];
    const shots = process.env.E2E_SHOTS;
    for (const person of people) {
      if (failed !== null && shots !== undefined) {
        await mkdir(shots, { recursive: true });
        const file = `${failed.replace(/[^\w]+/g, "-").slice(0, 60)}.${person.login}.png`;
        await person.page.screenshot({ path: join(shots, file) }).catch(() => {});
      }
      await person.context.close();
    }
    const complaints = this.watch.take();
    if (complaints.length > 0) {
      throw new Error(`pages did what none may:\n${complaints.join("\n")}`);
    }
  }

  async close(): Promise<void> {
    await this.#browser?.close();
    await this.#server?.remove();
  }
}

function present<T>(value: T | null): T {
  if (value === null) {
    throw new Error("the world is not open yet");
  }
  return value;
}

/** A world for all tests of the file that calls it. */
export function createWorld(): World {
  const world = new World();
  beforeAll(() => world.open());
  afterEach(({ task }) => world.endTest(task.result?.state === "fail" ? task.name : null));
  afterAll(() => world.close());
  return world;
}
