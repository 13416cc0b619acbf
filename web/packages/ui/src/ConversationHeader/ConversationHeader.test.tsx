import { act, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { createDoubleClient } from "../testing/client.ts";
import { NOW } from "../testing/fixture.ts";
import { renderKit } from "../testing/render.tsx";
import { ConversationHeader } from "./ConversationHeader.tsx";

const note = (container: HTMLElement) => container.querySelector(".hp-header__note")?.textContent;

test("a direct conversation says whether the other one is there, as it changes", () => {
  const { client, container } = renderKit(<ConversationHeader conversation="cnv_limei" />);
  expect(screen.getByRole("heading", { name: "李梅" })).toBeTruthy();
  expect(note(container)).toBe("Online");
  const presence = client.users.presence("limei");
  const gone = { user: "limei", status: "offline" as const, lastSeenAt: NOW - 5 * 60_000 };
  act(() => presence.set(gone));
  expect(note(container)).toBe("Last seen 5 minutes ago");
  act(() => presence.set({ ...gone, lastSeenAt: null }));
  expect(note(container)).toBe("Offline");
  act(() => presence.set(null));
  expect(note(container)?.trim()).toBe("");
});

test("a group says how many are in it, in the language of the reader", () => {
  const { container, unmount } = renderKit(<ConversationHeader conversation="cnv_release" />);
  expect(note(container)).toBe("8 members");
  unmount();
  const zh = renderKit(<ConversationHeader conversation="cnv_release" />, { locale: "zh" });
  expect(note(zh.container)).toMatch(/8/);
  expect(note(zh.container)).not.toMatch(/members/);
});

test("the ways out are there where they lead somewhere", async () => {
  const user = userEvent.setup();
  const onBack = vi.fn();
  const onOpenDetails = vi.fn();
  const { rerender } = renderKit(<ConversationHeader conversation="cnv_limei" />);
  expect(screen.queryByRole("button")).toBeNull();
  rerender(
    <ConversationHeader
      conversation="cnv_limei"
      onBack={onBack}
      onOpenDetails={onOpenDetails}
      detailsOpen
    />,
  );
  await user.click(screen.getByRole("button", { name: "Back" }));
  expect(onBack).toHaveBeenCalledOnce();
  const details = screen.getByRole("button", { name: "Details" });
  expect(details.getAttribute("aria-pressed")).toBe("true");
  await user.click(details);
  expect(onOpenDetails).toHaveBeenCalledOnce();
});

test("what is not known yet keeps its place", () => {
  const client = createDoubleClient();
  client.conversations.get("cnv_limei").state.set(null);
  renderKit(<ConversationHeader conversation="cnv_limei" />, { client });
  expect(screen.queryByRole("heading")).toBeNull();
  expect(screen.getByRole("banner")).toBeTruthy();
});
