/** Test doubles of what tabs share: locks as the Web Locks API has them, and channels. */

import type { Browser, Channel, Locks } from "../tabs/browser.ts";

interface Waiting {
  grant(): void;
}

interface Held {
  /** Somebody stole it. */
  lose(): void;
}

class DoubleLocks implements Locks {
  readonly #held = new Map<string, Held>();
  readonly #queues = new Map<string, Waiting[]>();

  request<T>(
    name: string,
    options: { signal?: AbortSignal; steal?: boolean },
    run: () => T | Promise<T>,
  ): Promise<T> {
    const { signal, steal = false } = options;
    return new Promise<T>((resolve, reject) => {
      const queue = this.#queues.get(name) ?? [];
      this.#queues.set(name, queue);
      const held: Held = {
        lose: () => reject(new DOMException("the lock was stolen", "AbortError")),
      };
      const hold = async () => {
        this.#held.set(name, held);
        try {
          resolve(await run());
        } catch (error) {
          reject(error);
        }
        if (this.#held.get(name) === held) {
          this.#held.delete(name);
          queue.shift()?.grant();
        }
      };
      if (steal) {
        this.#held.get(name)?.lose();
        queueMicrotask(hold);
      } else if (this.#held.has(name) || queue.length > 0) {
        const waiting = { grant: () => void hold() };
        queue.push(waiting);
        signal?.addEventListener("abort", () => {
          const at = queue.indexOf(waiting);
          if (at >= 0) {
            queue.splice(at, 1);
            reject(signal.reason);
          }
        });
      } else {
        // Taken at once, granted a moment later, as browsers do.
        this.#held.set(name, held);
        queueMicrotask(hold);
      }
    });
  }
}

/** One browser: give it to each tab. Messages come a microtask later, in order, as copies. */
export function doubleBrowser(): Browser & {
  /** The same browser for one tab, which can be frozen: nothing reaches it or leaves it until it thaws. */
  tab(): Browser & { freeze(): void; thaw(): void };
} {
  const locks = new DoubleLocks();
  const open = new Map<string, Set<Channel>>();
  const channel = (name: string): Channel => {
    const all = open.get(name) ?? new Set();
    open.set(name, all);
    const own: Channel = {
      onmessage: null,
      postMessage(message) {
        for (const other of all) {
          if (other !== own) {
            const data = structuredClone(message);
            queueMicrotask(() => all.has(other) && other.onmessage?.({ data } as MessageEvent));
          }
        }
      },
      close() {
        all.delete(own);
      },
    };
    all.add(own);
    return own;
  };
  return { locks, channel, tab: () => freezable({ locks, channel }) };
}

function freezable(browser: Browser) {
  let isFrozen = false;
  const later: (() => void)[] = [];
  const whenThawed = (run: () => void) => (isFrozen ? void later.push(run) : run());
  const channel = (name: string): Channel => {
    const real = browser.channel(name);
    const own: Channel = {
      onmessage: null,
      postMessage: (message) => whenThawed(() => real.postMessage(message)),
      close: () => real.close(),
    };
    real.onmessage = (event) => whenThawed(() => own.onmessage?.(event));
    return own;
  };
  const locks: Locks = {
    request: (name, options, run) =>
      new Promise((resolve, reject) => {
        browser.locks.request(name, options, run).then(
          (result) => whenThawed(() => resolve(result)),
          (error) => whenThawed(() => reject(error)),
        );
      }),
  };
  return {
    locks,
    channel,
    freeze() {
      isFrozen = true;
    },
    thaw() {
      isFrozen = false;
      for (const run of later.splice(0)) {
        run();
      }
    },
  };
}
