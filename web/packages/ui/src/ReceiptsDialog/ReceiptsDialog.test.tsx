import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { createDoubleClient } from "../testing/client.ts";
import { createFixture } from "../testing/fixture.ts";
import { renderKit } from "../testing/render.tsx";
import { ReceiptsDialog } from "./ReceiptsDialog.tsx";

const GROUP = "cnv_release";
const rows = () => within(screen.getByRole("tabpanel")).queryAllByRole("listitem");

/** A group of the user and so many others, of whom the first `read` have read everything. */
function crowd(others: number, read: number) {
  const fixture = createFixture();
  const ids = Array.from({ length: others }, (_, i) => `user_${i}`);
  const joined = { role: "member" as const, joinedAt: fixture.now, invitedBy: null };
  const members = ["ana", ...ids].map((user) => ({ user, ...joined }));
  const client = createDoubleClient({ ...fixture, members: { [GROUP]: members } });
  for (const id of ids.slice(0, read)) client.conversations.get(GROUP).readUpTo.set(id, 20);
  return client;
}

const draw = (client = crowd(7, 3)) => {
  const onClose = vi.fn();
  renderKit(<ReceiptsDialog conversation={GROUP} seq={16} onClose={onClose} />, { client });
  return { client, onClose, user: userEvent.setup() };
};

test("two lists with their counts, walked by arrows", async () => {
  const { user } = draw();
  expect(await screen.findByRole("dialog", { name: "Read by 3" })).toBeTruthy();
  expect(screen.getByRole("tab", { name: "Read (3)" }).getAttribute("aria-selected")).toBe("true");
  expect(rows().map((row) => row.textContent)).toHaveLength(3);
  await user.click(screen.getByRole("tab", { name: "Read (3)" }));
  await user.keyboard("{ArrowRight}");
  expect(screen.getByRole("tab", { name: "Not read (4)" }).getAttribute("aria-selected")).toBe(
    "true",
  );
  expect(rows()).toHaveLength(4);
});

test("long lists come page by page", async () => {
  const { user, client } = draw(crowd(120, 110));
  await screen.findByRole("tab", { name: "Read (110)" });
  expect(rows()).toHaveLength(50);
  await user.click(screen.getByRole("button", { name: "Show more" }));
  expect(rows()).toHaveLength(100);
  await user.click(screen.getByRole("button", { name: "Show more" }));
  expect(rows()).toHaveLength(110);
  expect(screen.queryByRole("button", { name: "Show more" })).toBeNull();
  const asked = client.calls.of("conversation.receiptsOf").map((call) => call.args[1]);
  expect(asked).toEqual([
    { state: "read" },
    { state: "unread" },
    { state: "read", cursor: "50" },
    { state: "read", cursor: "100" },
  ]);
});

test("a page that fails is tried again, and what was there stays", async () => {
  const { user, client } = draw(crowd(120, 110));
  await screen.findByRole("tab", { name: "Read (110)" });
  client.calls.fail("conversation.receiptsOf", "sdk.offline");
  await user.click(screen.getByRole("button", { name: "Show more" }));
  expect(screen.getByRole("alert").textContent).toBe("No connection");
  expect(rows()).toHaveLength(50);
  await user.click(screen.getByRole("button", { name: "Try again" }));
  expect(rows()).toHaveLength(100);
  expect(screen.queryByRole("alert")).toBeNull();
});

test("an empty list says so, and another message is another dialog", async () => {
  const { user } = draw(crowd(4, 0));
  expect(await screen.findByText("Nobody has read it yet")).toBeTruthy();
  await user.click(screen.getByRole("tab", { name: /^Not read/ }));
  expect(rows()).toHaveLength(4);
});

test("no message, no dialog", () => {
  renderKit(<ReceiptsDialog conversation={GROUP} seq={null} onClose={() => {}} />);
  expect(screen.queryByRole("dialog")).toBeNull();
});
