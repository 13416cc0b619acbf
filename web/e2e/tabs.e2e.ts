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

test("what is written in another tab without a line goes out once when the leading tab is closed", async () => {
  world.watch.allow(...OUTAGE);
  const ann = await world.person("Ann");
  const bob = await world.person("Bob");
  const id = await ann.find(bob);
  await ann.send("hello");
  await bob.open(id);
  const second = await ann.tab(`/c/${id}`);
  await second.sees("hello");
  await ann.offline(true);
  await second.write("written without a line");
  await ann.sees("written without a line");
  await ann.page.close();
  await second.offline(false);
  await second.sent("written without a line");
  await second.send("and one with a line");
  await bob.sees("and one with a line");
  expect(await second.count("written without a line")).toBe(1);
  expect(await bob.count("written without a line")).toBe(1);
});

test("a tab that stands still does not keep the line from the others", async () => {
  const ann = await world.person("Ann");
  const bob = await world.person("Bob");
  const id = await ann.find(bob);
  await ann.send("hello");
  await bob.open(id);
  const sockets: string[] = [];
  ann.context.on("page", (page) => page.on("websocket", (socket) => sockets.push(socket.url())));
  const second = await ann.tab(`/c/${id}`);
  await second.sees("hello");
  expect(sockets).toEqual([]);
  const cdp = await ann.context.newCDPSession(ann.page);
  // Browsers freeze hidden tabs only, and here none is hidden: the debugger stops it all the same.
  await cdp.send("Debugger.enable");
  await cdp.send("Debugger.pause");
  await until("a socket of the second tab", () => sockets.length === 1);
  await second.send("while the first tab sleeps");
  await bob.sees("while the first tab sleeps");
  await bob.send("an answer");
  await second.sees("an answer");
  await cdp.send("Debugger.resume");
  await cdp.send("Debugger.disable");
  await ann.sees("an answer");
  await ann.send("awake again");
  await second.sees("awake again");
  expect(await bob.count("while the first tab sleeps")).toBe(1);
  expect(await bob.count("awake again")).toBe(1);
  expect(sockets).toHaveLength(1);
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
