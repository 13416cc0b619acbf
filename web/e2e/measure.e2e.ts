/** How fast it is. Bars are those of docs/benchmarks.md; a run fails at twice the bar. */

import { expect, test } from "vitest";
import { percentile, RUNS, report } from "./harness/figures.ts";
import type { Person } from "./harness/person.ts";
import {
  firstPaint,
  layoutShift,
  pressedAt,
  probe,
  scroll,
  seenAt,
  takeKeys,
  watchFor,
} from "./harness/probes.ts";
import { until } from "./harness/until.ts";
import { createWorld } from "./harness/world.ts";

const world = createWorld();

const MESSAGE = '[data-testid="message"]';
const LIST = '[data-testid="message-list"]';
/** The long conversation; a tenth of it where it is only to be seen that nothing has become worse. */
const MESSAGES = process.env.HOOPOE_LONG === "1" ? 100_000 : 10_000;
const SENDERS = 64;
const SCROLL_MS = 4_000;

const runs = Array.from({ length: RUNS }, (_, index) => index);

/** How long a page takes from being asked for until `selector` can be used. */
async function usable(person: Person, selector: string): Promise<number> {
  // Looked for at each frame: waiting for a locator would ask twice a second only.
  const handle = await person.page.waitForFunction(
    (wanted) => document.querySelector(wanted) !== null && performance.now(),
    selector,
    { polling: "raf" },
  );
  return Number(await handle.jsonValue());
}

test("the first page: cold, and warm", async () => {
  const paints: number[] = [];
  const usables: number[] = [];
  for (const _ of runs) {
    const ann = await world.stranger("Ann");
    await ann.page.goto("/", { waitUntil: "commit" });
    usables.push(await usable(ann, "input[name=login]"));
    paints.push(await firstPaint(ann.page));
    await ann.context.close();
  }
  await report({ figure: "cold_first_paint_ms", unit: "ms", most: 1_000 }, paints);
  await report({ figure: "cold_interactive_ms", unit: "ms", most: 2_000 }, usables);
});

test("a page that was there before begins at once, and nothing jumps", async () => {
  const ann = await world.person("Ann");
  const bob = await world.person("Bob");
  await ann.find(bob);
  for (let index = 0; index < 30; index++) {
    await ann.write(`line ${index}.`);
  }
  await ann.sent("line 29.");
  await ann.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  const warm: number[] = [];
  const shifts: number[] = [];
  for (const _ of runs) {
    await ann.page.reload({ waitUntil: "commit" });
    warm.push(await usable(ann, MESSAGE));
    await ann.sees("line 29.");
    shifts.push(await layoutShift(ann.page));
  }
  await report({ figure: "warm_interactive_ms", unit: "ms", most: 600 }, warm);
  await report({ figure: "layout_shift", unit: "", most: 0.02 }, shifts);
});

test("a conversation that is known opens at once", async () => {
  const ann = await world.person("Ann");
  const bob = await world.person("Bob");
  const cat = await world.person("Cat");
  const first = await ann.find(bob);
  await ann.send("to Bob");
  const second = await ann.find(cat);
  await ann.send("to Cat");
  await probe(ann.page);
  const opened: number[] = [];
  for (const run of runs) {
    await ann.open(first);
    await ann.sees("to Bob");
    await watchFor(ann.page, `open ${run}`, MESSAGE, "to Cat");
    await ann.page.locator(`[data-conversation="${second}"]`).first().click();
    const seen = await seenAt(ann.page, `open ${run}`);
    opened.push(seen - (await pressedAt(ann.page, "clickAt")));
  }
  await report({ figure: "open_conversation_ms", unit: "ms", most: 100 }, opened);
});

test("keys, the own message, and the message at the other one", async () => {
  const ann = await world.person("Ann");
  const bob = await world.person("Bob");
  const id = await ann.find(bob);
  await ann.send("first");
  await bob.open(id);
  await bob.sees("first");
  await probe(ann.page);
  await probe(bob.page);
  const keys: number[] = [];
  const echoes: number[] = [];
  const arrivals: number[] = [];
  for (const run of runs) {
    const text = `The quick brown fox jumps over the lazy dog, for the ${run}th time`;
    await takeKeys(ann.page);
    await ann.composer.pressSequentially(text, { delay: 20 });
    keys.push(percentile(await takeKeys(ann.page), 0.95));
    await watchFor(ann.page, text, MESSAGE, text);
    await watchFor(bob.page, text, MESSAGE, text);
    await ann.composer.press("Enter");
    const pressed = await pressedAt(ann.page, "keyAt");
    echoes.push((await seenAt(ann.page, text)) - pressed);
    arrivals.push((await seenAt(bob.page, text)) - pressed);
  }
  await report({ figure: "key_to_paint_p95_ms", unit: "ms", most: 50 }, keys);
  await report({ figure: "local_echo_ms", unit: "ms", most: 50 }, echoes);
  await report({ figure: "other_browser_ms", unit: "ms", most: 150 }, arrivals);
});

test("the switcher and the emoji picker open at once", async () => {
  const ann = await world.person("Ann");
  const bob = await world.person("Bob");
  await ann.find(bob);
  await ann.send("hello");
  const { page } = ann;
  await probe(page);
  const switcher: number[] = [];
  const picker: number[] = [];
  for (const run of runs) {
    await watchFor(page, `switcher ${run}`, '[data-testid="switcher"]', "Esc");
    await page.keyboard.press("Control+k");
    switcher.push((await seenAt(page, `switcher ${run}`)) - (await pressedAt(page, "keyAt")));
    await page.keyboard.press("Escape");
    await page.getByTestId("switcher").waitFor({ state: "detached" });
    await watchFor(page, `picker ${run}`, '[role="gridcell"]', "😀");
    await page.getByRole("button", { name: "Emoji" }).click();
    picker.push((await seenAt(page, `picker ${run}`)) - (await pressedAt(page, "clickAt")));
    await page.keyboard.press("Escape");
    await page.getByRole("grid").waitFor({ state: "detached" });
  }
  await report({ figure: "switcher_ms", unit: "ms", most: 100 }, switcher);
  await report({ figure: "emoji_picker_ms", unit: "ms", most: 150 }, picker);
});

/** Fills a conversation as fast as the server takes it. */
async function fill(person: Person, id: string, count: number): Promise<void> {
  let next = 0;
  const send = async () => {
    while (next < count) {
      next += 1;
      const words = "and some more words to read ".repeat(next % 5);
      const text = `message ${next} ${words}`;
      const client_id = `fill-${next}`;
      await person.api("POST", `/conversations/${id}/messages`, { client_id, kind: "text", text });
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, send));
}

test(`scrolling through ${MESSAGES} messages`, { timeout: 600_000 }, async () => {
  const ann = await world.person("Ann");
  const bob = await world.person("Bob");
  const id = await ann.find(bob);
  await ann.send("first");
  const last = `[data-testid="message"][data-seq="${MESSAGES + 1}"]`;
  // Nobody watches while it is filled.
  await ann.page.goto("about:blank");
  await bob.page.goto("about:blank");
  await fill(ann, id, MESSAGES);
  const frames: number[] = [];
  const rows: number[] = [];
  const heaps: number[] = [];
  for (const _ of runs) {
    await ann.page.goto(`/c/${id}`);
    await toLatest(ann, last);
    const { fps, rowsMax } = await scroll(ann.page, LIST, MESSAGE, SCROLL_MS);
    frames.push(fps);
    rows.push(rowsMax);
    heaps.push(await heapMib(ann));
  }
  await report({ figure: "scroll_fps", unit: "fps", least: 55 }, frames);
  await report({ figure: "scroll_rows_max", unit: "rows", most: 150 }, rows);
  await report({ figure: "scroll_heap_mib", unit: "MiB", most: 250 }, heaps);
  expect(Math.max(...rows)).toBeLessThanOrEqual(150);
  await toLatest(ann, last);
});

/** Waits until the newest message is there: at once, or one press away. */
async function toLatest(person: Person, last: string): Promise<void> {
  const { page } = person;
  const jump = page.getByTestId("jump-latest");
  await until("the newest message", async () => {
    if (await page.locator(last).isVisible()) {
      return true;
    }
    if (await jump.isVisible()) {
      await jump.click({ timeout: 2_000 });
    }
    return false;
  });
}

/** What the page's objects take after what is not needed has gone. */
async function heapMib(person: Person): Promise<number> {
  const session = await person.context.newCDPSession(person.page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  await session.detach();
  return usedSize / 1024 / 1024;
}
