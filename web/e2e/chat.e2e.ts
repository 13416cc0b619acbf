/** Two people, two browsers, one conversation: everything that is done with messages. */

import { expect, test } from "vitest";
import type { Person } from "./harness/person.ts";
import { until } from "./harness/until.ts";
import { createWorld } from "./harness/world.ts";

const world = createWorld();

/** Two people who have the same conversation open, and its id. */
async function pair(): Promise<{ ann: Person; bob: Person; id: string }> {
  const ann = await world.person("Ann");
  const bob = await world.person("Bob");
  const id = await ann.find(bob);
  await ann.send("Hello Bob");
  await bob.open(id);
  await bob.sees("Hello Bob");
  // Whoever leaves the page at once may not have told yet that it was read.
  await ann.seesProgress("Hello Bob", "read");
  return { ann, bob, id };
}

test("two people register, find each other and chat", async () => {
  const { ann, bob, id } = await pair();
  await bob.send("Hello Ann");
  await ann.sees("Hello Ann");
  expect(await bob.openConversation()).toBe(id);
  expect(await ann.messages.count()).toBe(2);
  expect(await ann.message("Hello Bob").getAttribute("data-seq")).toBe("1");
});

test("a message that was edited says so on both sides", async () => {
  const { ann, bob } = await pair();
  await ann.edit("Hello Bob", "Hello Robert");
  await bob.sees("Hello Robert");
  await bob.seesNo("Hello Bob");
  await bob.message("Hello Robert").getByText("edited").waitFor();
});

test("↑ in the empty composer edits the last own message", async () => {
  const { ann, bob } = await pair();
  await ann.composer.press("ArrowUp");
  await until("the text to edit", async () => (await ann.composer.inputValue()) === "Hello Bob");
  await ann.composer.press("End");
  await ann.page.keyboard.type("by");
  await ann.composer.press("Enter");
  await bob.sees("Hello Bobby");
  expect(await ann.composer.inputValue()).toBe("");
});

test("a recalled message is gone for both, and its author can write it anew", async () => {
  const { ann, bob } = await pair();
  await ann.send("a secret");
  await bob.sees("a secret");
  await ann.recall("a secret");
  await bob.seesNo("a secret");
  await bob.sees(bob.words.recalledBy(ann.name));
  await ann.sees(ann.words.recalledByYou);
  await ann.page.getByRole("button", { name: ann.words.reedit }).click();
  await until("the text again", async () => (await ann.composer.inputValue()) === "a secret");
});

test("a message that is deleted for oneself stays with the other", async () => {
  const { ann, bob } = await pair();
  await bob.choose("Hello Bob", bob.words.deleteForMe);
  await bob.confirm(bob.words.delete);
  await bob.seesNo("Hello Bob");
  await ann.page.reload();
  await ann.sees("Hello Bob");
});

test("reactions show on both sides, and go again", async () => {
  const { ann, bob } = await pair();
  await bob.react("Hello Bob", "👍");
  await ann.seesReaction("Hello Bob", "👍", 1);
  await ann.react("Hello Bob", "👍");
  await bob.seesReaction("Hello Bob", "👍", 2);
  await bob.react("Hello Bob", "👍");
  await ann.seesReaction("Hello Bob", "👍", 1);
  await ann.react("Hello Bob", "👍");
  await bob.seesReaction("Hello Bob", "👍", 0);
});

test("a reply shows what it answers, and leads there", async () => {
  const { ann, bob } = await pair();
  await bob.reply("Hello Bob", "Hello yourself");
  await ann.sees("Hello yourself");
  const quote = ann.message("Hello yourself").locator(".hp-quote");
  expect(await quote.textContent()).toContain("Hello Bob");
});

test("ticks tell of receiving and reading, on both sides", async () => {
  const { ann, bob } = await pair();
  await ann.seesProgress("Hello Bob", "read");
  await bob.send("and back");
  await bob.seesProgress("and back", "read");
  // Whoever is away has not read it; whoever is there again has.
  await bob.page.goto("/settings/profile");
  await ann.send("are you there?");
  await ann.seesProgress("are you there?", "delivered");
  await bob.page.goBack();
  await ann.seesProgress("are you there?", "read");
});

test("what comes while one is elsewhere counts as unread, and has a line above it", async () => {
  const { ann, bob, id } = await pair();
  await bob.page.goto("/settings/profile");
  await ann.send("one");
  await ann.send("two");
  await bob.page.goto("/");
  const line = bob.conversation(ann.name);
  await line.getByText("2 unread messages").waitFor({ state: "attached" });
  await until("the title tells", async () => (await bob.page.title()).startsWith("(2)"));
  await bob.open(id);
  await bob.page.getByTestId("unread-divider").waitFor();
  await line.getByText("2 unread messages").waitFor({ state: "detached" });
  await until("the title is quiet", async () => !(await bob.page.title()).startsWith("("));
});

test("the other one sees that somebody types, and that they stopped", async () => {
  const { ann, bob } = await pair();
  await ann.composer.pressSequentially("I think");
  await bob.page.getByTestId("typing").filter({ hasText: ann.name }).waitFor();
  await ann.composer.fill("");
  await until("typing is over", async () => {
    const line = await bob.page.getByTestId("typing").allTextContents();
    return !line.join("").includes(ann.name);
  });
});

test("a link to a message opens cold, and shows it", async () => {
  const { ann, id } = await pair();
  for (let index = 2; index <= 80; index++) {
    await ann.write(`line ${index} of many`);
  }
  await ann.sent("line 80 of many");
  const tab = await ann.tab(`/c/${id}/m/3`);
  await tab.sees("line 3 of many");
  const box = await tab.message("line 3 of many").boundingBox();
  expect(box?.y ?? -1).toBeGreaterThan(0);
  await tab.page.getByTestId("jump-latest").click();
  await tab.sees("line 80 of many");
});

test("a draft is there again after leaving and after loading anew", async () => {
  const { ann } = await pair();
  await ann.composer.fill("not yet finished");
  await ann.page.getByRole("link", { name: ann.words.settings, exact: true }).click();
  await ann.composer.waitFor({ state: "detached" });
  await ann.page.goBack();
  await until("the draft", async () => (await ann.composer.inputValue()) === "not yet finished");
  await ann.page.reload();
  await until("the draft", async () => (await ann.composer.inputValue()) === "not yet finished");
});
