import { act, fireEvent, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { createDoubleClient } from "../testing/client.ts";
import { renderKit } from "../testing/render.tsx";
import { NewConversationDialog } from "./NewConversationDialog.tsx";

function draw(client = createDoubleClient()) {
  const onCreated = vi.fn();
  const onClose = vi.fn();
  const element = <NewConversationDialog open onClose={onClose} onCreated={onCreated} />;
  renderKit(element, { client });
  return { client, onCreated, onClose, user: userEvent.setup() };
}

const option = (name: string) => screen.getByRole("option", { name: new RegExp(name) });
const startChat = () => screen.getByRole("button", { name: "Start chat" }) as HTMLButtonElement;

test("one person is a private chat", async () => {
  const { client, onCreated, user } = draw();
  expect(startChat().disabled).toBe(true);
  await user.click(option("李梅"));
  await user.click(startChat());
  expect(client.calls.of("conversations.direct")[0]?.args).toEqual(["limei"]);
  expect(onCreated).toHaveBeenCalledExactlyOnceWith("cnv_limei");
  expect(client.calls.of("conversations.create")).toHaveLength(0);
});

test("several are a group, with a name and a history if wanted", async () => {
  const { client, onCreated, user } = draw();
  await user.click(option("李梅"));
  await user.click(option("Ben Okafor"));
  await user.type(screen.getByLabelText("Group name"), "  Climbing ");
  await user.click(screen.getByRole("switch", { name: /earlier messages/ }));
  await user.click(screen.getByRole("button", { name: "Create group" }));
  expect(client.calls.of("conversations.create")[0]?.args).toEqual([
    { members: ["limei", "ben"], name: "Climbing", history: "all" },
  ]);
  expect(onCreated).toHaveBeenCalledOnce();
});

test("all of it goes by keyboard, and who is named alone is a group of two", async () => {
  const { client, user } = draw();
  expect(document.activeElement).toBe(screen.getByRole("combobox"));
  await user.keyboard("{ArrowDown}{Enter}");
  await user.type(screen.getByLabelText("Group name"), "Lunch{Enter}");
  expect(client.calls.of("conversations.create")[0]?.args).toEqual([
    { members: ["limei"], name: "Lunch", history: "joined" },
  ]);
});

test("Enter of an input method begins nothing", async () => {
  const { client, user } = draw();
  await user.click(option("李梅"));
  fireEvent.keyDown(screen.getByLabelText("Group name"), { key: "Enter", isComposing: true });
  expect(client.calls.all.filter((call) => call.method.startsWith("conversations."))).toEqual([]);
});

test("a second press while it is being made makes no second one", async () => {
  const client = createDoubleClient();
  const release = client.calls.hold("conversations.create");
  const { user, onCreated } = draw(client);
  await user.click(option("李梅"));
  await user.type(screen.getByLabelText("Group name"), "Lunch{Enter}{Enter}");
  await user.click(screen.getByRole("button", { name: "Create group" }));
  await act(async () => release());
  expect(client.calls.of("conversations.create")).toHaveLength(1);
  expect(onCreated).toHaveBeenCalledOnce();
});

test("a refusal is said, and what was chosen stays", async () => {
  const client = createDoubleClient();
  client.calls.fail("conversations.direct", "sdk.offline");
  const { user, onCreated } = draw(client);
  await user.click(option("李梅"));
  await user.click(startChat());
  expect(screen.getByRole("alert").textContent).toBe("No connection");
  expect(onCreated).not.toHaveBeenCalled();
  await user.click(startChat());
  expect(onCreated).toHaveBeenCalledExactlyOnceWith("cnv_limei");
});
