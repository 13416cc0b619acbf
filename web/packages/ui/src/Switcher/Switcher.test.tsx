import { fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { createDoubleClient, type DoubleClient } from "../testing/client.ts";
import { leastMs } from "../testing/cost.ts";
import { createFixture, manyConversations } from "../testing/fixture.ts";
import { renderKit } from "../testing/render.tsx";
import { Switcher } from "./Switcher.tsx";

function open(client: DoubleClient = createDoubleClient(), current: string | null = null) {
  const onOpen = vi.fn();
  const onClose = vi.fn();
  renderKit(<Switcher open onClose={onClose} onOpen={onOpen} current={current} />, { client });
  return { client, onOpen, onClose, field: screen.getByRole<HTMLInputElement>("combobox") };
}

const titles = () =>
  screen
    .getAllByRole("option")
    .map((option) => option.querySelector(".hp-switcher__name")?.textContent);

test("it begins with what was last, without what is open already", () => {
  const { field } = open(undefined, "cnv_kaito");
  expect(document.activeElement).toBe(field);
  expect(titles().slice(0, 2)).toEqual(["Hoopoe 1.0 发布", "李梅"]);
});

test("pinyin finds people and groups, Enter opens the first", async () => {
  const { field, onOpen, onClose } = open();
  await userEvent.type(field, "limei");
  expect(titles()[0]).toBe("李梅");
  await userEvent.clear(field);
  await userEvent.type(field, "xqxa{Enter}");
  expect(onOpen).toHaveBeenCalledWith("cnv_family");
  expect(onClose).toHaveBeenCalled();
});

test("arrows choose", async () => {
  const { field, onOpen } = open(undefined, "cnv_kaito");
  await userEvent.type(field, "{ArrowDown}");
  const chosen = screen.getByRole("option", { selected: true });
  expect(field.getAttribute("aria-activedescendant")).toBe(chosen.id);
  await userEvent.keyboard("{Enter}");
  expect(onOpen).toHaveBeenCalledWith("cnv_limei");
});

test("people without a conversation are found by the server, and get one", async () => {
  const { client, field, onOpen } = open();
  await userEvent.type(field, "zhangw");
  await waitFor(() => expect(titles()).toEqual(["张伟"]));
  await userEvent.keyboard("{Enter}");
  await waitFor(() => expect(onOpen).toHaveBeenCalledWith("cnv_with_zhang.wei"));
  expect(client.calls.of("conversations.direct")).toHaveLength(1);
});

test("what is refused is said", async () => {
  const { client, field, onOpen } = open();
  client.calls.fail("conversations.direct", "conversations.unknown_user");
  await userEvent.type(field, "zhangw");
  await waitFor(() => expect(titles()).toEqual(["张伟"]));
  await userEvent.keyboard("{Enter}");
  expect(await screen.findByText("There is no such person")).toBeTruthy();
  expect(onOpen).not.toHaveBeenCalled();
});

test("an Enter of the input method opens nothing", async () => {
  const { field, onOpen } = open();
  await userEvent.type(field, "li");
  fireEvent.keyDown(field, { key: "Enter", keyCode: 229, isComposing: true });
  expect(onOpen).not.toHaveBeenCalled();
});

test("what nobody is called says so", async () => {
  const { field } = open();
  await userEvent.type(field, "qqqqq");
  expect((await screen.findAllByText("Nothing is called that")).length).toBeGreaterThan(0);
});

test("with 10,000 conversations it draws few of them, and finds in time", async () => {
  const fixture = createFixture();
  const client = createDoubleClient({ ...fixture, conversations: manyConversations(10_000) });
  const { field } = open(client);
  expect(screen.getAllByRole("option").length).toBeLessThanOrEqual(30);
  const ask = (query: string) => fireEvent.change(field, { target: { value: query } });
  // Twice the bar: the machine of a test is slow, and has no browser's engine for the page.
  expect(leastMs((round) => ask(`group ${round}`))).toBeLessThan(200);
  ask("group 97");
  expect(titles()[0]).toMatch(/^Group 97/);
});
