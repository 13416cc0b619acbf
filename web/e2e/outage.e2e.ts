/** Lines that break, servers that die, pages that are loaded anew: nothing lost, nothing twice. */

import { expect, test } from "vitest";
import type { Person } from "./harness/person.ts";
import { until } from "./harness/until.ts";
import { OUTAGE } from "./harness/watch.ts";
import { createWorld } from "./harness/world.ts";

const world = createWorld();

interface StoredPage {
  readonly items: readonly { readonly seq: number; readonly text?: string }[];
}

/** What the server has of a conversation. */
async function stored(person: Person, id: string): Promise<(string | undefined)[]> {
  const page = await person.api<StoredPage>("GET", `/conversations/${id}/messages?limit=100`);
  return page.items.map((item) => item.text);
}

async function pair(): Promise<{ ann: Person; bob: Person; id: string }> {
  const ann = await world.person("Ann");
  const bob = await world.person("Bob");
  const id = await ann.find(bob);
  await ann.send("before");
  await bob.open(id);
  await bob.sees("before");
  return { ann, bob, id };
}

test("what is written without a line survives a reload, and arrives exactly once, in order", async () => {
  const { ann, bob, id } = await pair();
  world.watch.allow(...OUTAGE);
  await ann.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await ann.offline(true);
  for (const text of ["offline one", "offline two", "offline three"]) {
    await ann.write(text);
  }
  expect(await ann.message("offline three").getAttribute("data-state")).not.toBe("sent");
  await ann.page.reload();
  await ann.sees("before");
  await ann.page.getByTestId("connection-banner").waitFor();
  await ann.sees("offline three");
  expect(await ann.count("offline ")).toBe(3);
  await ann.offline(false);
  for (const text of ["offline one", "offline two", "offline three"]) {
    await ann.sent(text);
    await bob.sees(text);
  }
  expect(await stored(ann, id)).toEqual(["before", "offline one", "offline two", "offline three"]);
  expect(await bob.count("offline ")).toBe(3);
  expect(await ann.count("offline ")).toBe(3);
});

test("the server is killed in the middle and comes back: both go on, nothing is doubled", async () => {
  const { ann, bob, id } = await pair();
  world.watch.allow(...OUTAGE);
  const texts = Array.from({ length: 20 }, (_, index) => `number ${index + 1}.`);
  for (const [index, text] of texts.entries()) {
    await ann.write(text);
    if (index === 9) {
      await world.server.kill();
    }
    if (index === 14) {
      await world.server.start();
    }
  }
  for (const text of texts) {
    await ann.sent(text);
    await bob.sees(text);
  }
  expect(await stored(ann, id)).toEqual(["before", ...texts]);
  await bob.send("still here");
  await ann.sees("still here");
});

test("who was away sees what was said meanwhile", async () => {
  const { ann, bob } = await pair();
  world.watch.allow(...OUTAGE);
  await bob.offline(true);
  for (let index = 1; index <= 5; index++) {
    await ann.send(`meanwhile ${index}`);
  }
  await ann.edit("before", "before, but better");
  await bob.offline(false);
  await bob.sees("meanwhile 5");
  await bob.sees("before, but better");
  expect(await bob.count("meanwhile ")).toBe(5);
});

test("without a line, the conversations that were open can be read", async () => {
  const { ann, id } = await pair();
  world.watch.allow(...OUTAGE);
  await ann.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await ann.page.reload();
  await ann.sees("before");
  await ann.offline(true);
  await ann.page.goto(`/c/${id}`);
  await ann.sees("before");
  await until("the banner", () => ann.page.getByTestId("connection-banner").isVisible());
  await ann.offline(false);
});
