import { act, fireEvent, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TypingLine } from "../TypingLine/TypingLine.tsx";
import { createDoubleClient, type DoubleClient } from "../testing/client.ts";
import { conversation, createFixture, message, NOW } from "../testing/fixture.ts";
import { renderKit } from "../testing/render.tsx";
import { MessageList, type MessageListProps } from "./MessageList.tsx";

const ID = "cnv_test";
const VIEW_PX = 600;
const ROW_PX = 50;

// There is no layout here: the list is as tall as a screen, and every row as tall as the next.
beforeEach(() => {
  const heightOf = (element: HTMLElement) =>
    element.classList.contains("hp-list__scroller") ? VIEW_PX : ROW_PX;
  vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockImplementation(function (
    this: HTMLElement,
  ) {
    return heightOf(this);
  });
  vi.spyOn(HTMLElement.prototype, "offsetWidth", "get").mockReturnValue(800);
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(VIEW_PX);
  vi.spyOn(document, "hasFocus").mockReturnValue(true);
});
afterEach(() => void vi.unstubAllGlobals());

const texts = [
  message(ID, 1, "ben", "Hello Ana", { createdAt: NOW - 600_000 }),
  message(ID, 2, "ana", "Hello **Ben**", { createdAt: NOW - 60_000, replyTo: 1 }),
  message(ID, 3, "ben", "How are you?", {
    createdAt: NOW - 30_000,
    reactions: [{ emoji: "👍", count: 2, me: false }],
  }),
];

function clientWith(messages = texts, more = {}): DoubleClient {
  const fixture = createFixture();
  const state = conversation(ID, {
    kind: "direct",
    peer: "ben",
    last: messages.at(-1) ?? null,
    ...more,
  });
  return createDoubleClient({
    ...fixture,
    conversations: [...fixture.conversations, state],
    messages: { ...fixture.messages, [ID]: messages },
  });
}

function show(client = clientWith(), props: Partial<MessageListProps> = {}) {
  const callbacks = {
    onReply: vi.fn(),
    onEdit: vi.fn(),
    onReedit: vi.fn(),
    onShowReceipts: vi.fn(),
    onOpenUser: vi.fn(),
  };
  renderKit(<MessageList conversation={ID} {...callbacks} {...props} />, { client });
  const handle = client.conversations.get(ID);
  return { client, handle, callbacks, user: userEvent.setup() };
}

const rows = () => screen.getAllByTestId("message");
const row = (seq: number) => {
  const found = rows().find((one) => one.dataset.seq === String(seq));
  if (found === undefined) throw new Error(`no row ${seq}`);
  return found;
};
const calls = (client: DoubleClient, method: string) =>
  client.calls.all.filter((one) => one.method === `conversation.${method}`).map((one) => one.args);

describe("a list", () => {
  it("opens its conversation, and shows who said what and when", () => {
    const { handle } = show();
    expect(handle.opened).toBe(1);
    expect(screen.getByRole("region", { name: "Messages" })).toBeTruthy();
    expect(screen.getByRole("feed")).toBeTruthy();
    expect(screen.getByRole("article", { name: /^Ben Okafor Hello Ana/ })).toBe(row(1));
    expect(screen.getByRole("article", { name: /^You Hello Ben/ })).toBe(row(2));
  });

  it("shows an honest nothing, a failure with a way on, and that it loads", async () => {
    const { handle, client, user } = show(clientWith([]));
    expect(screen.getByText("Say hello 👋")).toBeTruthy();
    act(() => handle.timeline.update((now) => ({ ...now, loading: "first" })));
    expect(screen.getByRole("status", { name: "Loading messages…" })).toBeTruthy();
    const failure = { ...texts[0]?.failure, code: "sdk.offline" } as never;
    act(() => handle.timeline.update((now) => ({ ...now, loading: "none", failure })));
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(calls(client, "jumpToLatest")).toHaveLength(1);
  });

  it("says that it loads, not that there is nothing, where more is than is loaded", () => {
    const { handle } = show(clientWith([]));
    act(() => handle.timeline.update((now) => ({ ...now, hasAfter: true })));
    expect(screen.getByRole("status", { name: "Loading messages…" })).toBeTruthy();
  });

  it.each([null, 9150])("opens anew when others take the place of its messages", (unreadSince) => {
    const many = (from: number) =>
      Array.from({ length: 300 }, (_, i) => message(ID, from + i, "ben", `m${from + i}`));
    const { handle } = show(clientWith(many(1)));
    const list = screen.getByTestId("message-list");
    vi.spyOn(list, "scrollHeight", "get").mockReturnValue(20_000);
    const scrollTo = vi.spyOn(list, "scrollTo");
    act(() => handle.timeline.update((now) => ({ ...now, items: many(9001), unreadSince })));
    const tops = scrollTo.mock.calls.map(([to]) => (to as ScrollToOptions | undefined)?.top ?? 0);
    expect(Math.max(...tops)).toBeGreaterThan(2000);
    act(() => handle.timeline.update((now) => ({ ...now, items: many(8901) })));
    expect(scrollTo.mock.calls).toHaveLength(tops.length);
  });

  it("draws few of many rows", () => {
    const many = Array.from({ length: 5000 }, (_, i) => message(ID, i + 1, "ben", `m${i + 1}`));
    show(clientWith(many));
    expect(rows().length).toBeLessThan(150);
    expect(rows().length).toBeGreaterThan(5);
  });

  it("marks what is seen as read, once", async () => {
    vi.useFakeTimers();
    const { client } = show(clientWith(texts, { unread: 2 }));
    await act(() => vi.runOnlyPendingTimersAsync());
    expect(calls(client, "markRead")).toEqual([[3]]);
    expect(screen.getByTestId("unread-divider").textContent).toBe("New messages");
    vi.useRealTimers();
  });

  it("marks nothing while the page has no attention", async () => {
    vi.useFakeTimers();
    vi.mocked(document.hasFocus).mockReturnValue(false);
    const { client } = show(clientWith(texts, { unread: 2 }));
    await act(() => vi.runOnlyPendingTimersAsync());
    expect(calls(client, "markRead")).toEqual([]);
    vi.useRealTimers();
  });

  it("tells screen readers of new messages of others", () => {
    const { handle } = show();
    act(() => void handle.receive("ben", "**News**"));
    expect(screen.getByText("Ben Okafor: News").getAttribute("aria-live")).toBe("polite");
  });
});

describe("keys at a message", () => {
  it("move among messages; one is in the tab order", async () => {
    const { user } = show();
    expect(rows().map((one) => one.tabIndex)).toEqual([-1, -1, 0]);
    row(3).focus();
    await user.keyboard("{ArrowUp}k");
    expect(document.activeElement).toBe(row(1));
    expect(rows().map((one) => one.tabIndex)).toEqual([0, -1, -1]);
    await user.keyboard("{End}");
    expect(document.activeElement).toBe(row(3));
  });

  it("reply, edit, copy and delete", async () => {
    const { user, callbacks, client } = show();
    const writeText = vi.fn(() => Promise.resolve());
    vi.stubGlobal("navigator", { ...navigator, clipboard: { writeText } });
    act(() => row(2).focus());
    fireEvent.keyDown(row(2), { key: "r" });
    expect(callbacks.onReply).toHaveBeenCalledWith(texts[1]);
    fireEvent.keyDown(row(2), { key: "e" });
    expect(callbacks.onEdit).toHaveBeenCalledWith(texts[1]);
    fireEvent.keyDown(row(2), { key: "c" });
    expect(writeText).toHaveBeenCalledWith("Hello **Ben**");
    fireEvent.keyDown(row(2), { key: "Delete" });
    await user.click(
      within(screen.getByRole("alertdialog")).getByRole("button", { name: "Delete" }),
    );
    expect(calls(client, "delete")).toEqual([[2, "me"]]);
    expect(rows()).toHaveLength(2);
  });

  it("do not edit what others wrote", () => {
    const { callbacks } = show();
    act(() => row(3).focus());
    fireEvent.keyDown(row(3), { key: "e" });
    expect(callbacks.onEdit).not.toHaveBeenCalled();
  });
});

describe("the menu of a message", () => {
  const open = (seq: number) => fireEvent.keyDown(row(seq), { key: "F10", shiftKey: true });
  const item = (name: RegExp) => screen.getByRole("menuitem", { name });

  it("opens by key and by right click, with what may be done", async () => {
    const { user, callbacks } = show();
    open(2);
    const names = screen.getAllByRole("menuitem").map((one) => one.dataset.menuItem);
    expect(names).toEqual([
      "reply",
      "edit",
      "copy",
      "select",
      "unread",
      "readBy",
      "recall",
      "deleteForMe",
      "deleteForAll",
    ]);
    await user.click(item(/^Read by/));
    expect(callbacks.onShowReceipts).toHaveBeenCalledWith(2);
    fireEvent.contextMenu(row(1), { clientX: 10, clientY: 10 });
    await user.click(item(/^Reply/));
    expect(callbacks.onReply).toHaveBeenCalledWith(texts[0]);
  });

  it("offers nothing that the app has nothing for", () => {
    show(clientWith(), { onReply: undefined, onEdit: undefined, onShowReceipts: undefined });
    open(2);
    expect(screen.queryByRole("menuitem", { name: /Reply|Edit|Read by/ })).toBeNull();
  });

  it("opens by a long press", () => {
    vi.useFakeTimers();
    show();
    fireEvent.pointerDown(row(1), { pointerType: "touch", clientX: 5, clientY: 5 });
    act(() => void vi.advanceTimersByTime(500));
    expect(screen.getByRole("menu", { name: "Message actions" })).toBeTruthy();
    vi.useRealTimers();
  });

  it("recalls, and the author gets back what it said", async () => {
    const { user, callbacks } = show();
    open(2);
    await user.click(item(/^Recall/));
    await user.click(
      within(screen.getByRole("alertdialog")).getByRole("button", { name: "Recall" }),
    );
    expect(row(2).textContent).toContain("You recalled a message");
    await user.click(screen.getByRole("button", { name: "Edit again" }));
    expect(callbacks.onReedit).toHaveBeenCalledWith(
      expect.objectContaining({ text: "Hello **Ben**" }),
    );
  });

  it("marks as unread, and nothing is marked as read after that", async () => {
    const { user, client, handle } = show(clientWith(texts, { unread: 1 }));
    open(1);
    await user.click(item(/^Mark unread/));
    expect(calls(client, "markUnread")).toEqual([[1]]);
    const before = calls(client, "markRead").length;
    act(() => void handle.receive("ben", "more"));
    expect(calls(client, "markRead")).toHaveLength(before);
  });

  it("selects several, which are copied with names", async () => {
    const { user } = show();
    const writeText = vi.fn(() => Promise.resolve());
    vi.stubGlobal("navigator", { ...navigator, clipboard: { writeText } });
    open(1);
    await user.click(item(/^Select/));
    fireEvent.click(row(3));
    expect(screen.getAllByRole("checkbox", { checked: true })).toHaveLength(2);
    fireEvent.click(
      within(screen.getByRole("toolbar", { name: "Selected messages" })).getByRole("button", {
        name: "Copy",
      }),
    );
    expect(writeText).toHaveBeenCalledWith("Ben Okafor: Hello Ana\nBen Okafor: How are you?");
    expect(screen.queryByRole("checkbox")).toBeNull();
    open(1);
    await user.click(item(/^Select/));
    expect(screen.getAllByRole("checkbox", { checked: true })).toHaveLength(1);
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("checkbox")).toBeNull();
  });
});

describe("a message", () => {
  it("takes a reaction and gives it back", async () => {
    const { client, user } = show();
    await user.click(screen.getByRole("button", { name: "👍 2 people" }));
    expect(calls(client, "react")).toEqual([[3, "👍"]]);
    await user.click(screen.getByRole("button", { name: "👍 3 people, you among them" }));
    expect(calls(client, "unreact")).toEqual([[3, "👍"]]);
  });

  it("says who reacted", async () => {
    const { handle, user } = show();
    handle.reacted.set(3, [{ user: "limei", emoji: "👍", createdAt: NOW }]);
    await user.click(screen.getByRole("button", { name: "Who reacted" }));
    expect((await screen.findByRole("listitem")).textContent).toContain("李梅");
  });

  it("leads to what it quotes", async () => {
    const { client, user } = show();
    await user.click(within(row(2)).getByRole("button", { name: /Hello Ana/ }));
    expect(calls(client, "jumpTo")).toEqual([[1]]);
    expect(row(1).className).toContain("hp-row--highlighted");
  });

  it("shows what it said before", async () => {
    const edited = message(ID, 1, "ben", "new", { editedAt: NOW });
    const { handle, user } = show(clientWith([edited]));
    handle.versions.set(1, [{ text: "old", mentions: [], editedAt: null }]);
    await user.click(screen.getByRole("button", { name: "edited" }));
    expect(await screen.findByText("old")).toBeTruthy();
  });

  it("has a mark for how far it has come", () => {
    const { handle } = show();
    const mark = () => within(row(2)).getByTestId("receipt").dataset.progress;
    expect(mark()).toBe("sent");
    act(() => handle.receipts.set({ deliveredSeq: 2, readSeq: 0 }));
    expect(mark()).toBe("delivered");
    act(() => handle.receipts.set({ deliveredSeq: 2, readSeq: 2 }));
    expect(within(row(2)).getByTestId("receipt").textContent).toBe("Read");
  });

  it("that failed is offered again, or taken away", async () => {
    const failed = message(ID, null, "ana", "x", { state: "failed", clientId: "f" });
    const { client, user } = show(clientWith([failed]));
    await user.click(screen.getByRole("button", { name: "Delete" }));
    expect(calls(client, "discard")).toEqual([["f"]]);
  });

  it("of a group says how many have read it", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const { handle, callbacks } = show(clientWith(texts, { kind: "group", peer: null }));
    vi.spyOn(handle, "receiptsOf").mockResolvedValue({
      memberCount: 3,
      readCount: 2,
      deliveredCount: 3,
      items: [],
      nextCursor: null,
    });
    act(() => handle.receipts.set({ deliveredSeq: 3, readSeq: 3 }));
    await act(() => vi.advanceTimersByTimeAsync(500));
    fireEvent.click(screen.getByRole("button", { name: "Read by 2" }));
    expect(callbacks.onShowReceipts).toHaveBeenCalledWith(2);
    vi.useRealTimers();
  });
});

it("who types is said with up to three names", () => {
  const client = clientWith();
  renderKit(<TypingLine conversation={ID} />, { client });
  const { typing } = client.conversations.get(ID);
  expect(screen.getByTestId("typing").textContent).toBe("");
  act(() => typing.set(["ben"]));
  expect(screen.getByText("Ben Okafor is typing…")).toBeTruthy();
  act(() => typing.set(["ben", "limei"]));
  expect(screen.getByText("Ben Okafor and 李梅 are typing…")).toBeTruthy();
  act(() => typing.set(["ben", "limei", "chloe", "kaito"]));
  expect(screen.getByText("Ben Okafor, 李梅, Chloé Dubois and 1 more are typing…")).toBeTruthy();
});
