/** What people put in: by an input method, by pasting, and with bad intentions. */

import { expect, test } from "vitest";
import { until } from "./harness/until.ts";
import { createWorld } from "./harness/world.ts";
import { PWNED, XSS } from "./harness/xss.ts";

const world = createWorld();

test("an Enter that ends a composition sends nothing; the next one does", async () => {
  const ann = await world.person("Ann", { locale: "zh-CN" });
  const bob = await world.person("Bob");
  await ann.find(bob);
  await ann.composer.focus();
  await ann.compose("ni'hao", "你好");
  await until("the text", async () => (await ann.composer.inputValue()) === "你好");
  expect(await ann.messages.count()).toBe(0);
  await ann.composer.press("Enter");
  await ann.sent("你好");
  expect(await ann.messages.count()).toBe(1);
});

test("10,000 characters are pasted, sent and shown", async () => {
  const ann = await world.person("Ann");
  const bob = await world.person("Bob");
  const id = await ann.find(bob);
  const text = `${"A line that somebody copied from somewhere. ".repeat(227)}the end`.slice(
    0,
    10_000,
  );
  expect(text).toHaveLength(9_995);
  await ann.page.evaluate((copied) => navigator.clipboard.writeText(copied), text);
  await ann.composer.focus();
  await ann.page.keyboard.press("Control+v");
  await until(
    "what was pasted",
    async () => (await ann.composer.inputValue()).length === text.length,
  );
  await ann.composer.press("Enter");
  await ann.sent("the end");
  await bob.open(id);
  await bob.sees("the end");
  expect((await bob.message("the end").textContent())?.length).toBeGreaterThanOrEqual(text.length);
});

test("a text above the limit is neither cut nor sent, and says so", async () => {
  const ann = await world.person("Ann");
  const bob = await world.person("Bob");
  await ann.find(bob);
  await ann.composer.fill("好".repeat(6_000));
  await ann.page.getByText(/^Too long by/).waitFor();
  await ann.composer.press("Enter");
  expect(await ann.messages.count()).toBe(0);
  expect((await ann.composer.inputValue()).length).toBe(6_000);
});

test("what was begun in the moment before the page goes is there afterwards", async () => {
  const ann = await world.person("Ann");
  const bob = await world.person("Bob");
  const cat = await world.person("Cat");
  const first = await ann.find(bob);
  await ann.send("hello Bob");
  // This composer hears of the leaving later than whoever keeps what it says.
  await ann.find(cat);
  await ann.open(first);
  for (const text of ["begun", "begun, and gone on with"]) {
    await ann.composer.fill(text);
    await ann.page.reload();
    await until("the draft", async () => (await ann.composer.inputValue()) === text);
  }
});

/** Elements that a message may have; anything else was made by its text. */
const TEXT_ELEMENTS =
  "p,br,b,strong,i,em,s,del,code,pre,a,ul,ol,li,blockquote,span,div,button,svg,path,figure,figcaption";

test(`${XSS.length} texts of attackers stay texts`, async () => {
  expect(XSS.length).toBeGreaterThanOrEqual(200);
  expect(new Set(XSS).size).toBe(XSS.length);
  const ann = await world.person("Ann");
  const bob = await world.person("Bob");
  const id = await ann.find(bob);
  await ann.send("first");
  await bob.open(id);
  for (const [index, text] of XSS.entries()) {
    await ann.api("POST", `/conversations/${id}/messages`, {
      client_id: `xss-${index}`,
      kind: "text",
      text,
    });
    if (index % 40 === 39) {
      await bob.page.locator(`[data-testid="message"][data-seq="${index + 2}"]`).waitFor();
      await check(index);
    }
  }
  await bob.page.locator(`[data-testid="message"][data-seq="${XSS.length + 1}"]`).waitFor();
  await check(XSS.length);

  async function check(index: number): Promise<void> {
    const found = await bob.page.evaluate(
      ([allowed, name]) => {
        const texts = [...document.querySelectorAll('[data-testid="message"] .hp-message__text')];
        const strange = texts.flatMap((text) =>
          [...text.querySelectorAll("*")].filter(
            (element) =>
              !element.matches(allowed) ||
              element.getAttributeNames().some((attribute) => attribute.startsWith("on")),
          ),
        );
        const links = texts.flatMap((text) => [...text.querySelectorAll("a")]);
        return {
          strange: strange.map((element) => element.outerHTML),
          links: links
            .map((link) => link.protocol)
            .filter((one) => !/^(https?|mailto):$/.test(one)),
          isPwned: name in window,
        };
      },
      [TEXT_ELEMENTS, PWNED] as const,
    );
    expect({ index, ...found }).toEqual({ index, strange: [], links: [], isPwned: false });
  }
});

test("names of attackers stay texts, of people and of groups", async () => {
  const ann = await world.person("Ann");
  const bob = await world.person("Bob");
  const names = XSS.filter((text) => text.length <= 100 && !/[\n\t\v\f\u2028\u2029]/.test(text));
  const bobId = await bob.id();
  for (const name of names.slice(0, 60)) {
    await ann.api("POST", "/conversations", { kind: "group", name, members: [bobId] });
    await ann.api("PATCH", "/me", { name });
  }
  await bob.page.reload();
  await bob.page.getByTestId("conversation-item").first().waitFor();
  const found = await bob.page.evaluate((name) => {
    const lists = [...document.querySelectorAll('[data-testid="conversation-item"]')];
    const elements = lists.flatMap((line) => [
      ...line.querySelectorAll("script,iframe,object,embed,style,link,form,input,video,audio"),
    ]);
    return { strange: elements.map((element) => element.outerHTML), isPwned: name in window };
  }, PWNED);
  expect(found).toEqual({ strange: [], isPwned: false });
});
