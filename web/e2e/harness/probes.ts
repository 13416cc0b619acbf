/**
 * What is measured inside of a page. A probe is started before the act and asked afterwards; times are
 * milliseconds since 1970 with their fractions, so that pages can be compared with each other.
 */

import type { Page } from "playwright-core";

interface Probes {
  /** When the key that was pressed last went down. */
  keyAt: number;
  /** When the button that was pressed last went down. */
  clickAt: number;
  /** From a key to the picture that shows it. */
  keys: number[];
  seen: Record<string, number>;
  watch(name: string, selector: string, text: string): void;
}

type Probed = Window & { __probes: Probes };

/** Puts the probes into a page; they stay until it is loaded anew. */
export async function probe(page: Page): Promise<void> {
  await page.evaluate(() => {
    const own = window as unknown as Probed;
    const now = () => performance.timeOrigin + performance.now();
    const at = (event: Event) => performance.timeOrigin + event.timeStamp;
    /** After the next picture: a task that is queued by its frame comes when it is drawn. */
    const afterPaint = (done: () => void) =>
      requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = done;
        channel.port2.postMessage(null);
      });
    const watch = (name: string, selector: string, text: string) => {
      const isThere = () =>
        [...document.querySelectorAll(selector)].some((one) => one.textContent?.includes(text));
      const observer = new MutationObserver(() => {
        if (isThere()) {
          observer.disconnect();
          afterPaint(() => {
            own.__probes.seen[name] = now();
          });
        }
      });
      observer.observe(document.body, { subtree: true, childList: true, characterData: true });
    };
    own.__probes = { keyAt: 0, clickAt: 0, keys: [], seen: {}, watch };
    addEventListener(
      "keydown",
      (event) => {
        const start = at(event);
        own.__probes.keyAt = start;
        afterPaint(() => own.__probes.keys.push(now() - start));
      },
      true,
    );
    addEventListener(
      "pointerdown",
      (event) => {
        own.__probes.clickAt = at(event);
      },
      true,
    );
  });
}

/** From now on, notes when something of this text is first drawn. */
export async function watchFor(
  page: Page,
  name: string,
  selector: string,
  text: string,
): Promise<void> {
  await page.evaluate(
    ([one, where, what]) => (window as unknown as Probed).__probes.watch(one, where, what),
    [name, selector, text] as const,
  );
}

/** When it was first drawn; waits for it. */
export async function seenAt(page: Page, name: string): Promise<number> {
  const handle = await page.waitForFunction(
    (one) => (window as unknown as Probed).__probes.seen[one] ?? false,
    name,
  );
  return Number(await handle.jsonValue());
}

/** When a key, or a button of the mouse, went down last. */
export function pressedAt(page: Page, what: "keyAt" | "clickAt"): Promise<number> {
  return page.evaluate((which) => (window as unknown as Probed).__probes[which], what);
}

/** From each key to the picture that shows it, in milliseconds; begins anew. */
export function takeKeys(page: Page): Promise<number[]> {
  return page.evaluate(() => (window as unknown as Probed).__probes.keys.splice(0));
}

/** What a page's own clock tells of its beginning, in milliseconds since it was asked for. */
export async function firstPaint(page: Page): Promise<number> {
  const handle = await page.waitForFunction(
    () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? false,
  );
  return Number(await handle.jsonValue());
}

/** How much of what was seen has moved by itself since the page began. */
export function layoutShift(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        type Shift = PerformanceEntry & { value: number; hadRecentInput: boolean };
        new PerformanceObserver((list) => {
          const entries = list.getEntries() as Shift[];
          const own = entries.filter((entry) => !entry.hadRecentInput);
          resolve(own.reduce((sum, entry) => sum + entry.value, 0));
        }).observe({ type: "layout-shift", buffered: true });
        // Nothing is told where nothing has moved.
        setTimeout(() => resolve(0), 300);
      }),
  );
}

/** What scrolling was like. */
export interface Scrolling {
  readonly fps: number;
  readonly rowsMax: number;
  readonly longestMs: number;
}

/** Scrolls a list upwards, a screen in a quarter of a second, and counts the frames. */
export function scroll(page: Page, list: string, row: string, ms: number): Promise<Scrolling> {
  return page.evaluate(
    ([listSelector, rowSelector, duration]) =>
      new Promise<Scrolling>((resolve, reject) => {
        const element = document.querySelector(listSelector);
        if (element === null) {
          return reject(new Error("no list"));
        }
        const gaps: number[] = [];
        let rowsMax = 0;
        const start = performance.now();
        let last = start;
        const step = (now: number) => {
          const gap = now - last;
          last = now;
          if (gap > 0) {
            gaps.push(gap);
          }
          element.scrollTop -= (element.clientHeight * gap) / 250;
          rowsMax = Math.max(rowsMax, document.querySelectorAll(rowSelector).length);
          if (now - start < duration) {
            requestAnimationFrame(step);
            return;
          }
          const sorted = gaps.toSorted((a, b) => a - b);
          const middle = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
          resolve({ fps: 1000 / middle, rowsMax, longestMs: sorted.at(-1) ?? Number.NaN });
        };
        requestAnimationFrame(step);
      }),
    [list, row, ms] as const,
  );
}
