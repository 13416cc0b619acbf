/** The real server, in a process and a directory of its own. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { PATIENCE_MS } from "./until.ts";

/** Settings for tests: no rates, and the cheapest hash that is allowed. */
const SETTINGS = `
[accounts]
registration = "open"
hash = { memory_kib = 19456, passes = 2, lanes = 1 }

[limits]
enabled = false

[log]
level = "warn"
`;

/** Lines of the log that a failure shows. */
const LOG_LINES_MAX = 200;

/** Somebody who exists in every demo. */
export interface DemoPerson {
  readonly id: string;
  readonly password: string;
  readonly token: string;
}

/** A server that can be killed and started again, on the same port and data. */
export class Server {
  readonly #dir: string;
  readonly #log: string[] = [];
  #process: ChildProcess | null = null;
  #port = 0;
  #url = "";
  readonly people = new Map<string, DemoPerson>();

  private constructor(dir: string) {
    this.#dir = dir;
  }

  /**
   * Starts the program that the environment's `HOOPOE_BIN` names; `settings` are lines of TOML for
   * tables that those of all tests leave alone.
   *
   * @throws when it is not named, or does not listen in time.
   */
  static async start(settings = ""): Promise<Server> {
    const dir = await mkdtemp(join(tmpdir(), "hoopoe-e2e-"));
    await writeFile(join(dir, "hoopoe.toml"), `${SETTINGS}${settings}`);
    const server = new Server(dir);
    await server.start();
    return server;
  }

  /** Where it is reached, without a slash at the end. */
  get url(): string {
    return this.#url;
  }

  get host(): string {
    return new URL(this.#url).host;
  }

  /** What it has said last. */
  get log(): string {
    return this.#log.join("\n");
  }

  /** Starts it again after {@link kill}; the first time by {@link Server.start}. */
  async start(): Promise<void> {
    const program = process.env.HOOPOE_BIN;
    if (program === undefined || program === "") {
      throw new Error("HOOPOE_BIN has to name the server's program");
    }
    const listen = `127.0.0.1:${this.#port}`;
    const config = join(this.#dir, "hoopoe.toml");
    const args = ["serve", "--demo", "--config", config, "--data", join(this.#dir, "data")];
    const child = spawn(program, [...args, "--listen", listen], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1" },
    });
    this.#process = child;
    createInterface({ input: child.stderr }).on("line", (line) => this.#note(line));
    await this.#ready(child);
  }

  #note(line: string): void {
    this.#log.push(line);
    this.#log.splice(0, this.#log.length - LOG_LINES_MAX);
  }

  /** Reads until it listens and has told of both people of the demo. */
  #ready(child: ChildProcess): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`${why}\n${this.log}`));
      const timer = setTimeout(() => fail("the server does not listen"), PATIENCE_MS);
      child.once("error", (error) => fail(`the server does not start: ${error.message}`));
      child.once("exit", (code) => fail(`the server has ended with ${code}`));
      const told = new Set<string>();
      if (child.stdout === null) {
        return fail("the server has no output");
      }
      createInterface({ input: child.stdout }).on("line", (line) => {
        this.#note(line);
        const url = /^listening on (\S+)/.exec(line)?.[1];
        if (url !== undefined) {
          this.#url = url;
          this.#port = Number(new URL(url).port);
        }
        const [, id, password, token] = /^ {2}(ann|bob) +(\S+) +(ut_\S+)$/.exec(line) ?? [];
        if (id !== undefined && password !== undefined && token !== undefined) {
          this.people.set(id, { id, password, token });
          told.add(id);
        }
        if (told.size === 2 && this.#url !== "") {
          clearTimeout(timer);
          child.removeAllListeners("exit");
          resolve();
        }
      });
    });
  }

  /** Kills it as a power cut would. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null) {
      return;
    }
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  /** Ends it, and removes what it wrote. */
  async remove(): Promise<void> {
    await this.kill();
    await rm(this.#dir, { recursive: true, force: true });
  }

  /**
   * Calls the API.
   *
   * @throws on every answer but a success, with what it said.
   */
  async api<R>(token: string | null, method: string, path: string, body?: object): Promise<R> {
    const headers: Record<string, string> = { "Content-Type": "application/json" };
    if (token !== null) {
      headers.Authorization = `Bearer ${token}`;
    }
    const response = await fetch(`${this.url}/v1${path}`, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) {
      throw new Error(`${method} ${path}: ${response.status} ${text}`);
    }
    return (text === "" ? undefined : JSON.parse(text)) as R;
  }
}
