import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createDoubleClient, type DoubleClient } from "../testing/client.ts";
import { renderKit } from "../testing/render.tsx";
import { Composer, type ComposerProps } from "./Composer.tsx";
import { composerOf } from "./control.ts";

const GROUP = "cnv_release";
const DIRECT = "cnv_limei";

const field = () => screen.getByTestId<HTMLTextAreaElement>("composer-input");
const sent = (client: DoubleClient) =>
  client.calls.of("conversation.send").map((call) => call.args[0]);
const drafts = (client: DoubleClient) =>
  client.calls.of("conversation.setDraft").map((call) => call.args[0]);

function draw(conversation = DIRECT, more: Partial<ComposerProps> = {}, client?: DoubleClient) {
  return renderKit(<Composer conversation={conversation} {...more} />, { client });
}

beforeEach(() => localStorage.clear());
afterEach(() => {
  vi.useRealTimers();
});

describe("sending", () => {
  test("Enter sends, Shift+Enter begins a line, and the field is empty and focused again", async () => {
    const { client } = draw();
    await userEvent.type(field(), "one{Shift>}{Enter}{/Shift}two{Enter}");
    expect(sent(client)).toEqual([{ text: "one\ntwo" }]);
    expect(field().value).toBe("");
    expect(document.activeElement).toBe(field());
  });

  test("the button sends, and is off while there is nothing but blanks", async () => {
    const { client } = draw();
    const button = screen.getByRole<HTMLButtonElement>("button", { name: "Send" });
    await userEvent.type(field(), "  ");
    expect(button.disabled).toBe(true);
    await userEvent.type(field(), "hello");
    await userEvent.click(button);
    expect(sent(client)).toEqual([{ text: "  hello" }]);
    expect(document.activeElement).toBe(field());
  });

  test("blanks alone are not sent", async () => {
    const { client } = draw();
    await userEvent.type(field(), "   {Enter}");
    expect(sent(client)).toEqual([]);
  });

  test("Enter is a new line where Ctrl+Enter sends", async () => {
    const { client } = draw(DIRECT, { sendWith: "ctrl-enter" });
    await userEvent.type(field(), "one{Enter}two");
    expect(sent(client)).toEqual([]);
    await userEvent.keyboard("{Control>}{Enter}{/Control}");
    expect(sent(client)).toEqual([{ text: "one\ntwo" }]);
  });

  test("without a line it sends all the same, and says what will happen", async () => {
    const client = createDoubleClient();
    client.connection.update((now) => ({ ...now, status: "waiting" }));
    draw(DIRECT, {}, client);
    expect(screen.getByText(/^No connection/)).toBeTruthy();
    await userEvent.type(field(), "later{Enter}");
    expect(sent(client)).toEqual([{ text: "later" }]);
  });

  test("a refusal is no unhandled error: it shows at the message", async () => {
    const client = createDoubleClient();
    client.calls.fail("conversation.send", "messages.forbidden");
    draw(DIRECT, {}, client);
    await userEvent.type(field(), "hello{Enter}");
    await waitFor(() =>
      expect(client.conversations.get(DIRECT).timeline.getSnapshot().items.at(-1)?.state).toBe(
        "failed",
      ),
    );
  });

  test("a guest reads only", () => {
    const client = createDoubleClient();
    client.conversations.get(GROUP).state.update((now) => (now ? { ...now, role: "guest" } : now));
    draw(GROUP, {}, client);
    expect(screen.queryByTestId("composer-input")).toBeNull();
    expect(screen.getByText("You can read here, but not write")).toBeTruthy();
  });
});

describe("an input method", () => {
  test("the Enter that ends a composition sends nothing", async () => {
    const { client } = draw();
    fireEvent.compositionStart(field());
    fireEvent.change(field(), { target: { value: "ni hao" } });
    fireEvent.keyDown(field(), { key: "Enter", keyCode: 229, isComposing: true });
    fireEvent.change(field(), { target: { value: "你好" } });
    fireEvent.compositionEnd(field());
    fireEvent.keyUp(field(), { key: "Enter", keyCode: 13 });
    expect(sent(client)).toEqual([]);
    fireEvent.keyDown(field(), { key: "Enter", keyCode: 13 });
    expect(sent(client)).toEqual([{ text: "你好" }]);
  });

  test("nor does it where the key comes after the end, as in Safari", () => {
    const { client } = draw();
    fireEvent.compositionStart(field());
    fireEvent.change(field(), { target: { value: "你好" } });
    fireEvent.compositionEnd(field());
    fireEvent.keyDown(field(), { key: "Enter", keyCode: 229 });
    fireEvent.keyUp(field(), { key: "Enter" });
    expect(sent(client)).toEqual([]);
  });

  test("nor without the key code that tells", () => {
    const { client } = draw();
    fireEvent.change(field(), { target: { value: "你好" } });
    fireEvent.compositionEnd(field());
    fireEvent.keyDown(field(), { key: "Enter", keyCode: 13 });
    fireEvent.keyUp(field(), { key: "Enter" });
    expect(sent(client)).toEqual([]);
    fireEvent.keyDown(field(), { key: "Enter", keyCode: 13 });
    expect(sent(client)).toHaveLength(1);
  });

  test("its arrows and Esc leave the reply and the completion alone", () => {
    const { client } = draw();
    act(() => composerOf(client, DIRECT).reply(1));
    fireEvent.keyDown(field(), { key: "Escape", keyCode: 229, isComposing: true });
    expect(composerOf(client, DIRECT).state.getSnapshot().replyTo).toBe(1);
  });
});

describe("formats", () => {
  test.each([
    ["b", false, "**hello**"],
    ["i", false, "*hello*"],
    ["e", false, "`hello`"],
    ["X", true, "~~hello~~"],
  ])("Ctrl+%s marks what is selected, and takes the mark away", (key, shiftKey, marked) => {
    draw();
    fireEvent.change(field(), { target: { value: "hello" } });
    field().setSelectionRange(0, 5);
    fireEvent.keyDown(field(), { key, ctrlKey: true, shiftKey });
    expect(field().value).toBe(marked);
    fireEvent.keyDown(field(), { key, ctrlKey: true, shiftKey });
    expect(field().value).toBe("hello");
  });
});

describe("mentions", () => {
  test("an @ offers the members, letters choose, Enter takes, and the id is sent", async () => {
    const { client } = draw(GROUP);
    await userEvent.type(field(), "hi @zw");
    const options = await screen.findAllByRole("option");
    expect(options).toHaveLength(1);
    expect(options[0]?.textContent).toContain("张伟zhang.wei");
    expect(field().getAttribute("aria-activedescendant")).toBe(options[0]?.id);
    await userEvent.keyboard("{Enter}");
    expect(field().value).toBe("hi @张伟 ");
    expect(screen.queryByRole("listbox")).toBeNull();
    await userEvent.keyboard("{Enter}");
    expect(sent(client)).toEqual([{ text: "hi @张伟", mentions: ["zhang.wei"] }]);
  });

  test("arrows move, Tab takes, the full-width sign works too", async () => {
    draw(GROUP);
    await userEvent.type(field(), "＠");
    const options = await screen.findAllByRole("option");
    expect(options).toHaveLength(7);
    expect(options.some((option) => option.textContent?.startsWith("Ana"))).toBe(false);
    await userEvent.keyboard("{ArrowDown}{ArrowDown}{ArrowUp}");
    const chosen = screen.getByRole("option", { selected: true });
    expect(chosen).toBe(options[1]);
    await userEvent.keyboard("{Tab}");
    expect(field().value.startsWith("@")).toBe(true);
    expect(document.activeElement).toBe(field());
  });

  test("Esc closes the list and nothing else, until another @", async () => {
    const { client } = draw(GROUP);
    act(() => composerOf(client, GROUP).reply(3));
    await userEvent.type(field(), "@be");
    await screen.findByRole("listbox");
    await userEvent.keyboard("{Escape}");
    expect(screen.queryByRole("listbox")).toBeNull();
    expect(composerOf(client, GROUP).state.getSnapshot().replyTo).toBe(3);
    await userEvent.keyboard(" @");
    await screen.findByRole("listbox");
  });

  test("the id goes when the name is deleted", async () => {
    const { client } = draw(GROUP);
    await userEvent.type(field(), "@ben");
    await screen.findByRole("option");
    await userEvent.keyboard("{Enter}{Backspace}{Backspace}x{Enter}");
    expect(sent(client)).toEqual([{ text: "@Ben Okafox" }]);
  });

  test("in a direct conversation an @ is an @", async () => {
    const { client } = draw(DIRECT);
    await userEvent.type(field(), "@l{Enter}");
    expect(sent(client)).toEqual([{ text: "@l" }]);
  });
});

describe("emoji", () => {
  test(":smi offers emoji, and Enter writes the first", async () => {
    const { client } = draw();
    await userEvent.type(field(), "hi :smile");
    await screen.findAllByRole("option");
    await userEvent.keyboard("{Enter}{Enter}");
    expect(sent(client)).toEqual([{ text: "hi 😄" }]);
  });

  test("the picker writes where the caret is", async () => {
    draw();
    fireEvent.change(field(), { target: { value: "ab" } });
    field().setSelectionRange(1, 1);
    await userEvent.click(screen.getByRole("button", { name: "Emoji" }));
    await userEvent.click(await screen.findByRole("gridcell", { name: "grinning face" }));
    expect(field().value).toBe("a😀b");
    expect(document.activeElement).toBe(field());
  });
});

describe("limits", () => {
  test("near the limit it counts, above it says so and does not send", async () => {
    const { client } = draw();
    fireEvent.change(field(), { target: { value: "好".repeat(5_000) } });
    expect(screen.getByText("1,384 bytes left")).toBeTruthy();
    fireEvent.change(field(), { target: { value: "好".repeat(6_000) } });
    expect(screen.getByText(/^Too long by 1,616 bytes/)).toBeTruthy();
    fireEvent.keyDown(field(), { key: "Enter", keyCode: 13 });
    expect(sent(client)).toEqual([]);
    expect(field().value).toHaveLength(6_000);
  });

  test("10,000 characters that are pasted are all there", async () => {
    const { client } = draw();
    const text = "words and lines\n".repeat(625);
    await userEvent.click(field());
    await userEvent.paste(text);
    expect(field().value).toHaveLength(10_000);
    await userEvent.keyboard("{Enter}");
    expect(sent(client)).toEqual([{ text: text.trimEnd() }]);
  });
});

describe("replies", () => {
  test("the bar shows whom one answers, and the message carries the number", async () => {
    const { client } = draw(DIRECT);
    act(() => composerOf(client, DIRECT).reply(1));
    expect(screen.getByText(/^Reply to /)).toBeTruthy();
    expect(document.activeElement).toBe(field());
    await userEvent.type(field(), "yes{Enter}");
    expect(sent(client)).toEqual([{ text: "yes", replyTo: 1 }]);
    expect(screen.queryByText(/^Reply to /)).toBeNull();
  });

  test("Esc and the cross take it away", async () => {
    const { client } = draw(DIRECT);
    act(() => composerOf(client, DIRECT).reply(1));
    await userEvent.type(field(), "{Escape}");
    expect(screen.queryByText(/^Reply to /)).toBeNull();
    act(() => composerOf(client, DIRECT).reply(1));
    await userEvent.click(screen.getByRole("button", { name: "Do not reply" }));
    expect(composerOf(client, DIRECT).state.getSnapshot().replyTo).toBeNull();
  });
});

describe("editing", () => {
  const withOwn = (ageMs: number) => {
    const client = createDoubleClient();
    const handle = client.conversations.get(DIRECT);
    handle.receive("ana", "helo", { createdAt: client.now() - ageMs });
    return client;
  };

  test("↑ in an empty field edits the own last message, Enter keeps it", async () => {
    const client = withOwn(60_000);
    draw(DIRECT, {}, client);
    await userEvent.type(field(), "{ArrowUp}");
    expect(field().value).toBe("helo");
    expect(screen.getByText("Editing a message")).toBeTruthy();
    await userEvent.keyboard("{Backspace}lo{Enter}");
    await waitFor(() => expect(screen.queryByText("Editing a message")).toBeNull());
    expect(client.calls.of("conversation.edit")[0]?.args[1]).toEqual({
      text: "hello",
      mentions: [],
    });
    expect(field().value).toBe("");
    expect(sent(client)).toEqual([]);
  });

  test("Esc leaves, and the draft of before is there again", async () => {
    const client = withOwn(60_000);
    draw(DIRECT, {}, client);
    await userEvent.type(field(), "begun");
    const own = client.conversations.get(DIRECT).timeline.getSnapshot().items.at(-1);
    act(() => composerOf(client, DIRECT).edit(own ?? null));
    expect(field().value).toBe("helo");
    await userEvent.keyboard("more{Escape}");
    expect(field().value).toBe("begun");
    expect(client.calls.of("conversation.edit")).toEqual([]);
  });

  test("what is refused stays, with the reason", async () => {
    const client = withOwn(60_000);
    client.calls.fail("conversation.edit", "messages.too_late");
    draw(DIRECT, {}, client);
    await userEvent.type(field(), "{ArrowUp}o{Enter}");
    expect(await screen.findByText("It is too late for this")).toBeTruthy();
    expect(field().value).toBe("heloo");
  });

  test("after the window there is nothing to edit", async () => {
    const client = withOwn(86_401_000);
    draw(DIRECT, {}, client);
    await userEvent.type(field(), "{ArrowUp}");
    expect(field().value).toBe("");
  });

  test("a message cannot become empty", async () => {
    const client = withOwn(60_000);
    draw(DIRECT, {}, client);
    await userEvent.type(field(), "{ArrowUp}");
    await userEvent.clear(field());
    await userEvent.keyboard("{Enter}");
    expect(screen.getByText(/^A message cannot become empty/)).toBeTruthy();
  });
});

describe("drafts and typing", () => {
  test("a draft and its quote are there again", () => {
    const { client } = draw("cnv_ben");
    expect(field().value).toBe("Then let's tag it");
    expect(composerOf(client, "cnv_ben").state.getSnapshot().replyTo).toBe(2);
  });

  test("what is written is kept a moment later, once", () => {
    vi.useFakeTimers();
    const { client } = draw();
    fireEvent.change(field(), { target: { value: "h" } });
    fireEvent.change(field(), { target: { value: "he" } });
    expect(drafts(client)).toEqual([]);
    act(() => vi.advanceTimersByTime(1_000));
    expect(drafts(client)).toEqual([{ text: "he", mentions: [], replyTo: null }]);
  });

  test("it is kept at once when the conversation is left, and each has its own", () => {
    vi.useFakeTimers();
    const { client, rerender } = draw();
    fireEvent.change(field(), { target: { value: "for Mei" } });
    rerender(<Composer conversation="cnv_finn" />);
    expect(field().value).toBe("");
    expect(drafts(client)).toEqual([{ text: "for Mei", mentions: [], replyTo: null }]);
    rerender(<Composer conversation={DIRECT} />);
    expect(field().value).toBe("for Mei");
  });

  test("what was sent leaves no draft", () => {
    vi.useFakeTimers();
    const { client } = draw();
    fireEvent.change(field(), { target: { value: "hi" } });
    act(() => vi.advanceTimersByTime(1_000));
    fireEvent.keyDown(field(), { key: "Enter", keyCode: 13 });
    expect(field().value).toBe("");
    act(() => vi.advanceTimersByTime(1_000));
    expect(drafts(client).at(-1)).toBeNull();
    expect(field().value).toBe("");
  });

  test("a draft that becomes known later is shown, unless something is written already", () => {
    const client = createDoubleClient();
    const handle = client.conversations.get("cnv_ben");
    const known = handle.state.getSnapshot();
    handle.state.set(null);
    draw("cnv_ben", {}, client);
    expect(field().value).toBe("");
    act(() => handle.state.set(known));
    expect(field().value).toBe("Then let's tag it");
  });

  test("the others are told that one writes, and that one stopped", async () => {
    const { client } = draw();
    await userEvent.type(field(), "h{Enter}");
    const told = client.calls.of("conversation.setTyping").map((call) => call.args[0]);
    expect(told[0]).toBe(true);
    expect(told.at(-1)).toBe(false);
  });
});

test("a recalled message can be written anew, people included", async () => {
  const client = createDoubleClient();
  composerOf(client, GROUP).compose({ text: "@张伟 again", mentions: ["zhang.wei"], replyTo: 2 });
  draw(GROUP, {}, client);
  expect(field().value).toBe("@张伟 again");
  await userEvent.type(field(), "{Enter}");
  expect(sent(client)).toEqual([{ text: "@张伟 again", mentions: ["zhang.wei"], replyTo: 2 }]);
});

test("its placeholder and its name say to whom one writes, in Chinese as well", () => {
  draw(DIRECT);
  expect(field().placeholder).toBe("Message 李梅");
});
