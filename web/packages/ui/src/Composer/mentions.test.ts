import { expect, test } from "vitest";
import { emojiQuery, findSpans, mentionedUsers, mentionQuery, moveSpans } from "./mentions.ts";

test.each([
  ["@", ""],
  ["hi @an", "an"],
  ["你好@张", "张"],
  ["你好＠zhang", "zhang"],
  ["@Ann Le", "Ann Le"],
  ["(@an", "an"],
  ["@a @b", "b"],
])("%j asks for %j", (text, query) => {
  expect(mentionQuery(text, text.length)?.text).toBe(query);
});

test.each(["me@example", "@ann lee x", "@ ", "@a\nb", "", `@${"x".repeat(50)}`])(
  "%j asks for nobody",
  (text) => {
    expect(mentionQuery(text, text.length)).toBeNull();
  },
);

test("the query ends at the caret", () => {
  expect(mentionQuery("@anna and", 3)).toEqual({ start: 0, end: 3, text: "an" });
});

test.each([
  [":smi", "smi"],
  ["a :+1", "+1"],
  ["好:笑", "笑"],
  ["好：笑", "笑"],
])("%j asks for the emoji %j", (text, query) => {
  expect(emojiQuery(text, text.length)?.text).toBe(query);
});

test.each(["12:30", "http:x", "https://x", ":p", ":", "a:smi", "::smi"])(
  "%j asks for no emoji",
  (text) => {
    expect(emojiQuery(text, text.length)).toBeNull();
  },
);

const ann = { user: "ann", start: 3, end: 7 };

test("a name moves with the text before it", () => {
  expect(moveSpans([ann], "hi @Ann you", "oh, hi @Ann you")).toEqual([
    { user: "ann", start: 7, end: 11 },
  ]);
});

test("a name stays when the text behind it changes", () => {
  expect(moveSpans([ann], "hi @Ann you", "hi @Ann there")).toEqual([ann]);
});

test("a name that is touched is no mention any more", () => {
  expect(moveSpans([ann], "hi @Ann you", "hi @An you")).toEqual([]);
  expect(moveSpans([ann], "hi @Ann you", "hi  you")).toEqual([]);
  expect(moveSpans([ann], "hi @Ann you", "")).toEqual([]);
});

test("of two people with one name, the one whose name is deleted goes", () => {
  const spans = [
    { user: "a1", start: 0, end: 4 },
    { user: "a2", start: 5, end: 9 },
  ];
  const moved = moveSpans(spans, "@Ann @Ann x", "@Ann x");
  expect(mentionedUsers(moved)).toHaveLength(1);
  expect(mentionedUsers(moveSpans(spans, "@Ann @Ann x", " @Ann x"))).toEqual(["a2"]);
});

test("a draft finds its people again, the longest name first", () => {
  const known = new Map([
    ["ann", "Ann"],
    ["lee", "Ann Lee"],
  ]);
  const spans = findSpans("@Ann Lee and @Ann", [], known);
  expect(mentionedUsers(spans)).toEqual(["lee", "ann"]);
});

test("a name inside of a longer word is nobody", () => {
  const known = new Map([["ann", "Ann"]]);
  expect(findSpans("@Annabel", [], known)).toEqual([]);
  expect(mentionedUsers(findSpans("@Ann你好", [], known))).toEqual(["ann"]);
});

test("what somebody has already is not given twice", () => {
  const known = new Map([
    ["a1", "Ann"],
    ["a2", "Ann"],
  ]);
  const spans = findSpans("@Ann", [{ user: "a1", start: 0, end: 4 }], known);
  expect(mentionedUsers(spans)).toEqual(["a1"]);
});
