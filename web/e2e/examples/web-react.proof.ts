import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { npm } from "./npm.ts";
import { createStage, demo, LINES_MAX, ROOT, type Stage } from "./stage.ts";
import { typeErrors, typeErrorsIn } from "./types.ts";

const EXAMPLE = join(ROOT, "examples/web-react");

let stage: Stage;
let built: string;
beforeAll(async () => {
  built = await mkdtemp(join(tmpdir(), "hoopoe-example-"));
  const config = join(EXAMPLE, "vite.config.js");
  const vite = ["exec", "--offline", "--", "vite", "build", "--config", config];
  const { ok, output } = npm(...vite, "--outDir", built, "--emptyOutDir");
  expect(ok, output).toBe(true);
  stage = await createStage(built);
});
afterAll(async () => {
  await stage?.close();
  await rm(built, { recursive: true, force: true });
});

test("the page is short, and its types are right", async () => {
  const source = await readFile(join(EXAMPLE, "main.tsx"), "utf8");
  expect(source.trimEnd().split("\n").length).toBeLessThanOrEqual(LINES_MAX);
  expect(typeErrors(EXAMPLE)).toBe("");
});

test.each(["docs/ui-kit.md", "web/packages/ui/README.md"])(
  "the code in %s compiles",
  async (file) => {
    const { blocks, errors } = await typeErrorsIn(file);
    expect(errors).toBe("");
    expect(blocks).toBeGreaterThan(0);
  },
);

async function enter(id: "ann" | "bob") {
  const page = await stage.open("/");
  await page.getByLabel("Login name").fill(id);
  await page.locator("input[name=password]").fill(demo(stage.server, id).password);
  await page.getByRole("button", { name: "Enter" }).click();
  await page.getByRole("navigation", { name: "Conversations" }).waitFor();
  return page;
}

test("Ann begins a conversation in the page, and she and Bob see what the other writes", async () => {
  const ann = await enter("ann");
  const bob = await enter("bob");
  await ann.getByRole("button", { name: "Start a conversation" }).click();
  await ann.getByRole("combobox").fill("bob");
  await ann.getByRole("option").filter({ hasText: "bob" }).first().click();
  await ann.getByRole("button", { name: "Start chat" }).click();
  await ann.getByTestId("composer-input").fill("hello from **React**");
  await ann.getByTestId("composer-input").press("Enter");

  await bob.getByTestId("conversation-item").filter({ hasText: "hello from React" }).click();
  await bob.getByTestId("message").filter({ hasText: "hello from React" }).waitFor();
  await bob.getByTestId("composer-input").fill("hello back");
  await bob.getByTestId("composer-input").press("Enter");
  await ann.getByTestId("message").filter({ hasText: "hello back" }).waitFor();
  await ann.locator('[data-testid="message"][data-state="sent"]').first().waitFor();
  expect(stage.errors).toEqual([]);
});

test("a wrong password is said at the field", async () => {
  const page = await stage.open("/");
  await page.getByLabel("Login name").fill("ann");
  await page.locator("input[name=password]").fill("nonsense");
  await page.getByRole("button", { name: "Enter" }).click();
  await page.locator(".hp-field--wrong").waitFor();
});
