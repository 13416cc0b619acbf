/** Somebody in front of a browser: what they do, and what they see. */

import type { BrowserContext, Locator, Page } from "playwright-core";
import { PATIENCE_MS, until } from "./until.ts";
import { type Words, words } from "./words.ts";
import type { World } from "./world.ts";

/** How somebody is called, and signs in. */
export interface Identity {
  /** As others see them. */
  readonly name: string;
  readonly login: string;
  readonly isChinese: boolean;
}

/** As everybody's password here. */
const PASSWORD = "a hoopoe in the garden";

/** Somebody with a browser of their own. */
export class Person {
  readonly name: string;
  readonly login: string;
  readonly words: Words;

  constructor(
    readonly world: World,
    readonly context: BrowserContext,
    /** The tab in front; others by {@link tab}. */
    readonly page: Page,
    private readonly identity: Identity,
  ) {
    this.name = identity.name;
    this.login = identity.login;
    this.words = identity.isChinese ? words.zh : words.en;
  }

  /** The same person in another tab of the same browser. */
  async tab(path = "/"): Promise<Person> {
    const other = new Person(this.world, this.context, await this.context.newPage(), this.identity);
    await other.page.goto(path);
    await other.ready();
    return other;
  }

  /** The same person on another device. */
  async device(): Promise<Person> {
    const other = await this.world.stranger(this.name.replace(/ \d+$/, ""));
    const same = new Person(this.world, other.context, other.page, this.identity);
    await same.signIn();
    return same;
  }

  async register(): Promise<void> {
    const { page, words } = this;
    await page.goto("/");
    await page.getByRole("button", { name: words.toRegister }).click();
    await page.getByLabel(words.yourName).fill(this.name);
    await this.#credentials();
    await page.getByRole("button", { name: words.createAccount, exact: true }).click();
    await this.ready();
  }

  async signIn(): Promise<void> {
    await this.page.goto("/");
    await this.#credentials();
    await this.page.getByRole("button", { name: this.words.signIn, exact: true }).click();
    await this.ready();
  }

  async #credentials(): Promise<void> {
    await this.page.getByLabel(this.words.loginName).fill(this.login);
    await this.page.locator("input[name=password]").fill(PASSWORD);
  }

  /** Waits until the client is there, and knows what there is. */
  async ready(): Promise<void> {
    await this.page.getByRole("navigation", { name: this.words.nav }).waitFor();
  }

  // What is done without the page.

  #token: Promise<string> | null = null;

  /** A token of this person, for the API: another session, of no browser. */
  token(): Promise<string> {
    this.#token ??= this.#login();
    return this.#token;
  }

  async #login(): Promise<string> {
    const credentials = { app: "demo", login: this.login, password: PASSWORD };
    const { server } = this.world;
    return (await server.api<{ token: string }>(null, "POST", "/auth/login", credentials)).token;
  }

  /** Calls the API as this person. */
  async api<R>(method: string, path: string, body?: object): Promise<R> {
    return this.world.server.api<R>(await this.token(), method, path, body);
  }

  /** The id that the server has given. */
  async id(): Promise<string> {
    return (await this.api<{ id: string }>("GET", "/me")).id;
  }

  // What is on the page.

  get composer(): Locator {
    return this.page.getByTestId("composer-input");
  }

  get list(): Locator {
    return this.page.getByTestId("message-list");
  }

  get messages(): Locator {
    return this.page.getByTestId("message");
  }

  /** The last message that says this. */
  message(text: string): Locator {
    return this.messages.filter({ hasText: text }).last();
  }

  /** A line of the list of conversations. */
  conversation(title: string): Locator {
    return this.page.getByTestId("conversation-item").filter({ hasText: title });
  }

  /** The id of the conversation that is open, by the address of the page. */
  async openConversation(): Promise<string> {
    return until("an open conversation", () => /\/c\/([^/]+)/.exec(this.page.url())?.[1]);
  }

  // What somebody does.

  /** Opens the direct conversation with somebody by the quick switcher, and gives its id. */
  async find(other: Person): Promise<string> {
    const { page } = this;
    await page.keyboard.press("Control+k");
    const switcher = page.getByTestId("switcher");
    await switcher.getByRole("combobox").fill(other.name);
    await switcher.getByRole("option").filter({ hasText: other.name }).first().waitFor();
    await page.keyboard.press("Enter");
    await switcher.waitFor({ state: "detached" });
    await page.getByRole("heading", { name: other.name, exact: true }).first().waitFor();
    await this.composer.waitFor();
    return this.openConversation();
  }

  /** Makes a group by the dialog, and gives its id. */
  async group(name: string, others: readonly Person[]): Promise<string> {
    const { page, words } = this;
    const before = page.url();
    await page.getByRole("button", { name: words.newChat, exact: true }).first().click();
    const dialog = page.getByRole("dialog");
    for (const other of others) {
      await dialog.getByRole("combobox").fill(other.name);
      await dialog.getByRole("option").filter({ hasText: other.name }).first().click();
    }
    await dialog.getByLabel(words.groupName).fill(name);
    await dialog.getByRole("button", { name: words.createGroup, exact: true }).click();
    await until("the new group", () => page.url() !== before);
    await this.composer.waitFor();
    return this.openConversation();
  }

  async open(conversation: string): Promise<void> {
    const line = this.page.locator(`[data-conversation="${conversation}"]`).first();
    await line.click();
    await this.composer.waitFor();
  }

  /** Writes and sends, and waits until the server has it. */
  async send(text: string): Promise<void> {
    await this.write(text);
    await this.sent(text);
  }

  /** Writes and sends; the message may be waiting still. */
  async write(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press("Enter");
    await this.message(text).waitFor();
  }

  /** Waits until the server has a message of one's own. */
  async sent(text: string): Promise<void> {
    const state = () => this.message(text).getAttribute("data-state");
    await until(`"${text}" is sent`, async () => (await state()) === "sent");
  }

  /** Waits until a message is there. */
  async sees(text: string, patienceMs = PATIENCE_MS): Promise<void> {
    await this.message(text).waitFor({ timeout: patienceMs });
  }

  /** Waits until no message says this. */
  async seesNo(text: string): Promise<void> {
    await this.message(text).waitFor({ state: "detached" });
  }

  /** How many messages say this. */
  count(text: string): Promise<number> {
    return this.messages.filter({ hasText: text }).count();
  }

  /** Points at a message until it shows what can be done with it: not while its list scrolls. */
  async #point(text: string): Promise<Locator> {
    const message = this.message(text);
    const toolbar = message.getByRole("toolbar");
    let x = 0;
    await until(`the toolbar of "${text}"`, async () => {
      x = (x + 3) % 30;
      await message.hover({ position: { x: 20 + x, y: 8 }, timeout: 2_000 });
      return toolbar.isVisible();
    });
    return message;
  }

  /** Chooses from the menu of a message. */
  async choose(text: string, item: string): Promise<void> {
    const message = await this.#point(text);
    await message.getByRole("button", { name: this.words.moreActions }).click();
    await this.page.getByRole("menuitem", { name: item }).click();
  }

  async react(text: string, emoji: string): Promise<void> {
    const message = await this.#point(text);
    const toolbar = message.getByRole("toolbar");
    await toolbar.getByRole("button", { name: this.words.reactWith(emoji) }).click();
  }

  /** Waits until a message shows a reaction so many times; 0: not at all. */
  async seesReaction(text: string, emoji: string, count: number): Promise<void> {
    const chip = this.message(text).locator(".hp-reaction").filter({ hasText: emoji });
    await until(`${count} × ${emoji} at "${text}"`, async () => {
      const found = await chip.count();
      return count === 0
        ? found === 0
        : found > 0 && (await chip.textContent()) === `${emoji}${count}`;
    });
  }

  async reply(text: string, answer: string): Promise<void> {
    await this.choose(text, this.words.reply);
    await this.send(answer);
  }

  /** Edits an own message by the menu. */
  async edit(text: string, next: string): Promise<void> {
    await this.choose(text, this.words.edit);
    await this.composer.fill(next);
    await this.composer.press("Enter");
    await this.sees(next);
  }

  /** Recalls an own message, and says yes. */
  async recall(text: string): Promise<void> {
    await this.choose(text, this.words.recall);
    await this.confirm(this.words.recall);
  }

  /** Presses the button of the question that is open. */
  async confirm(button: string): Promise<void> {
    await this.page
      .getByRole("alertdialog")
      .getByRole("button", { name: button, exact: true })
      .click();
  }

  /** Waits until an own message shows how far it has come. */
  async seesProgress(text: string, progress: "sent" | "delivered" | "read"): Promise<void> {
    await this.message(text).locator(`[data-progress="${progress}"]`).waitFor();
  }

  /** Goes without a line, and comes back. */
  async offline(isOffline: boolean): Promise<void> {
    await this.context.setOffline(isOffline);
  }

  /** Commits `text` as an input method does that was typing `typed`, with the keys that go with it. */
  async compose(typed: string, text: string): Promise<void> {
    const session = await this.context.newCDPSession(this.page);
    const caret = { selectionStart: typed.length, selectionEnd: typed.length };
    await session.send("Input.imeSetComposition", { text: typed, ...caret });
    const key = { key: "Process", code: "Enter", windowsVirtualKeyCode: 229 };
    await session.send("Input.dispatchKeyEvent", { type: "rawKeyDown", ...key });
    await session.send("Input.insertText", { text });
    await session.send("Input.dispatchKeyEvent", { type: "keyUp", ...key, key: "Enter" });
    await session.detach();
  }
}
