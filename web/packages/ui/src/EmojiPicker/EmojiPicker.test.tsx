import { fireEvent, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import { renderKit } from "../testing/render.tsx";
import { EmojiPicker } from "./EmojiPicker.tsx";
import { recentEmoji } from "./recent.ts";

beforeEach(() => localStorage.clear());

async function open(more: { bytesMax?: number; locale?: "en" | "zh" } = {}) {
  const onPick = vi.fn();
  const { locale = "en", bytesMax } = more;
  renderKit(<EmojiPicker onPick={onPick} bytesMax={bytesMax} />, {
    locale,
    formatLocale: locale === "zh" ? "zh-CN" : "en-GB",
  });
  const search = await screen.findByRole<HTMLInputElement>("searchbox");
  expect(document.activeElement).toBe(search);
  return { onPick, search };
}

test("it shows that it loads, and then few of many", async () => {
  renderKit(<EmojiPicker onPick={() => {}} />);
  expect(screen.getByRole("status", { name: "Loading…" })).toBeTruthy();
  await screen.findByRole("grid");
  const cells = screen.getAllByRole("gridcell");
  expect(cells.length).toBeGreaterThan(40);
  expect(cells.length).toBeLessThan(200);
});

test("words find, Enter takes the first, and it is remembered", async () => {
  const { onPick, search } = await open();
  await userEvent.type(search, "hoopoe xyz");
  expect(screen.getAllByText("No emoji is called that").length).toBeGreaterThan(0);
  await userEvent.clear(search);
  await userEvent.type(search, "smile{Enter}");
  expect(onPick).toHaveBeenCalledWith("😄");
  expect(recentEmoji()).toEqual(["😄"]);
});

test("in Chinese it has Chinese names, and English words find as well", async () => {
  const { search } = await open({ locale: "zh" });
  await userEvent.type(search, "smile");
  expect(await screen.findByRole("gridcell", { name: "大笑" })).toBeTruthy();
});

test("an Enter of the input method takes nothing", async () => {
  const { onPick, search } = await open({ locale: "zh" });
  await userEvent.type(search, "daxiao");
  fireEvent.change(search, { target: { value: "大笑" } });
  fireEvent.keyDown(search, { key: "Enter", keyCode: 229, isComposing: true });
  expect(onPick).not.toHaveBeenCalled();
});

test("arrows move through the grid, Enter takes, a letter goes back to the search", async () => {
  const { onPick, search } = await open();
  await userEvent.type(search, "{ArrowDown}");
  const first = document.activeElement;
  expect(first?.getAttribute("role")).toBe("gridcell");
  await userEvent.keyboard("{ArrowRight}{ArrowDown}{ArrowLeft}");
  expect(document.activeElement?.getAttribute("data-index")).toBe("8");
  await userEvent.keyboard("{PageDown}{PageDown}");
  expect(document.activeElement?.getAttribute("data-index")).toBe("104");
  await userEvent.keyboard("{Home}{Enter}");
  expect(onPick).toHaveBeenCalledTimes(1);
  await userEvent.keyboard("c");
  expect(document.activeElement).toBe(search);
});

test("up from the first row is the search", async () => {
  const { search } = await open();
  await userEvent.type(search, "{ArrowDown}{ArrowUp}");
  expect(document.activeElement).toBe(search);
});

test("the last used come first", async () => {
  localStorage.setItem("hoopoe.emoji.recent", "🐦 👋🏽");
  const { onPick } = await open();
  expect(screen.getByText("Last used")).toBeTruthy();
  const cells = screen.getAllByRole("gridcell");
  expect(cells.slice(0, 2).map((cell) => cell.textContent)).toEqual(["🐦", "👋🏽"]);
  fireEvent.click(cells[1] ?? document.body);
  expect(onPick).toHaveBeenCalledWith("👋🏽");
});

test("a skin tone colours those that have one, and is kept", async () => {
  const { onPick, search } = await open();
  await userEvent.click(screen.getByRole("button", { name: "Skin tone: No tone" }));
  await userEvent.click(screen.getByRole("button", { name: "Dark" }));
  await userEvent.type(search, "waving{Enter}");
  expect(onPick).toHaveBeenCalledWith("👋🏿");
  expect(localStorage.getItem("hoopoe.emoji.tone")).toBe("5");
});

test("where a tone would be too long for a reaction, it is left out", async () => {
  localStorage.setItem("hoopoe.emoji.tone", "3");
  const { onPick, search } = await open({ bytesMax: 32 });
  await userEvent.type(search, "kiss woman man");
  fireEvent.click(await screen.findByRole("gridcell", { name: "kiss: woman, man" }));
  expect(onPick).toHaveBeenCalledWith("👩‍❤️‍💋‍👨");
});

test("groups lead to their emoji", async () => {
  await open();
  await userEvent.click(screen.getByRole("button", { name: "Flags" }));
  expect(await screen.findByRole("rowheader", { name: "Flags" })).toBeTruthy();
  expect(screen.getByRole("button", { name: "Flags" }).getAttribute("aria-pressed")).toBe("true");
});
