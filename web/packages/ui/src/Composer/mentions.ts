/** Mentions in a text: who is looked for at the caret, and whose `@Name` stands where. */

/** A person's name in a text: from `start` to `end`, the `@` included. */
export interface MentionSpan {
  readonly user: string;
  readonly start: number;
  readonly end: number;
}

/** What is being typed behind an `@` or a `:`. */
export interface Query {
  /** Where the sign stands. */
  readonly start: number;
  /** Behind the last letter: the caret. */
  readonly end: number;
  readonly text: string;
}

/** Nobody types more than this to find somebody. */
const QUERY_CHARS_MAX = 40;
const LATIN = /[A-Za-z0-9_]/;

/**
 * The query behind the last `@` (or the full-width one of Chinese keyboards) before the caret. An `@`
 * inside of a word, as in an address, begins none; a query may hold one blank, as names do.
 */
export function mentionQuery(text: string, caret: number): Query | null {
  for (let at = caret - 1; at >= 0 && caret - at <= QUERY_CHARS_MAX + 1; at--) {
    const char = text[at] ?? "";
    if (char === "\n") {
      return null;
    }
    if (char === "@" || char === "＠") {
      const query = text.slice(at + 1, caret);
      const isInWord = LATIN.test(text[at - 1] ?? "");
      const isName = !query.startsWith(" ") && query.split(" ").length <= 2;
      return !isInWord && isName ? { start: at, end: caret, text: query } : null;
    }
  }
  return null;
}

/**
 * The query behind a `:` before the caret: `:smi`, `:笑`. None in times and addresses (`12:30`,
 * `http:`), and none with one Latin letter only, because `:p` and `:D` are texts of their own.
 */
export function emojiQuery(text: string, caret: number): Query | null {
  const before = text.slice(Math.max(0, caret - QUERY_CHARS_MAX), caret);
  const found = /(?:^|[^A-Za-z0-9:/])[:：]([\p{L}\p{N}_+-]+)$/u.exec(before);
  const query = found?.[1];
  if (query === undefined || /^\d+$/.test(query) || /^[A-Za-z]$/.test(query)) {
    return null;
  }
  return { start: caret - query.length - 1, end: caret, text: query };
}

/** Whether `@name` stands at `at`, and is not the beginning of a longer word. */
function standsAt(text: string, at: number, name: string): boolean {
  if (!text.startsWith(`@${name}`, at)) {
    return false;
  }
  const end = at + 1 + name.length;
  return !(LATIN.test(name.at(-1) ?? "") && LATIN.test(text[end] ?? ""));
}

/** Where an edit from one text to another happened: the middle that is not the same. */
function difference(
  before: string,
  after: string,
): { start: number; removed: number; added: number } {
  const max = Math.min(before.length, after.length);
  let start = 0;
  while (start < max && before[start] === after[start]) {
    start += 1;
  }
  let tail = 0;
  while (
    tail < max - start &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  ) {
    tail += 1;
  }
  return { start, removed: before.length - start - tail, added: after.length - start - tail };
}

/** Moves the spans along with an edit; those that it touched are gone. */
export function moveSpans(
  spans: readonly MentionSpan[],
  before: string,
  after: string,
): MentionSpan[] {
  const { start, removed, added } = difference(before, after);
  const shift = added - removed;
  const moved: MentionSpan[] = [];
  for (const span of spans) {
    if (span.end <= start) {
      moved.push(span);
    } else if (span.start >= start + removed) {
      moved.push({ ...span, start: span.start + shift, end: span.end + shift });
    }
  }
  return moved.filter((span) => after[span.start] === "@");
}

/**
 * Gives the people of `known` (id and name) who have no span the first `@Name` that nobody has: for
 * drafts, for what was undone, and for what was cut and pasted elsewhere.
 */
export function findSpans(
  text: string,
  spans: readonly MentionSpan[],
  known: ReadonlyMap<string, string>,
): MentionSpan[] {
  const found = [...spans];
  const missing = [...known].filter(([user]) => !spans.some((span) => span.user === user));
  // The longest first: `@Ann Lee` is not Ann.
  missing.sort((a, b) => b[1].length - a[1].length);
  for (const [user, name] of missing) {
    let at = text.indexOf(`@${name}`);
    while (at >= 0) {
      const end = at + 1 + name.length;
      const start = at;
      const isFree = found.every((span) => span.end <= start || span.start >= end);
      if (isFree && standsAt(text, at, name)) {
        found.push({ user, start, end });
        break;
      }
      at = text.indexOf(`@${name}`, at + 1);
    }
  }
  return found.sort((a, b) => a.start - b.start);
}

/** The people of the spans, each once, in the order of the text. */
export function mentionedUsers(spans: readonly MentionSpan[]): string[] {
  return [...new Set(spans.map((span) => span.user))];
}
