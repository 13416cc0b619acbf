/** Everybody can use it: no serious finding of axe, in light and dark, English and Chinese. */

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import type { Person } from "./harness/person.ts";
import { createWorld } from "./harness/world.ts";

const world = createWorld();
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

interface Finding {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string }[];
}

/** What axe finds that is serious or critical on the page as it is. */
async function findings(person: Person): Promise<string[]> {
  const source = await readFile(axe, "utf8");
  const { page } = person;
  const isThere = await page.evaluate(() => "axe" in window);
  if (!isThere) {
    // By the debugger, because the page's policy lets no other script in.
    const session = await person.context.newCDPSession(page);
    await session.send("Runtime.evaluate", { expression: source });
    await session.detach();
  }
  const violations = await page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: { run(options: object): Promise<{ violations: Finding[] }> };
    };
    return (await axe.run({ resultTypes: ["violations"] })).violations;
  });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join("\n   ")}`);
}

/** Looks at a screen when it has come to rest. */
async function look(person: Person, screen: string): Promise<void> {
  expect({ screen, found: await findings(person) }).toEqual({ screen, found: [] });
}

for (const colorScheme of ["light", "dark"] as const) {
  for (const locale of ["en-US", "zh-CN"] as const) {
    test(`axe finds nothing serious, ${colorScheme}, ${locale}`, async () => {
      const ann = await world.stranger("Ann", { colorScheme, locale });
      await ann.page.goto("/");
      await ann.page.getByRole("button", { name: ann.words.toRegister }).waitFor();
      await look(ann, "sign-in");
      await ann.register();
      await look(ann, "nothing yet");
      const bob = await world.person("Bob");
      const id = await ann.find(bob);
      await ann.composer.fill("Hello **Bob**, see `code` and https://example.com");
      await ann.composer.press("Enter");
      await ann.sent("Hello Bob, see code");
      await bob.open(id);
      await bob.react("Hello", "👍");
      await bob.reply("Hello", "an answer");
      await ann.sees("an answer");
      await look(ann, "conversation");
      await ann.page.keyboard.press("Control+k");
      await ann.page.getByTestId("switcher").waitFor();
      await look(ann, "switcher");
      await ann.page.keyboard.press("Escape");
      await ann.page.keyboard.press("Control+/");
      await ann.page.getByTestId("shortcuts").waitFor();
      await look(ann, "shortcuts");
      await ann.page.keyboard.press("Escape");
      for (const page of ["profile", "appearance", "notifications", "privacy", "devices"]) {
        await ann.page.goto(`/settings/${page}`);
        await ann.page.getByRole("heading").first().waitFor();
        await look(ann, page);
      }
    });
  }
}

test("at 320 px everything is there, and nothing scrolls sideways", async () => {
  const viewport = { width: 320, height: 640 };
  const ann = await world.person("Ann", { viewport });
  const bob = await world.person("Bob");
  const id = await ann.find(bob);
  await ann.send("a word that is much too long for this: ".concat("x".repeat(300)));
  const fits = () =>
    ann.page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);
  expect(await fits()).toBe(true);
  await ann.page.goto("/");
  await ann.page.locator(`[data-conversation="${id}"]`).first().waitFor();
  expect(await fits()).toBe(true);
  await ann.open(id);
  const box = await ann.composer.boundingBox();
  expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(640);
});
