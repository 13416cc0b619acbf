import type { Role } from "@hoopoe/sdk";
import { act, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, test, vi } from "vitest";
import { createDoubleClient } from "../testing/client.ts";
import { renderKit } from "../testing/render.tsx";
import { MemberList } from "./MemberList.tsx";

const GROUP = "cnv_release";

/** The list as somebody of a role sees it. */
async function draw(role: Role, client = createDoubleClient()) {
  client.conversations.get(GROUP).state.update((now) => now && { ...now, role });
  const onOpenUser = vi.fn();
  renderKit(<MemberList conversation={GROUP} onOpenUser={onOpenUser} />, { client });
  await screen.findByText("Ben Okafor");
  return { client, onOpenUser, user: userEvent.setup() };
}

/** Whose lines have a menu. */
const menus = () =>
  screen
    .queryAllByRole("button", { name: /^Actions for/ })
    .map((button) => button.getAttribute("aria-label")?.replace("Actions for ", ""));

const items = () => screen.getAllByRole("menuitem").map((item) => item.textContent);

describe("a role offers what the server allows it", () => {
  const MAX = "Maximilian-Alexander von und zu Habsburg-Lothringen der Dritte";
  const plain = ["张伟", "Chloé Dubois", "Priya Raghunathan", "Kaito 田中", MAX];

  test.each<[Role, readonly string[]]>([
    ["owner", ["李梅", "Ben Okafor", ...plain]],
    ["admin", ["Ben Okafor", ...plain]],
    ["moderator", plain],
    ["member", []],
    ["guest", []],
  ])("%s", async (role, expected) => {
    await draw(role);
    expect(menus()).toEqual(expected);
  });

  test("an owner gives every role, an admin those below, a moderator none", async () => {
    const { user, client } = await draw("owner");
    const open = () => user.click(screen.getByRole("button", { name: "Actions for 张伟" }));
    await open();
    expect(items()).toEqual([
      "Make owner",
      "Make admin",
      "Make moderator",
      "Make guest",
      "Remove from group",
    ]);
    await user.keyboard("{Escape}");
    const become = (role: Role) =>
      act(() => client.conversations.get(GROUP).state.update((now) => now && { ...now, role }));
    become("admin");
    await open();
    expect(items()).toEqual(["Make moderator", "Make guest", "Remove from group"]);
    await user.keyboard("{Escape}");
    become("moderator");
    await open();
    expect(items()).toEqual(["Remove from group"]);
  });
});

test("roles stand at the names, and so does who one is", async () => {
  await draw("owner");
  const list = screen.getByRole("list", { name: "Members" });
  expect(within(list).getAllByRole("listitem")[0]?.textContent).toMatch(/You · Owner/);
  expect(within(list).getByText("Admin")).toBeTruthy();
  expect(within(list).getByText("Guest")).toBeTruthy();
});

test("a role is given at once", async () => {
  const { user, client } = await draw("owner");
  await user.click(screen.getByRole("button", { name: "Actions for 张伟" }));
  await user.click(screen.getByRole("menuitem", { name: "Make moderator" }));
  expect(client.calls.of("conversation.setRole")[0]?.args).toEqual(["zhang.wei", "moderator"]);
  expect(screen.getAllByText("Moderator")).toHaveLength(2);
});

test("removing asks first, and a refusal is said", async () => {
  const { user, client } = await draw("admin");
  const remove = async () => {
    await user.click(screen.getByRole("button", { name: "Actions for 张伟" }));
    await user.click(screen.getByRole("menuitem", { name: "Remove from group" }));
    return screen.getByRole("alertdialog", { name: "Remove 张伟?" });
  };
  await user.click(within(await remove()).getByRole("button", { name: "Cancel" }));
  expect(client.calls.of("conversation.removeMember")).toHaveLength(0);

  client.calls.fail("conversation.removeMember", "sdk.offline");
  const dialog = await remove();
  const confirm = within(dialog).getByRole("button", { name: "Remove from group" });
  await user.click(confirm);
  expect(within(dialog).getByRole("alert").textContent).toBe("No connection");
  await user.click(confirm);
  expect(client.calls.of("conversation.removeMember")[1]?.args).toEqual(["zhang.wei"]);
  expect(screen.queryByRole("alertdialog")).toBeNull();
  expect(within(screen.getByRole("list", { name: "Members" })).queryByText("张伟")).toBeNull();
  expect(screen.getByText("张伟 was removed")).toBeTruthy();
});

test("somebody else is shown, oneself is not", async () => {
  const { user, onOpenUser } = await draw("member");
  await user.click(screen.getByRole("button", { name: /李梅/ }));
  expect(onOpenUser).toHaveBeenCalledExactlyOnceWith("limei");
  expect(screen.queryByRole("button", { name: /Ana Keller/ })).toBeNull();
});

test("members come when there is a line, and what fails can be tried again", async () => {
  const client = createDoubleClient();
  const online = client.connection.getSnapshot();
  client.connection.set({ ...online, status: "waiting", synced: false });
  renderKit(<MemberList conversation={GROUP} />, { client });
  expect(client.calls.of("conversation.loadMembers")).toHaveLength(0);
  act(() => client.connection.set(online));
  expect(await screen.findByText("Ben Okafor")).toBeTruthy();
  expect(client.calls.of("conversation.loadMembers")).toHaveLength(1);
});
