import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createStage, demo, LINES_MAX, ROOT, type Stage } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await createStage(ROOT);
});
afterAll(() => stage?.close());

async function enter(id: "ann" | "bob", peer: string) {
  const page = await stage.open("/examples/web-plain/");
  await page.getByPlaceholder("Login name").fill(id);
  await page.getByPlaceholder("Password").fill(demo(stage.server, id).password);
  await page.getByPlaceholder("Id of whom to write to").fill(peer);
  await page.getByRole("button", { name: "Enter" }).click();
  await page.getByPlaceholder("Message").waitFor();
  return page;
}

test("the page is short", async () => {
  const source = await readFile(join(ROOT, "examples/web-plain/index.html"), "utf8");
  expect(source.trimEnd().split("\n").length).toBeLessThanOrEqual(LINES_MAX);
});

test("what Ann writes in the page reaches Bob's, and his answer hers", async () => {
  const ann = await enter("ann", "bob");
  const bob = await enter("bob", "ann");
  await ann.getByPlaceholder("Message").fill("hello from a plain page");
  await ann.getByRole("button", { name: "Send" }).click();
  await bob.getByText("ann: hello from a plain page (sent)").waitFor();
  await ann.getByText("ann: hello from a plain page (sent)").waitFor();
  await bob.getByPlaceholder("Message").fill("hello back");
  await bob.getByRole("button", { name: "Send" }).click();
  await ann.getByText("bob: hello back (sent)").waitFor();
  expect(stage.errors).toEqual([]);
});

test("a wrong password is said, and can be put right", async () => {
  const page = await stage.open("/examples/web-plain/");
  await page.getByPlaceholder("Login name").fill("ann");
  await page.getByPlaceholder("Password").fill("nonsense");
  await page.getByPlaceholder("Id of whom to write to").fill("bob");
  await page.getByRole("button", { name: "Enter" }).click();
  await expect.poll(() => page.locator("#status").textContent()).not.toBe("not connected");
  expect(await page.getByRole("button", { name: "Enter" }).isVisible()).toBe(true);
});
