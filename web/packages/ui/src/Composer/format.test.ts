import { expect, test } from "vitest";
import { type Format, toggleFormat } from "./format.ts";

/** `[` and `]` stand for the ends of the selection, `|` for a caret. */
function toggle(marked: string, format: Format): string {
  const caret = marked.replace("|", "[]");
  const start = caret.indexOf("[");
  const end = caret.indexOf("]") - 1;
  const text = caret.replace("[", "").replace("]", "");
  const edit = toggleFormat({ text, start, end }, format);
  const after = text.slice(0, edit.from) + edit.insert + text.slice(edit.to);
  return `${after.slice(0, edit.start)}[${after.slice(edit.start, edit.end)}]${after.slice(edit.end)}`;
}

test.each<[string, string, Format, string]>([
  ["puts a mark around the selection", "a [b] c", "bold", "a **[b]** c"],
  ["takes it away", "a **[b]** c", "bold", "a [b] c"],
  ["takes it away when it was selected too", "a [**b**] c", "bold", "a [b] c"],
  ["opens and closes around a caret", "a |", "code", "a `[]`"],
  ["closes an empty mark again", "a `|`", "code", "a []"],
  ["leaves blanks outside", "a[ b ]c", "bold", "a **[b]** c"],
  ["makes bold italic as well", "**[b]**", "italic", "***[b]***"],
  ["takes italic from both", "***[b]***", "italic", "**[b]**"],
  ["takes bold from both", "***[b]***", "bold", "*[b]*"],
  ["strikes through", "[b]", "strike", "~~[b]~~"],
  ["one tilde is no mark", "~[b]~", "strike", "~~~[b]~~~"],
  ["fences code of several lines", "[a\nb]", "code", "```\n[a\nb]\n```"],
  ["begins a fence on a new line", "x [a\nb] y", "code", "x \n```\n[a\nb]\n```\n y"],
  ["works in Chinese", "你[好]吗", "bold", "你**[好]**吗"],
])("a format %s", (_name, before, format, after) => {
  expect(toggle(before, format)).toBe(after);
});
