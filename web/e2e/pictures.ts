/**
 * Draws pictures of the client: a small company chats, and one of them is looked at in every light,
 * width and language. It runs like a test, against the real server, and checks nothing. With
 * `PICTURES` all pictures are drawn into that folder, without it those of the documents.
 */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, test } from "vitest";
import { type Look, World } from "./harness/world.ts";

const TO = process.env.PICTURES ?? join(import.meta.dirname, "../../docs/images");
/** What the documents show. */
const SHOWN: readonly string[] = [
  "group-wide-light-en",
  "direct-phone-dark-en",
  "details-wide-dark-zh",
  "chats-phone-light-zh",
  "code-wide-dark-zh",
  "switcher-wide-light-en",
];
const PASSWORD = "a good long password";

interface Somebody {
  readonly id: string;
  readonly login: string;
  readonly token: string;
}

const world = new World();
const people = new Map<string, Somebody>();
let weekend = "";
let design = "";
let lin = "";

beforeAll(async () => {
  await mkdir(TO, { recursive: true });
  await world.open();
  await settle();
}, 120_000);
afterAll(() => world.close());

const NAMES = {
  ada: "Ada Keller",
  lin: "林小满",
  zhang: "张伟",
  marco: "Marco Rossi",
  wang: "王芳",
  yuki: "Yuki Tanaka",
  chen: "陈思远",
} as const;

function somebody(login: string): Somebody {
  const found = people.get(login);
  if (found === undefined) throw new Error(`nobody is called ${login}`);
  return found;
}

function as<R>(login: string, method: string, path: string, body?: object): Promise<R> {
  return world.server.api<R>(somebody(login).token, method, path, body);
}

async function register(login: string, name: string): Promise<void> {
  const account = { app: "demo", login, name, password: PASSWORD };
  const reply = await world.server.api<{ token: string; user: { id: string } }>(
    null,
    "POST",
    "/auth/register",
    account,
  );
  people.set(login, { id: reply.user.id, login, token: reply.token });
}

async function say(
  login: string,
  conversation: string,
  text: string,
  more: { reply_to?: number; mentions?: string[] } = {},
): Promise<number> {
  const message = { client_id: crypto.randomUUID(), kind: "text", text, ...more };
  const path = `/conversations/${conversation}/messages`;
  return (await as<{ seq: number }>(login, "POST", path, message)).seq;
}

async function react(login: string, conversation: string, seq: number, emoji: string) {
  const path = `/conversations/${conversation}/messages/${seq}/reactions`;
  await as(login, "PUT", `${path}/${encodeURIComponent(emoji)}`);
}

async function begin(login: string, body: object): Promise<string> {
  return (await as<{ id: string }>(login, "POST", "/conversations", body)).id;
}

/** Everybody, and what they have said. */
async function settle(): Promise<void> {
  for (const [login, name] of Object.entries(NAMES)) await register(login, name);
  const id = (login: keyof typeof NAMES) => somebody(login).id;
  for (const [login, text] of [
    ["chen", "合同我已经发给法务了，明天上午会有回复。"],
    ["marco", "Thanks! I will look at it on the train."],
    ["zhang", "👍"],
  ] as const) {
    const direct = await begin(login, { kind: "direct", members: [id("ada")] });
    await say(login, direct, text);
    if (login !== "chen") await as("ada", "POST", `/conversations/${direct}/read`, { seq: 1 });
  }
  weekend = await begin("lin", {
    kind: "group",
    name: "周末徒步 · Weekend hike",
    members: [id("ada"), id("zhang"), id("wang"), id("marco"), id("yuki")],
  });
  const plan = await say("lin", weekend, "周六早上八点在地铁站集合，走到水库大概三个小时 🥾");
  await react("zhang", weekend, plan, "👍");
  await react("wang", weekend, plan, "👍");
  await react("ada", weekend, plan, "👍");
  await react("marco", weekend, plan, "🎉");
  await say("marco", weekend, "Count me in. I bring coffee and the good sandwiches.");
  await say("wang", weekend, "我可以开车送大家到山脚下，还有三个空位。", { reply_to: plan });
  await say("ada", weekend, "@林小满 Shall we take the ridge path? It should be dry by then.", {
    mentions: [id("lin")],
    reply_to: plan,
  });
  await say("lin", weekend, "好主意！**山脊路线**风景最好，记得带风衣。", {
    mentions: [id("ada")],
  });
  design = await begin("yuki", {
    kind: "group",
    name: "Design review",
    members: [id("ada"), id("marco"), id("chen")],
  });
  await say("yuki", design, "The list keeps its place now when older messages come in:");
  await say(
    "yuki",
    design,
    '```ts\nconst list = useVirtualizer({\n  count: items.length,\n  anchorTo: "end",\n});\n```',
  );
  await say("marco", design, "Looks right to me. One pixel at most, also with reactions.");
  lin = await begin("lin", { kind: "direct", members: [id("ada")] });
  await say("ada", lin, "Is the new build on the test server?");
  await say("lin", lin, "在的，刚刚更新。你看看深色主题。");
  const seen = await say("ada", lin, "It is lovely. And fast!");
  await react("lin", lin, seen, "❤️");
  await as("lin", "POST", `/conversations/${lin}/read`, { seq: seen });
  await say("lin", lin, "那我们明天发布 🚀", { reply_to: seen });
  await say("chen", design, "@Ada Keller can you approve it today?", { mentions: [id("ada")] });
}

/** A browser in which Ada is signed in, at a path. */
async function adas(look: Look, path: string): Promise<Page> {
  const person = await world.stranger("Ada", look);
  const { page, words } = person;
  await page.goto(path);
  await page.getByLabel(words.loginName).fill("ada");
  await page.locator("input[name=password]").fill(PASSWORD);
  await page.getByRole("button", { name: words.signIn, exact: true }).click();
  // A narrow window shows the conversation and no navigation.
  await page.getByTestId("composer-input").waitFor();
  return page;
}

async function shoot(page: Page, name: string): Promise<void> {
  if (process.env.PICTURES === undefined && !SHOWN.includes(name)) return;
  await page.waitForLoadState("networkidle");
  await page.evaluate(() => document.fonts.ready);
  // What still loads has a grey shape, and what comes moves.
  await page.waitForFunction(
    () =>
      document.querySelector(".hp-skeleton") === null &&
      document.getAnimations().every((one) => one.playState !== "running"),
  );
  await page.screenshot({ path: join(TO, `${name}.png`), animations: "disabled" });
}

const WIDE = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
const NARROW = { width: 320, height: 640 };
const LOOKS: readonly (readonly [string, Look])[] = [
  ["wide-light-en", { viewport: WIDE }],
  ["wide-dark-zh", { viewport: WIDE, colorScheme: "dark", locale: "zh-CN" }],
  ["phone-light-zh", { viewport: PHONE, locale: "zh-CN" }],
  ["phone-dark-en", { viewport: PHONE, colorScheme: "dark" }],
  ["narrow-light-en", { viewport: NARROW }],
];

for (const [name, look] of LOOKS) {
  test(`pictures, ${name}`, async () => {
    const stranger = await world.stranger("Nobody", look);
    await stranger.page.goto("/");
    await shoot(stranger.page, `sign-in-${name}`);
    const page = await adas(look, `/c/${weekend}`);
    await shoot(page, `group-${name}`);
    await page.goto(`/c/${weekend}?pane=details`);
    await shoot(page, `details-${name}`);
    await page.goto(`/c/${lin}`);
    await shoot(page, `direct-${name}`);
    await page.goto(`/c/${design}`);
    await shoot(page, `code-${name}`);
    await page.goto("/");
    await shoot(page, `chats-${name}`);
    await page.keyboard.press("Control+k");
    await shoot(page, `switcher-${name}`);
    for (const part of [
      "profile",
      "appearance",
      "notifications",
      "privacy",
      "devices",
      "keyboard",
    ]) {
      await page.goto(`/settings/${part}`);
      await shoot(page, `settings-${part}-${name}`);
    }
    await world.endTest(null);
  });
}
