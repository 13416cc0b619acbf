import { act, fireEvent, screen } from "@testing-library/react";
import { useState } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createDoubleClient } from "../testing/client.ts";
import { renderKit } from "../testing/render.tsx";
import { UserPicker } from "./UserPicker.tsx";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function Picker(props: {
  members?: readonly string[];
  onChange?: (ids: readonly string[]) => void;
}) {
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const change = (ids: readonly string[]) => {
    setChosen(ids);
    props.onChange?.(ids);
  };
  return <UserPicker chosen={chosen} onChange={change} members={props.members} />;
}

const field = () => screen.getByRole("combobox");
const type = (text: string) => fireEvent.change(field(), { target: { value: text } });
const key = (name: string) => fireEvent.keyDown(field(), { key: name });
const settle = (ms = 150) => act(() => vi.advanceTimersByTimeAsync(ms));
const names = () => screen.getAllByRole("option").map((option) => option.dataset.user);

test("before anything is typed, those of the direct conversations are offered", () => {
  const { client } = renderKit(<Picker />);
  expect(names().slice(0, 3)).toEqual(["kaito", "limei", "priya"]);
  expect(client.calls.of("users.search")).toHaveLength(0);
});

test("somebody is found by pinyin, and asked for once when the typing pauses", async () => {
  const { client } = renderKit(<Picker />);
  type("o");
  await settle(100);
  type("oy");
  await settle(100);
  type("oynn");
  expect(client.calls.of("users.search")).toHaveLength(0);
  await settle();
  expect(client.calls.of("users.search").map((call) => call.args[0])).toEqual(["oynn"]);
  expect(names()).toEqual(["ouyang"]);
  expect(screen.getByText("1 person found")).toBeTruthy();
});

test("keys choose, a chip shows it, Backspace takes it back", async () => {
  const onChange = vi.fn();
  renderKit(<Picker onChange={onChange} />);
  key("ArrowDown");
  const active = field().getAttribute("aria-activedescendant");
  expect(document.getElementById(active ?? "")?.dataset.user).toBe("limei");
  key("Enter");
  expect(onChange).toHaveBeenLastCalledWith(["limei"]);
  expect(screen.getByRole("list", { name: "Chosen" }).textContent).toBe("李梅");
  type("zw");
  await settle();
  key("Enter");
  expect(onChange).toHaveBeenLastCalledWith(["limei", "zhang.wei"]);
  expect((field() as HTMLInputElement).value).toBe("");
  key("Backspace");
  expect(onChange).toHaveBeenLastCalledWith(["limei"]);
  fireEvent.click(screen.getByRole("button", { name: "Remove 李梅" }));
  expect(onChange).toHaveBeenLastCalledWith([]);
});

test("Enter chooses nobody who was found for other letters", async () => {
  const onChange = vi.fn();
  renderKit(<Picker onChange={onChange} />);
  type("ben");
  await settle();
  type("chen");
  key("Enter");
  expect(onChange).not.toHaveBeenCalled();
  await settle();
  key("Enter");
  expect(onChange).toHaveBeenLastCalledWith(["chen.jing"]);
});

test("who is in already, and the user, cannot be chosen", async () => {
  const onChange = vi.fn();
  renderKit(<Picker members={["ben"]} onChange={onChange} />);
  type("b");
  await settle();
  expect(screen.getByRole("option").getAttribute("aria-disabled")).toBe("true");
  expect(screen.getByText("Already a member")).toBeTruthy();
  fireEvent.click(screen.getByRole("option"));
  key("Enter");
  expect(onChange).not.toHaveBeenCalled();
  type("ana");
  await settle();
  expect(screen.queryByRole("option")).toBeNull();
});

test("keys of an input method are its own", () => {
  const onChange = vi.fn();
  renderKit(<Picker onChange={onChange} />);
  fireEvent.keyDown(field(), { key: "Enter", isComposing: true });
  expect(onChange).not.toHaveBeenCalled();
});

test("that nobody is found is said, and so is a failure", async () => {
  const client = createDoubleClient();
  renderKit(<Picker />, { client });
  type("qqq");
  await settle();
  expect(screen.getByText("Nobody's name or id begins with “qqq”.")).toBeTruthy();
  client.calls.fail("users.search", "sdk.offline");
  type("be");
  await settle();
  expect(screen.getByRole("alert").textContent).toBe("No connection");
});
