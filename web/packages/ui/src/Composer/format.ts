/** Markdown by keys: bold, italic, code, struck through. */

/** What is selected in a text; `start` = `end` is a caret. */
export interface Selection {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** One change of a text: what stands from `from` to `to` becomes `insert`; then this is selected. */
export interface Edit {
  readonly from: number;
  readonly to: number;
  readonly insert: string;
  readonly start: number;
  readonly end: number;
}

export type Format = "bold" | "italic" | "code" | "strike";

const MARKS: Record<Format, string> = { bold: "**", italic: "*", code: "`", strike: "~~" };

/** How often `char` stands before `at`, without a gap. */
function runBefore(text: string, at: number, char: string): number {
  let count = 0;
  while (at - count > 0 && text[at - count - 1] === char) {
    count += 1;
  }
  return count;
}

function runAfter(text: string, at: number, char: string): number {
  let count = 0;
  while (text[at + count] === char) {
    count += 1;
  }
  return count;
}

/** Whether `run` signs on both sides hold the mark: `***` is bold and italic at once. */
function holds(format: Format, run: number): boolean {
  if (format === "italic") {
    return run === 1 || run >= 3;
  }
  return run >= MARKS[format].length;
}

/** Blanks at the ends stay outside: `** word**` is not bold. */
function trimmed({ text, start, end }: Selection): [number, number] {
  const selected = text.slice(start, end);
  if (selected.trim() === "") {
    return [start, end];
  }
  const left = selected.length - selected.trimStart().length;
  const right = selected.length - selected.trimEnd().length;
  return [start + left, end - right];
}

/** The signs inside of the selection's ends count too: people select them with the word. */
function innermost(text: string, start: number, end: number, char: string): [number, number] {
  let from = start;
  let to = end;
  while (to - from >= 2 && text[from] === char && text[to - 1] === char) {
    from += 1;
    to -= 1;
  }
  return [from, to];
}

function fence(text: string, from: number, to: number): Edit {
  const lead = from === 0 || text[from - 1] === "\n" ? "" : "\n";
  const trail = to === text.length || text[to] === "\n" ? "" : "\n";
  const inner = text.slice(from, to);
  const insert = `${lead}\`\`\`\n${inner}\n\`\`\`${trail}`;
  const start = from + lead.length + 4;
  return { from, to, insert, start, end: start + inner.length };
}

/**
 * Puts the mark around what is selected, or takes it away where it is. With a caret only, the mark is
 * opened and closed around it. Code of several lines becomes a fenced block.
 */
export function toggleFormat(selection: Selection, format: Format): Edit {
  const { text } = selection;
  const [from, to] = trimmed(selection);
  const mark = MARKS[format];
  const char = mark[0] ?? "";
  if (format === "code" && text.slice(from, to).includes("\n")) {
    return fence(text, from, to);
  }
  const [start, end] = innermost(text, from, to, char);
  const run = Math.min(runBefore(text, start, char), runAfter(text, end, char));
  if (holds(format, run)) {
    const size = mark.length;
    const insert = text.slice(start, end);
    return { from: start - size, to: end + size, insert, start: start - size, end: end - size };
  }
  const size = mark.length;
  const insert = `${mark}${text.slice(from, to)}${mark}`;
  return { from, to, insert, start: from + size, end: to + size };
}
