import { screen, within } from "@testing-library/react";
import type { ReactElement } from "react";
import { beforeEach, expect, test } from "vitest";
import { ConversationHeader } from "../ConversationHeader/ConversationHeader.tsx";
import { ConversationList } from "../ConversationList/ConversationList.tsx";
import { MemberList } from "../MemberList/MemberList.tsx";
import { MessageList } from "../MessageList/MessageList.tsx";
import { mockLayout } from "../testing/layout.ts";
import { renderKit } from "../testing/render.tsx";
import type { Slots } from "./slots.ts";

beforeEach(() => mockLayout({ width: 800, height: 700 }));

/** A part of the app's own, which takes nothing of what it is given. */
function Own() {
  return <i data-testid="own">mine</i>;
}

const places: readonly [keyof Slots, ReactElement][] = [
  ["Avatar", <ConversationHeader key="h" conversation="cnv_limei" />],
  ["PresenceDot", <ConversationHeader key="h" conversation="cnv_limei" />],
  ["ConversationAvatar", <ConversationHeader key="h" conversation="cnv_limei" />],
  ["ConversationAvatar", <ConversationList key="l" onSelect={() => {}} />],
  ["ConversationItem", <ConversationList key="l" onSelect={() => {}} />],
  ["ConversationPreview", <ConversationList key="l" onSelect={() => {}} />],
  ["Badge", <ConversationList key="l" onSelect={() => {}} />],
  ["UserRow", <MemberList key="m" conversation="cnv_release" />],
  ["Message", <MessageList key="g" conversation="cnv_release" />],
  ["Markdown", <MessageList key="g" conversation="cnv_release" />],
  ["DayLine", <MessageList key="g" conversation="cnv_release" />],
];

test.each(places)("an app's own %s takes the place of the kit's", async (name, element) => {
  renderKit(element, { slots: { [name]: Own } });
  expect(await screen.findAllByTestId("own")).not.toHaveLength(0);
});

test("what an app leaves out is the kit's", () => {
  renderKit(<ConversationList onSelect={() => {}} />, { slots: { Message: Own } });
  const [line] = screen.getAllByTestId("conversation-item");
  expect(within(line as HTMLElement).getByText("Kaito 田中")).toBeTruthy();
});
