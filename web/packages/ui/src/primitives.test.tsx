import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, test, vi } from "vitest";
import {
  Avatar,
  Button,
  ConfirmDialog,
  Dialog,
  Menu,
  type MenuItem,
  Popover,
  Switch,
  Tabs,
  TextField,
  toast,
} from "./index.ts";
import { renderKit } from "./testing/render.tsx";

function MenuAt({ items }: { readonly items: readonly MenuItem[] }) {
  const [anchor, setAnchor] = useState<Element | null>(null);
  return (
    <>
      <Button onClick={(event) => setAnchor(event.currentTarget)}>Open</Button>
      <Menu items={items} anchor={anchor} open={anchor !== null} onClose={() => setAnchor(null)} />
    </>
  );
}

test("a menu is walked by arrows, Home, End and letters, and Esc gives the focus back", async () => {
  const user = userEvent.setup();
  const chosen = vi.fn();
  const items = ["Reply", "Copy", "Recall"].map((label) => ({
    id: label,
    label,
    onSelect: () => chosen(label),
  }));
  renderKit(<MenuAt items={items} />);
  const opener = screen.getByRole("button", { name: "Open" });
  await user.click(opener);
  const at = (name: string) => screen.getByRole("menuitem", { name });
  expect(document.activeElement).toBe(at("Reply"));
  await user.keyboard("{ArrowDown}");
  expect(document.activeElement).toBe(at("Copy"));
  await user.keyboard("{End}{ArrowDown}");
  expect(document.activeElement).toBe(at("Reply"));
  await user.keyboard("rec");
  expect(document.activeElement).toBe(at("Recall"));
  await user.keyboard("{Escape}");
  expect(screen.queryByRole("menu")).toBeNull();
  expect(document.activeElement).toBe(opener);
  await user.click(opener);
  await user.keyboard("{ArrowDown}{Enter}");
  expect(chosen).toHaveBeenCalledExactlyOnceWith("Copy");
});

test("a popover closes at a press elsewhere and not at one inside", async () => {
  const user = userEvent.setup();
  const onClose = vi.fn();
  renderKit(
    <>
      <p>elsewhere</p>
      <Popover anchor={document.body.firstElementChild} open onClose={onClose} label="Box">
        <p>inside</p>
      </Popover>
    </>,
  );
  await user.click(screen.getByText("inside"));
  expect(onClose).not.toHaveBeenCalled();
});

test("a dialog has its title for a name, takes the focus, and closes by Esc and by the cross", async () => {
  const user = userEvent.setup();
  const onClose = vi.fn();
  renderKit(
    <Dialog open title="Rename" onClose={onClose}>
      <TextField label="Name" />
    </Dialog>,
  );
  const dialog = screen.getByRole("dialog", { name: "Rename" });
  expect(document.activeElement).toBe(within(dialog).getByLabelText("Name"));
  fireEvent(dialog, new Event("cancel", { cancelable: true }));
  await user.click(within(dialog).getByRole("button", { name: "Close" }));
  expect(onClose).toHaveBeenCalledTimes(2);
});

test("a question stays open, and says why, when what it asked for is refused", async () => {
  const user = userEvent.setup();
  const onClose = vi.fn();
  const onConfirm = vi.fn().mockRejectedValue({ code: "conversations.last_owner" });
  renderKit(
    <ConfirmDialog
      open
      title="Leave?"
      text="…"
      confirm="Leave"
      danger
      onClose={onClose}
      onConfirm={onConfirm}
    />,
  );
  await user.click(screen.getByRole("button", { name: "Leave" }));
  expect((await screen.findByRole("alert")).textContent).toMatch(/needs an owner/);
  expect(onClose).not.toHaveBeenCalled();
});

function TwoTabs() {
  const [tab, setTab] = useState<"a" | "b">("a");
  const tabs = [{ id: "a", label: "First" } as const, { id: "b", label: "Second" } as const];
  return (
    <Tabs label="Parts" tabs={tabs} value={tab} onChange={setTab}>
      panel {tab}
    </Tabs>
  );
}

test("tabs are chosen by arrows and only the chosen one is reached by Tab", async () => {
  const user = userEvent.setup();
  renderKit(<TwoTabs />);
  await user.tab();
  await user.keyboard("{ArrowRight}");
  expect(document.activeElement).toBe(screen.getByRole("tab", { name: "Second", selected: true }));
  expect(screen.getByRole("tabpanel", { name: "Second" }).textContent).toBe("panel b");
});

test("a field names its mistake, and a password can be shown", async () => {
  const user = userEvent.setup();
  renderKit(<TextField label="Password" type="password" error="Too short" />);
  const field = screen.getByLabelText("Password");
  expect(field.getAttribute("aria-invalid")).toBe("true");
  expect(document.getElementById(field.getAttribute("aria-describedby") ?? "")?.textContent).toBe(
    "Too short",
  );
  await user.click(screen.getByRole("button", { name: "Show password" }));
  expect(field.getAttribute("type")).toBe("text");
});

test("a busy button cannot be pressed again and keeps the focus", async () => {
  const user = userEvent.setup();
  const onClick = vi.fn();
  renderKit(
    <Button busy onClick={onClick}>
      Save
    </Button>,
  );
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect(onClick).not.toHaveBeenCalled();
  expect(document.activeElement).toBe(screen.getByRole("button", { name: "Save" }));
});

test("a switch says whether it is on", async () => {
  const user = userEvent.setup();
  const onChange = vi.fn();
  renderKit(<Switch label="Sound" checked={false} onChange={onChange} />);
  await user.click(screen.getByRole("switch", { name: "Sound", checked: false }));
  expect(onChange).toHaveBeenCalledWith(true);
});

test("initials take the place of a picture that does not load", () => {
  const { container } = renderKit(
    <Avatar id="ben" name="Ben Okafor" url="https://x.example/b.png" />,
  );
  const image = container.querySelector("img");
  if (image === null) throw new Error("no picture");
  fireEvent.error(image);
  expect(container.querySelector("img")).toBeNull();
  expect(container.textContent).toBe("BO");
});

test("a toast has an action, and goes by itself", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  try {
    const undo = vi.fn();
    renderKit(<p>page</p>);
    toast({ text: "Deleted", action: { label: "Undo", onSelect: undo } });
    fireEvent.click(await screen.findByRole("button", { name: "Undo", hidden: true }));
    expect(undo).toHaveBeenCalledOnce();
    toast("Copied");
    await screen.findByText("Copied");
    await vi.advanceTimersByTimeAsync(5_100);
    await waitFor(() => expect(screen.queryByText("Copied")).toBeNull());
  } finally {
    vi.useRealTimers();
  }
});
