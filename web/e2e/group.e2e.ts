/** Three people in a group. */

import { test } from "vitest";
import { until } from "./harness/until.ts";
import { createWorld } from "./harness/world.ts";

const world = createWorld();

test("a group of three: everybody sees everything, and who has read it", async () => {
  const ann = await world.person("Ann");
  const bob = await world.person("Bob");
  const cat = await world.person("Cat");
  const id = await ann.group("Garden", [bob, cat]);
  await ann.send("Welcome to the garden");
  await bob.open(id);
  await cat.open(id);
  await bob.sees("Welcome to the garden");
  await cat.sees("Welcome to the garden");
  await bob.send("from Bob");
  await cat.send("from Cat");
  await ann.sees("from Bob");
  await ann.sees("from Cat");
  await ann.message("from Cat").getByText(cat.name).first().waitFor({ state: "attached" });
  await ann.message("Welcome to the garden").getByText(ann.words.readBy(2)).waitFor();
});

test("an @ finds the members, and whoever is meant is told", async () => {
  const ann = await world.person("Ann");
  const bob = await world.person("Bob");
  const cat = await world.person("Cat");
  const id = await ann.group("Orchard", [bob, cat]);
  await ann.composer.pressSequentially("look, @bob");
  await ann.page.getByRole("option").filter({ hasText: bob.name }).waitFor();
  await ann.composer.press("Enter");
  await until("the name", async () => (await ann.composer.inputValue()) === `look, @${bob.name} `);
  await ann.composer.press("Enter");
  await ann.sent(`look, @${bob.name}`);
  const line = bob.page.locator(`[data-conversation="${id}"]`).first();
  await line.locator(".hp-conversation__at").waitFor();
  await bob.open(id);
  await bob.sees(`@${bob.name}`);
});

test("who is taken out of the group sees it no more", async () => {
  const ann = await world.person("Ann");
  const bob = await world.person("Bob");
  const cat = await world.person("Cat");
  const id = await ann.group("Pond", [bob, cat]);
  await ann.send("hello all");
  await bob.open(id);
  await bob.sees("hello all");
  await ann.api("DELETE", `/conversations/${id}/members/${await bob.id()}`);
  await bob.page.locator(`[data-conversation="${id}"]`).first().waitFor({ state: "detached" });
});
