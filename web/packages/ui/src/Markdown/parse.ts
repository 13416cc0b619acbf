/** The paragraphs of a text: a subset of Markdown as people write it in chats. */

import type { Block, Mentionable } from "./ast.ts";
import { indexPeople, type PeopleIndex, parseInline, textOf } from "./inline.ts";

export type { Block, Inline, Mentionable } from "./ast.ts";

/** Quotes and lists inside one another; what is deeper stays text. */
const DEPTH_MAX = 4;

const FENCE = /^ {0,3}(?:```+|~~~+)/;
/** With a space, as `>_<` is a face. */
const QUOTE = /^ {0,3}>(?: |$)/;
const ITEM = /^( {0,3})(?:[-*]|(\d{1,3})[.)]) +(?=\S)/;
const BLANK = /^\s*$/;

/**
 * Understands a text: paragraphs, line breaks, emphasis, code, quotes, lists, links and mentions of
 * `people` (`@` and the name). Everything else is text as it stands. Linear in the length.
 */
export function parse(text: string, people: readonly Mentionable[] = []): Block[] {
  const lines = text.replaceAll("\r\n", "\n").replaceAll("\r", "\n").split("\n");
  return parseLines(lines, indexPeople(people), 0);
}

/** A text without the marks, on one line: for quotes, lists of conversations, and announcements. */
export function plainText(text: string): string {
  return flatten(parse(text)).replace(/\s+/g, " ").trim();
}

function flatten(blocks: readonly Block[]): string {
  return blocks.map(flattenOne).join("\n");
}

function flattenOne(block: Block): string {
  switch (block.type) {
    case "paragraph":
      return textOf(block.children);
    case "code":
      return block.value;
    case "quote":
      return flatten(block.children);
    case "list":
      return block.items.map(flatten).join("\n");
  }
}

function parseLines(lines: readonly string[], people: PeopleIndex, depth: number) {
  const blocks: Block[] = [];
  let paragraph: string[] = [];
  const end = () => {
    if (paragraph.length > 0) {
      blocks.push({ type: "paragraph", children: parseInline(paragraph.join("\n"), people) });
    }
    paragraph = [];
  };
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? "";
    const taken = takeBlock(lines, at, people, depth);
    if (taken !== null) {
      end();
      blocks.push(taken.block);
      at = taken.next;
      continue;
    }
    if (BLANK.test(line)) end();
    else paragraph.push(line);
    at++;
  }
  end();
  return blocks;
}

interface Taken {
  readonly block: Block;
  readonly next: number;
}

function takeBlock(
  lines: readonly string[],
  at: number,
  people: PeopleIndex,
  depth: number,
): Taken | null {
  const line = lines[at] ?? "";
  const fence = fenceOf(line);
  if (fence !== null) return takeCode(lines, at, fence);
  if (depth >= DEPTH_MAX) return null;
  if (QUOTE.test(line)) return takeQuote(lines, at, people, depth);
  if (ITEM.test(line)) return takeList(lines, at, people, depth);
  return null;
}

interface Fence {
  readonly mark: string;
  readonly language: string;
}

function fenceOf(line: string): Fence | null {
  const opening = FENCE.exec(line)?.[0];
  if (opening === undefined) return null;
  const info = line.slice(opening.length).trim();
  // "```a``` b" is code within a line.
  if (info.includes("`")) return null;
  const space = info.search(/\s/);
  return { mark: opening.trim(), language: space < 0 ? info : info.slice(0, space) };
}

/** Up to the closing fence, or to the end: who has not typed it yet sees code already. */
function takeCode(lines: readonly string[], at: number, fence: Fence): Taken {
  const { mark } = fence;
  const code: string[] = [];
  let next = at + 1;
  for (; next < lines.length; next++) {
    const line = (lines[next] ?? "").trim();
    if (line.startsWith(mark) && line === mark.charAt(0).repeat(line.length)) {
      next++;
      break;
    }
    code.push(lines[next] ?? "");
  }
  const language = fence.language.toLowerCase();
  return {
    block: {
      type: "code",
      language: /^[a-z0-9+#-]{1,20}$/.test(language) ? language : null,
      value: code.join("\n"),
    },
    next,
  };
}

function takeQuote(
  lines: readonly string[],
  at: number,
  people: PeopleIndex,
  depth: number,
): Taken {
  const inner: string[] = [];
  let next = at;
  for (; next < lines.length && QUOTE.test(lines[next] ?? ""); next++) {
    inner.push((lines[next] ?? "").replace(QUOTE, ""));
  }
  return { block: { type: "quote", children: parseLines(inner, people, depth + 1) }, next };
}

/** Items until a line that neither is one nor is indented below one. */
function takeList(lines: readonly string[], at: number, people: PeopleIndex, depth: number): Taken {
  const first = ITEM.exec(lines[at] ?? "");
  const number = first?.[2];
  const items: string[][] = [];
  let next = at;
  for (; next < lines.length; next++) {
    const line = lines[next] ?? "";
    const item = ITEM.exec(line);
    if (
      item !== null &&
      (item[2] === undefined) === (number === undefined) &&
      !isNested(item, first)
    ) {
      items.push([line.slice(item[0].length)]);
    } else if (/^(?: {2,}|\t)\S/.test(line)) {
      items.at(-1)?.push(line.replace(/^(?: {2,4}|\t)/, ""));
    } else break;
  }
  return {
    block: {
      type: "list",
      start: number === undefined ? null : Number(number),
      items: items.map((item) => parseLines(item, people, depth + 1)),
    },
    next,
  };
}

function isNested(item: RegExpExecArray, first: RegExpExecArray | null): boolean {
  return (item[1] ?? "").length >= (first?.[1] ?? "").length + 2;
}
