/** The harness itself: a server that comes back, and a watch that sees what it is there to see. */

import { expect, test } from "vitest";
import { median, percentile } from "./harness/figures.ts";
import { OUTAGE } from "./harness/watch.ts";
import { createWorld } from "./harness/world.ts";

const world = createWorld();

test("the server comes back on its port, with what it had", async () => {
  const { server } = world;
  const { url } = server;
  const ann = server.people.get("ann");
  const made = await server.api<{ id: string }>(ann?.token ?? null, "POST", "/conversations", {
    kind: "direct",
    members: ["bob"],
  });
  await server.kill();
  await expect(fetch(url)).rejects.toThrow();
  await server.start();
  expect(server.url).toBe(url);
  const again = server.people.get("ann")?.token ?? null;
  const found = await server.api<{ id: string }>(again, "GET", `/conversations/${made.id}`);
  expect(found.id).toBe(made.id);
});

const POLICY = "default-src 'none'; script-src 'self' 'nonce-good'; connect-src *";
const SEEDED = `<!doctype html><title>seeded</title>
  <script nonce="good">
    console.error("seeded error");
    fetch("http://foreign.invalid/").catch(() => {});
    setTimeout(() => { throw new Error("seeded throw"); });
  </script>
  <script>window.isPwned = true;</script>
  <p>done</p>`;

test("the watch catches errors, broken policies and foreign hosts", async () => {
  const ann = await world.stranger("Ann");
  await ann.context.route("**/seeded", (route) =>
    route.fulfill({
      contentType: "text/html",
      headers: { "Content-Security-Policy": POLICY },
      body: SEEDED,
    }),
  );
  const thrown = ann.page.waitForEvent("pageerror");
  await ann.page.goto("/seeded");
  await thrown;
  await ann.page.getByText("done").waitFor();
  const complaints = world.watch.take().join("\n");
  for (const seeded of ["seeded error", "seeded throw", "policy: script-src", "foreign.invalid"]) {
    expect(complaints).toContain(seeded);
  }
  // What the browser says of the request that failed may come later.
  world.watch.allow(...OUTAGE, /foreign\.invalid/);
});

test("medians and percentiles", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(percentile([5, 1, 2, 3, 4], 0.95)).toBe(5);
  expect(percentile([1, 2, 3, 4], 0.5)).toBe(2);
});
