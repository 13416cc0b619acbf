import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import type { AvatarProps } from "../Avatar/Avatar.tsx";
import { createDoubleClient } from "../testing/client.ts";
import { renderKit } from "../testing/render.tsx";
import { ProfileCard } from "./ProfileCard.tsx";

function Portrait({ name }: AvatarProps) {
  return <b>{`portrait of ${name}`}</b>;
}

test("it leads to the direct conversation, and says why not", async () => {
  const user = userEvent.setup();
  const client = createDoubleClient();
  client.calls.fail("conversations.direct", "sdk.offline");
  const onMessage = vi.fn();
  renderKit(<ProfileCard user="ben" onMessage={onMessage} />, { client });
  const button = screen.getByRole("button", { name: "Message" });
  await user.click(button);
  expect(await screen.findByText("No connection")).toBeTruthy();
  await user.click(button);
  expect(onMessage).toHaveBeenCalledExactlyOnceWith("cnv_ben");
});

test("one does not write to oneself", () => {
  renderKit(<ProfileCard user="ana" onMessage={() => {}} />);
  expect(screen.getByRole("region", { name: "Profile of Ana Keller" })).toBeTruthy();
  expect(screen.getByText("You")).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Message" })).toBeNull();
});

test("somebody unknown is shown by the id", () => {
  renderKit(<ProfileCard user="stranger" />);
  expect(screen.getByRole("heading", { name: "stranger" })).toBeTruthy();
});

test("an app's own picture takes the place of the kit's", () => {
  renderKit(<ProfileCard user="ben" />, { slots: { Avatar: Portrait } });
  expect(screen.getByText("portrait of Ben Okafor")).toBeTruthy();
});
