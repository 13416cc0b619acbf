import { act, fireEvent, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { beforeEach, expect, test, vi } from "vitest";
import { createDoubleClient } from "../testing/client.ts";
import { conversation, createFixture, manyConversations } from "../testing/fixture.ts";
import { mockLayout } from "../testing/layout.ts";
import { renderKit } from "../testing/render.tsx";
import { ConversationList } from "./ConversationList.tsx";

beforeEach(() => mockLayout({ width: 340, height: 1400 }));

function List({ onSelect, onStart }: { onSelect?: (id: string) => void; onStart?: () => void }) {
  const [selected, select] = useState<string | null>(null);
  const choose = (id: string) => {
    select(id);
    onSelect?.(id);
  };
  return <ConversationList selected={selected} onSelect={choose} onStart={onStart} />;
}

const rows = () => screen.getAllByTestId("conversation-item");
const row = (id: string) => {
  const found = rows().find((one) => one.dataset.conversation === id);
  if (found === undefined) throw new Error(`${id} is not drawn`);
  return found;
};

/** What a screen reader is given: the letters in an avatar are an ornament. */
function said(element: HTMLElement): string {
  const copy = element.cloneNode(true) as HTMLElement;
  for (const ornament of copy.querySelectorAll('[aria-hidden="true"]')) ornament.remove();
  return copy.textContent;
}

test("a line says who, what was said last, when, and what is unread", () => {
  renderKit(<List />);
  expect(said(row("cnv_limei"))).toBe("李梅14:22七点，老地方 🍜1 unread message");
  expect(row("cnv_release").textContent).toMatch(/\[You were mentioned\] 李梅: 没问题/);
  expect(row("cnv_ben").textContent).toMatch(/Draft: Then let's tag it/);
  expect(within(row("cnv_priya")).getByRole("img", { name: "Not sent" })).toBeTruthy();
  expect(within(row("cnv_kaito")).getByRole("img", { name: "Sending" })).toBeTruthy();
  expect(row("cnv_sofia").textContent).toMatch(/Sofía Núñez recalled a message/);
  expect(row("cnv_omar").textContent).toMatch(/Thanks! See README.md/);
  expect(row("cnv_ops").textContent).toMatch(/99\+128 unread messages/);
  expect(within(row("cnv_max")).getByText("Marked as unread")).toBeTruthy();
  expect(within(row("cnv_limei")).getByRole("img", { name: "Online" })).toBeTruthy();
});

test("who writes is said instead of the last message", () => {
  const { client } = renderKit(<List />);
  act(() => client.conversations.get("cnv_limei").typing.set(["limei"]));
  expect(row("cnv_limei").textContent).toMatch(/typing…/);
  act(() => client.conversations.get("cnv_release").typing.set(["ben"]));
  expect(row("cnv_release").textContent).toMatch(/Ben Okafor is typing…/);
});

test("Tab reaches one line; arrows, Home and End move on, Enter opens", async () => {
  const user = userEvent.setup();
  const onSelect = vi.fn();
  renderKit(<List onSelect={onSelect} />);
  await user.tab();
  await user.tab();
  expect(document.activeElement).toBe(row("cnv_kaito"));
  await user.keyboard("{ArrowDown}");
  expect(document.activeElement).toBe(row("cnv_release"));
  await user.keyboard("{End}");
  expect(document.activeElement).toBe(row("cnv_zhao"));
  await user.keyboard("{ArrowDown}{Home}{ArrowDown}{Enter}");
  expect(onSelect).toHaveBeenCalledExactlyOnceWith("cnv_release");
  expect(row("cnv_release").getAttribute("aria-current")).toBe("true");
  expect(rows().filter((one) => one.tabIndex === 0)).toHaveLength(1);
});

test("filters show what is unread and what mentions, and what is open stays", async () => {
  const user = userEvent.setup();
  const { client } = renderKit(<List />);
  await user.click(screen.getByRole("tab", { name: /^Unread/ }));
  expect(rows().map((one) => one.dataset.conversation)).toEqual([
    "cnv_release",
    "cnv_limei",
    "cnv_ops",
    "cnv_max",
  ]);
  await user.click(row("cnv_limei"));
  await act(() => client.conversations.get("cnv_limei").markRead());
  expect(row("cnv_limei")).toBeTruthy();
  await user.click(row("cnv_ops"));
  expect(rows().map((one) => one.dataset.conversation)).not.toContain("cnv_limei");
  await user.click(screen.getByRole("tab", { name: /^Mentions/ }));
  expect(rows()).toHaveLength(1);
  await act(() => client.conversations.readAll());
  expect(screen.getByText("No mentions")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Show all" }));
  expect(rows()).toHaveLength(14);
});

test("the menu marks as read and as unread, by mouse and by a long press", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  const user = userEvent.setup({ advanceTimers: vi.advanceTimersByTime });
  const onSelect = vi.fn();
  const { client } = renderKit(<List onSelect={onSelect} />);
  fireEvent.contextMenu(row("cnv_release"), { clientX: 40, clientY: 40 });
  await user.click(screen.getByRole("menuitem", { name: "Mark as read" }));
  expect(client.calls.of("conversation.markRead")).toHaveLength(1);
  expect(screen.queryByRole("menu")).toBeNull();

  const line = row("cnv_omar");
  fireEvent.pointerDown(line, { pointerType: "touch", clientX: 10, clientY: 10 });
  await act(() => vi.advanceTimersByTimeAsync(600));
  fireEvent.pointerUp(line, { pointerType: "touch" });
  fireEvent.click(line);
  expect(onSelect).not.toHaveBeenCalled();
  await user.click(screen.getByRole("menuitem", { name: "Mark as unread" }));
  expect(client.calls.of("conversation.markUnread")[0]?.args).toEqual([1]);
  vi.useRealTimers();
});

test("a refusal is said", async () => {
  const user = userEvent.setup();
  const client = createDoubleClient();
  client.calls.fail("conversation.markRead", "sdk.offline");
  renderKit(<List />, { client });
  fireEvent.contextMenu(row("cnv_release"), { clientX: 40, clientY: 40 });
  await user.click(screen.getByRole("menuitem", { name: "Mark as read" }));
  expect(await screen.findByText("No connection")).toBeTruthy();
});

test("an empty list offers to begin, and one that loads shows its shape", async () => {
  const user = userEvent.setup();
  const onStart = vi.fn();
  const client = createDoubleClient({ ...createFixture(), conversations: [] });
  client.conversations.loaded.set(false);
  renderKit(<List onStart={onStart} />, { client });
  expect(within(screen.getByRole("navigation")).getByRole("status").textContent).toBe("Loading…");
  act(() => client.conversations.loaded.set(true));
  await user.click(screen.getByRole("button", { name: "Start a conversation" }));
  expect(onStart).toHaveBeenCalledOnce();
});

test("of ten thousand only those are drawn that are seen, and End reaches the last", async () => {
  const user = userEvent.setup();
  const many = manyConversations(10_000);
  renderKit(<List />, { client: createDoubleClient({ ...createFixture(), conversations: many }) });
  expect(rows().length).toBeLessThan(60);
  expect(rows()[0]?.closest("li")?.getAttribute("aria-setsize")).toBe("10000");
  await user.tab();
  await user.tab();
  expect(document.activeElement).toBe(rows()[0]);
});

test("a script in a name or a message stays text", () => {
  const evil = "<img src=x onerror=alert(1)>";
  const client = createDoubleClient();
  const last = client.conversations.list.getSnapshot()[0]?.last ?? null;
  client.conversations.list.set([
    conversation("cnv_evil", { name: evil, last: last && { ...last, text: evil } }),
  ]);
  const { container } = renderKit(<List />, { client });
  expect(container.querySelector("img")).toBeNull();
  expect(row("cnv_evil").textContent).toContain(evil);
});
