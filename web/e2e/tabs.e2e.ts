/** One person with several tabs, and with several devices. */

import { expect, test } from "vitest";
import { until } from "./harness/until.ts";
import { OUTAGE, REFUSED } from "./harness/watch.ts";
import { createWorld } from "./harness/world.ts";

const world = createWorld();

test("two tabs show the same, share one socket, and each sends once", async () => {
  const ann = await world.person("Ann");
  const bob = await world.person("Bob");
  const id = await ann.find(bob);
  await ann.send("from the first tab");
  const sockets: string[] = [];
  ann.context.on("page", (page) => page.on("websocket", (socket) => sockets.push(socket.url())));
  const second = await ann.tab(`/c/${id}`);
  await second.sees("from the first tab");
  await second.send("from the second tab");
  await ann.sees("from the second tab");
  await bob.open(id);
  await bob.send("an answer");
  await ann.sees("an answer");
  await second.sees("an answer");
  expect(await ann.count("from the second tab")).toBe(1);
  expect(sockets).toEqual([]);
});

test("when the tab that holds the socket is closed, the other one goes on", async () => {
  const ann = await world.person("Ann");
  const bob = await world.person("Bob");
  const id = await ann.find(bob);
  await ann.send("hello");
  const second = await ann.tab(`/c/${id}`);
  await second.sees("hello");
  await ann.page.close();
  await bob.open(id);
  await bob.send("are you there?");
  await second.sees("are you there?");
  await second.send("yes");
  await bob.sees("yes");
  expect(await bob.count("yes")).toBe(1);
});

test("what is read on one device is read on the other", async () => {
  const ann = await world.person("Ann");
  const bob = await world.person("Bob");
  const id = await ann.find(bob);
  await ann.send("hello");
  const other = await bob.device();
  const badge = other.conversation(ann.name).getByText("1 unread message");
  await badge.waitFor({ state: "attached" });
  await bob.open(id);
  await bob.sees("hello");
  await badge.waitFor({ state: "detached" });
});

test("a device that is signed out elsewhere is out at once, and says why", async () => {
  world.watch.allow(...OUTAGE, REFUSED);
  const ann = await world.person("Ann");
  const other = await ann.device();
  await ann.page.goto("/settings/devices");
  const revoke = ann.page.getByRole("listitem").getByRole("button", { name: /^Sign out: / });
  await until("the other device", async () => (await revoke.count()) === 1);
  await revoke.click();
  await ann.confirm("Sign out");
  await other.page.getByRole("heading", { name: "Sign in" }).waitFor();
  await other.page.getByRole("status").filter({ hasText: "signed out" }).waitFor();
  await ann.ready();
});
