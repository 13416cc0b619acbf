import type { Role } from "@hoopoe/sdk";
import { act, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { createDoubleClient } from "../testing/client.ts";
import { renderKit } from "../testing/render.tsx";
import { GroupSettings } from "./GroupSettings.tsx";

const GROUP = "cnv_release";

async function draw(role: Role = "owner", client = createDoubleClient()) {
  client.conversations.get(GROUP).state.update((now) => now && { ...now, role });
  const onLeft = vi.fn();
  renderKit(<GroupSettings conversation={GROUP} onLeft={onLeft} />, { client });
  await screen.findByText("Ben Okafor");
  return { client, onLeft, user: userEvent.setup() };
}

test("whoever may renames the group", async () => {
  const { client, user } = await draw();
  await user.click(screen.getByRole("button", { name: "Rename" }));
  const field = screen.getByLabelText<HTMLInputElement>("Group name");
  expect(document.activeElement).toBe(field);
  expect(field.value).toBe("Hoopoe 1.0 发布");
  await user.clear(field);
  await user.type(field, " Hoopoe 1.1 {Enter}");
  expect(client.calls.of("conversation.update")[0]?.args).toEqual([{ name: "Hoopoe 1.1" }]);
  expect(screen.getByRole("heading", { name: "Hoopoe 1.1" })).toBeTruthy();
  expect(screen.getByText("The group has a new name")).toBeTruthy();
});

test("a refused name stays where it was written, with the reason", async () => {
  const { client, user } = await draw();
  client.calls.fail("conversation.update", "sdk.offline");
  await user.click(screen.getByRole("button", { name: "Rename" }));
  await user.type(screen.getByLabelText("Group name"), "!{Enter}");
  const field = screen.getByLabelText<HTMLInputElement>("Group name");
  expect(field.value).toBe("Hoopoe 1.0 发布!");
  expect(screen.getByText("No connection")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Cancel" }));
  expect(screen.getByRole("heading", { name: "Hoopoe 1.0 发布" })).toBeTruthy();
});

test("what is being written outlives a name that somebody else gives", async () => {
  const { client, user } = await draw();
  await user.click(screen.getByRole("button", { name: "Rename" }));
  await user.type(screen.getByLabelText("Group name"), "!");
  const { state } = client.conversations.get(GROUP);
  act(() => state.update((now) => now && { ...now, name: "Somebody's" }));
  expect(screen.getByLabelText<HTMLInputElement>("Group name").value).toBe("Hoopoe 1.0 发布!");
});

test("members see the settings, and change none", async () => {
  await draw("member");
  expect(screen.queryByRole("button", { name: "Rename" })).toBeNull();
  expect(screen.queryByRole("button", { name: "Add people" })).toBeNull();
  expect(screen.getByRole("button", { name: "Leave group" })).toBeTruthy();
});

test("leaving asks first, and leads away", async () => {
  const { client, onLeft, user } = await draw("member");
  await user.click(screen.getByRole("button", { name: "Leave group" }));
  const dialog = screen.getByRole("alertdialog", { name: "Leave this group?" });
  expect(document.activeElement?.textContent).toBe("Cancel");
  await user.click(within(dialog).getByRole("button", { name: "Leave group" }));
  expect(client.calls.of("conversation.leave")).toHaveLength(1);
  expect(onLeft).toHaveBeenCalledOnce();
  expect(screen.getByText("You left the group")).toBeTruthy();
});

test("people are added, without those who are in", async () => {
  const { client, user } = await draw("admin");
  await user.click(screen.getByRole("button", { name: "Add people" }));
  const dialog = screen.getByRole("dialog", { name: "Add people" });
  const option = (name: RegExp) => within(dialog).getByRole("option", { name });
  expect(option(/李梅/).getAttribute("aria-disabled")).toBe("true");
  await user.click(option(/Omar Haddad/));
  await user.click(within(dialog).getByRole("button", { name: "Add 1 person" }));
  expect(client.calls.of("conversation.addMembers")[0]?.args).toEqual([["omar"]]);
  expect(screen.queryByRole("dialog")).toBeNull();
  expect(screen.getByText("9 members")).toBeTruthy();
});
