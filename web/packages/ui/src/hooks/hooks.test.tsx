import { act, screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { createFormat } from "../i18n/format.ts";
import { wordsOf } from "../i18n/words.ts";
import { createDoubleClient } from "../testing/client.ts";
import { conversation, NOW } from "../testing/fixture.ts";
import { renderKit } from "../testing/render.tsx";
import { initialsOf } from "../util/initials.ts";
import { useConversationState, useConversationTitle } from "./client.ts";

function Title({ id }: { readonly id: string }) {
  return <h1>{useConversationTitle(useConversationState(id))}</h1>;
}

test("a conversation is called by its name, by the other person, or by its members", async () => {
  const { client, rerender } = renderKit(<Title id="cnv_release" />);
  const title = () => screen.getByRole("heading").textContent;
  expect(title()).toBe("Hoopoe 1.0 发布");
  rerender(<Title id="cnv_limei" />);
  expect(title()).toBe("李梅");
  rerender(<Title id="cnv_nameless" />);
  expect(await screen.findByText("陈静, Omar Haddad and 王小明")).toBeTruthy();
  const omar = client.users.get("omar");
  act(() => omar.update((now) => now && { ...now, name: "Omar H." }));
  expect(title()).toBe("陈静, Omar H. and 王小明");
  rerender(<Title id="cnv_none" />);
  expect(title()).toBe("");
});

test("words and dates follow the language", () => {
  const client = createDoubleClient();
  client.conversations.list.set([conversation("cnv_x", { name: "X" })]);
  const { rerender } = renderKit(<Title id="cnv_x" />, { client, locale: "zh" });
  rerender(<Title id="cnv_x" />);
  expect(document.querySelector(".hp-root")?.getAttribute("lang")).toBe("zh-CN");
});

const day = 86_400_000;
test.each([
  ["en-GB", "en", ["14:30", "Yesterday", "Fri", "5 Oct", "25/11/2025"]],
  ["zh-CN", "zh", ["14:30", "昨天", "周五", "10月5日", "2025/11/25"]],
] as const)("the time of a conversation is as near as it must be: %s", (tag, locale, expected) => {
  const format = createFormat(tag, wordsOf(locale), () => NOW);
  const times = [NOW, NOW - day, NOW - 5 * day, NOW - 51 * day, NOW - 365 * day];
  expect(times.map((at) => format.stamp(at))).toEqual(expected);
});

test("initials are those that people are called by", () => {
  expect(
    ["Ana Keller", "张伟", "欧阳娜娜", "ben", "🦊 Finn", "ops-bot", "", "Kaito 田中"].map(
      initialsOf,
    ),
  ).toEqual(["AK", "张伟", "娜娜", "B", "🦊", "OB", "", "K田"]);
});
