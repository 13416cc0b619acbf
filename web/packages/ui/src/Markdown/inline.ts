/**
 * The pieces of a line. One pass from left to right; what was opened is kept on a stack of at most
 * four, each piece moves once for every level that is closed around it, and nothing is looked for
 * twice: the time is linear in the length, whatever somebody sends.
 */

import type { Inline, Mentionable } from "./ast.ts";
import { isMisleading, safeHref } from "./href.ts";

type Mark = "em" | "strong" | "strike";

/** Something that was opened and may be closed. */
interface Opener {
  /** `both`: three stars, which open two things at once. */
  kind: Mark | "both";
  /** Where its own characters stand in the output. */
  at: number;
}

const SPACE = /\s/u;
const WORD = /[A-Za-z0-9_]/;
/** Characters after which a backslash is no backslash. `\_` is not among them: ¯\_(ツ)_/¯. */
const ESCAPABLE = "*~`[]";
/** An address ends where ASCII ends: in "看https://a.example这里" nobody meant 这里. */
const BARE = /(?:https?:\/\/|mailto:)[\w\-.~:/?#@!$&'()*+,;=%]+/iy;

/** Where something may begin. Everything before it is text. */
const SPECIAL = /[\n\\`*~[\]@]|https?:\/\/|mailto:/gi;

/** People by the first letter of their names, the longest names first: "@Ann Lee" before "@Ann". */
export type PeopleIndex = ReadonlyMap<string, readonly Mentionable[]>;

/** Understands the pieces of a text. `\n` becomes a break. */
export function parseInline(text: string, people: PeopleIndex): Inline[] {
  return new InlineParser(text, people).run();
}

class InlineParser {
  private readonly out: Inline[] = [];
  private openers: Opener[] = [];
  /** Where the `[` of a possible link stands in the output; -1: none. */
  private bracket = -1;
  private plainFrom = 0;
  private at = 0;
  private ticks: Map<number, number[]> | null = null;

  constructor(
    private readonly text: string,
    private readonly people: PeopleIndex,
  ) {}

  run(): Inline[] {
    const { text } = this;
    for (;;) {
      SPECIAL.lastIndex = this.at;
      const found = SPECIAL.exec(text);
      if (found === null) break;
      this.at = found.index;
      if (!this.step(text.charAt(this.at))) this.at++;
    }
    this.flush(text.length);
    return joinTexts(this.out);
  }

  /** Takes what begins here; `false` where nothing does and it is a letter like others. */
  private step(char: string): boolean {
    switch (char) {
      case "\n":
        this.put({ type: "break" }, this.at + 1);
        return true;
      case "\\":
        return this.escape();
      case "`":
        return this.code();
      case "*":
      case "~":
        return this.marks(char);
      case "[":
        this.flush(this.at);
        this.bracket = this.out.length;
        this.put({ type: "text", value: "[" }, this.at + 1);
        return true;
      case "]":
        return this.link();
      case "@":
        return this.mention();
      case "h":
      case "H":
      case "m":
      case "M":
        return this.bare();
      default:
        return false;
    }
  }

  /** What was read since the last piece becomes text. */
  private flush(end: number): void {
    if (end > this.plainFrom) {
      this.out.push({ type: "text", value: this.text.slice(this.plainFrom, end) });
    }
    this.plainFrom = end;
  }

  private put(piece: Inline, next: number): void {
    this.flush(this.at);
    this.out.push(piece);
    this.at = next;
    this.plainFrom = next;
  }

  private escape(): boolean {
    const next = this.text.charAt(this.at + 1);
    if (next === "" || !ESCAPABLE.includes(next)) return false;
    this.put({ type: "text", value: next }, this.at + 2);
    return true;
  }

  private code(): boolean {
    const length = runLength(this.text, this.at, "`");
    const open = this.at + length;
    const close = this.nextTicks(length, open);
    if (close < 0) {
      this.at = open;
      return true;
    }
    let value = this.text.slice(open, close);
    // "`` `a` ``": one space on both sides only keeps the ticks apart.
    if (value.length > 2 && value.startsWith(" ") && value.endsWith(" "))
      value = value.slice(1, -1);
    this.put({ type: "code", value: value.replaceAll("\n", " ") }, close + length);
    return true;
  }

  /** The next run of exactly `length` ticks from `from` on; runs are found once for the whole text. */
  private nextTicks(length: number, from: number): number {
    if (this.ticks === null) {
      this.ticks = new Map();
      for (let i = this.text.length - 1; i >= 0; i--) {
        if (this.text.charAt(i) !== "`") continue;
        let first = i;
        while (first > 0 && this.text.charAt(first - 1) === "`") first--;
        const size = i - first + 1;
        const list = this.ticks.get(size);
        if (list === undefined) this.ticks.set(size, [first]);
        else list.push(first);
        i = first;
      }
    }
    // Kept from the last to the first, so that what lies behind is dropped from the end.
    const runs = this.ticks.get(length);
    while (runs !== undefined) {
      const next = runs.at(-1);
      if (next === undefined) return -1;
      if (next >= from) return next;
      runs.pop();
    }
    return -1;
  }

  /** A run of stars or tildes. */
  private marks(char: "*" | "~"): boolean {
    const length = runLength(this.text, this.at, char);
    const end = this.at + length;
    const kind = kindOf(char, length);
    if (kind === null) {
      this.at = end;
      return true;
    }
    const before = this.at === 0 ? " " : this.text.charAt(this.at - 1);
    const after = end >= this.text.length ? " " : this.text.charAt(end);
    // 2*3*4 is arithmetic.
    const isInWord = kind === "em" && WORD.test(before) && WORD.test(after);
    // Punctuation does not matter, unlike in CommonMark: "**中文，**然后" has no spaces to go by.
    const canClose = !isInWord && !SPACE.test(before);
    const canOpen = !isInWord && !SPACE.test(after);
    const literal = this.text.slice(this.at, end);
    if (canClose && this.close(kind, end)) return true;
    if (canClose && kind === "both") {
      // "*a **b***" closes two things one after the other; the next step sees the rest of the run.
      const inner = this.openers.findLast((o) => o.kind === "em" || o.kind === "strong")?.kind;
      if (inner === "em" && this.close(inner, this.at + 1)) return true;
      if (inner === "strong" && this.close(inner, this.at + 2)) return true;
    }
    this.flush(this.at);
    if (canOpen) {
      if (this.openers.some((o) => overlaps(o.kind, kind))) {
        this.openers = this.openers.filter((o) => !overlaps(o.kind, kind));
      }
      this.openers.push({ kind, at: this.out.length });
    }
    this.put({ type: "text", value: literal }, end);
    return true;
  }

  private close(kind: Mark | "both", end: number): boolean {
    const found = this.openers.findLastIndex((o) => o.kind === kind || closes(o.kind, kind));
    const opener = this.openers[found];
    if (opener === undefined) return false;
    this.flush(this.at);
    if (this.bracket > opener.at) this.bracket = -1;
    const children = this.out.splice(opener.at + 1);
    if (children.length === 0) return false;
    this.openers.length = found;
    this.out.pop();
    if (opener.kind === kind) {
      this.out.push(
        kind === "both"
          ? { type: "strong", children: [{ type: "em", children: joinTexts(children) }] }
          : { type: kind, children: joinTexts(children) },
      );
    } else if (opener.kind === "both" && kind !== "both") {
      // Of three stars the inner part is closed first; the rest stays open.
      const rest: Mark = kind === "em" ? "strong" : "em";
      this.openers.push({ kind: rest, at: this.out.length });
      this.out.push({ type: "text", value: rest === "em" ? "*" : "**" });
      this.out.push({ type: kind, children: joinTexts(children) });
    }
    this.at = end;
    this.plainFrom = end;
    return true;
  }

  private link(): boolean {
    if (this.bracket < 0 || this.text.charAt(this.at + 1) !== "(") return false;
    const end = hrefEnd(this.text, this.at + 2);
    if (end < 0) return false;
    const href = safeHref(this.text.slice(this.at + 2, end));
    if (href === null) return false;
    this.flush(this.at);
    const from = this.bracket;
    this.bracket = -1;
    const children = joinTexts(this.out.slice(from + 1));
    if (children.length === 0 || isMisleading(textOf(children), href)) return false;
    this.out.length = from;
    this.openers = this.openers.filter((o) => o.at < from);
    this.put({ type: "link", href, children: withoutLinks(children) }, end + 1);
    return true;
  }

  private bare(): boolean {
    if (this.at > 0 && WORD.test(this.text.charAt(this.at - 1))) return false;
    BARE.lastIndex = this.at;
    const match = BARE.exec(this.text)?.[0];
    if (match === undefined) return false;
    const shown = trimAddress(match);
    const href = safeHref(shown);
    if (href === null) {
      this.at += match.length;
      return true;
    }
    this.put(
      { type: "link", href, children: [{ type: "text", value: shown }] },
      this.at + shown.length,
    );
    return true;
  }

  private mention(): boolean {
    if (this.people.size === 0) return false;
    if (this.at > 0 && WORD.test(this.text.charAt(this.at - 1))) return false;
    for (const person of this.people.get(this.text.charAt(this.at + 1)) ?? []) {
      const end = this.at + 1 + person.name.length;
      if (!this.text.startsWith(person.name, this.at + 1)) continue;
      // "@Ann" does not begin "@Anna".
      if (WORD.test(person.name.slice(-1)) && WORD.test(this.text.charAt(end))) continue;
      this.put({ type: "mention", user: person.id, name: person.name }, end);
      return true;
    }
    return false;
  }
}

function kindOf(char: "*" | "~", length: number): Mark | "both" | null {
  if (char === "~") return length === 2 ? "strike" : null;
  if (length === 1) return "em";
  if (length === 2) return "strong";
  return length === 3 ? "both" : null;
}

/** Only one of a kind is open at a time: the nearest counts, and depth stays bounded. */
function overlaps(open: Mark | "both", kind: Mark | "both"): boolean {
  return open === kind || closes(open, kind) || closes(kind, open);
}

function closes(open: Mark | "both", kind: Mark | "both"): boolean {
  return open === "both" && (kind === "em" || kind === "strong");
}

function runLength(text: string, from: number, char: string): number {
  let end = from;
  while (end < text.length && text.charAt(end) === char) end++;
  return end - from;
}

/**
 * Where the address of `[…](…)` ends; -1: it does not. A bracket ends the search, so that no
 * stretch is searched twice.
 */
function hrefEnd(text: string, from: number): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === ")") {
      if (depth === 0) return i;
      depth--;
    } else if (char === "(") depth++;
    else if (char === "[" || char === "]" || SPACE.test(char)) return -1;
  }
  return -1;
}

/** Takes away what ends the sentence rather than the address. */
function trimAddress(address: string): string {
  let surplus = 0;
  for (const char of address) {
    if (char === ")") surplus++;
    else if (char === "(") surplus--;
  }
  let end = address.length;
  while (end > 0) {
    const char = address.charAt(end - 1);
    if (char === ")" && surplus > 0) surplus--;
    else if (!".,;:!?'*~".includes(char)) break;
    end--;
  }
  return address.slice(0, end);
}

export function indexPeople(people: readonly Mentionable[]): PeopleIndex {
  const map = new Map<string, Mentionable[]>();
  for (const person of people.toSorted((a, b) => b.name.length - a.name.length)) {
    if (person.name === "") continue;
    const list = map.get(person.name.charAt(0));
    if (list === undefined) map.set(person.name.charAt(0), [person]);
    else list.push(person);
  }
  return map;
}

function joinTexts(pieces: readonly Inline[]): Inline[] {
  const out: Inline[] = [];
  let run: string[] = [];
  const end = () => {
    if (run.length > 0) out.push({ type: "text", value: run.join("") });
    run = [];
  };
  for (const piece of pieces) {
    if (piece.type === "text") run.push(piece.value);
    else {
      end();
      out.push(piece);
    }
  }
  end();
  return out;
}

/** Links do not stand in links. */
function withoutLinks(pieces: readonly Inline[]): Inline[] {
  return pieces.flatMap((piece): Inline[] => {
    if (piece.type === "link") return withoutLinks(piece.children);
    if ("children" in piece) return [{ ...piece, children: withoutLinks(piece.children) }];
    return [piece];
  });
}

/** The words of pieces, without their marks. */
export function textOf(pieces: readonly Inline[]): string {
  let text = "";
  for (const piece of pieces) {
    if (piece.type === "text" || piece.type === "code") text += piece.value;
    else if (piece.type === "break") text += "\n";
    else if (piece.type === "mention") text += `@${piece.name}`;
    else text += textOf(piece.children);
  }
  return text;
}
