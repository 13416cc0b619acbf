import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { renderKit } from "../testing/render.tsx";
import { ShortcutSheet } from "./ShortcutSheet.tsx";
import { SHORTCUTS, shortcutText } from "./shortcuts.ts";

test("it lists every shortcut, and closes", async () => {
  const onClose = vi.fn();
  renderKit(<ShortcutSheet open onClose={onClose} />);
  const count = SHORTCUTS.flatMap((group) => group.items).length;
  expect(screen.getAllByRole("term")).toHaveLength(count);
  await userEvent.click(screen.getByRole("button", { name: "Close" }));
  expect(onClose).toHaveBeenCalled();
});

test("it knows which key sends", () => {
  renderKit(<ShortcutSheet open onClose={() => {}} sendWith="ctrl-enter" />);
  const send = screen.getByText("Send").closest("div");
  expect(send?.textContent).toBe("SendCtrlEnter");
});

test("keys are named as they are printed", () => {
  expect(shortcutText(["mod", "K"], true)).toBe("⌘K");
  expect(shortcutText(["mod", "shift", "X"], false)).toBe("Ctrl+Shift+X");
});
