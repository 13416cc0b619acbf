/** The emoji with their words: loaded when somebody first looks for one. */

import { newestEmoji } from "./support.ts";
import { plain, type ToneRule } from "./tone.ts";

/** The groups of the picker, in their order. */
export const GROUPS = [
  "smileys",
  "people",
  "nature",
  "food",
  "travel",
  "activities",
  "objects",
  "symbols",
  "flags",
] as const;

export type EmojiGroup = (typeof GROUPS)[number];

/** An emoji as it is found and shown. */
export interface Emoji {
  readonly emoji: string;
  /** What it is called in the language that it was loaded for. */
  readonly name: string;
  readonly tone: ToneRule;
  /** The shortcode without colons; empty where it has none. */
  readonly code: string;
  /** What it is found by, lower case, the best first: shortcodes, name, words of the name, tags. */
  readonly words: readonly string[];
}

/** All emoji that this system can draw. */
export interface EmojiData {
  readonly groups: readonly (readonly Emoji[])[];
  /** By the emoji without tone and selectors. */
  readonly byPlain: ReadonlyMap<string, Emoji>;
}

type Row = readonly [string, string, string, ToneRule, number?];
type File = readonly (readonly Row[])[];

const files: Record<"en" | "zh", () => Promise<File>> = {
  en: async () => (await import("./data.en.gen.json")).default as unknown as File,
  zh: async () => (await import("./data.zh.gen.json")).default as unknown as File,
};

const BREAKS = /[^\p{L}\p{N}]+/u;

function wordsOf(row: Row, codes: readonly string[], english: Row | undefined): string[] {
  const tags = row[2].split("|").filter((tag) => tag !== "" && !tag.startsWith(":"));
  const name = row[1].toLowerCase();
  const words = [...codes, name, ...name.split(BREAKS).filter((word) => word !== ""), ...tags];
  if (english !== undefined && english !== row) {
    words.push(...wordsOf(english, [], undefined));
  }
  return [...new Set(words.map((word) => word.toLowerCase()))];
}

/** Joins a language with the English words, and leaves out what is newer than `newest`. */
export function joinEmoji(own: File, english: File, newest: number): EmojiData {
  const englishRows = new Map(english.flat().map((row) => [row[0], row]));
  const byPlain = new Map<string, Emoji>();
  const groups = own.map((group) => {
    const shown = group.filter((row) => (row[4] ?? 0) <= newest);
    return shown.map((row): Emoji => {
      const other = englishRows.get(row[0]);
      const codes = (other?.[2] ?? "")
        .split("|")
        .filter((word) => word.startsWith(":"))
        .map((word) => word.slice(1));
      const words = wordsOf(row, codes, other);
      const emoji = { emoji: row[0], name: row[1], tone: row[3], code: codes[0] ?? "", words };
      byPlain.set(plain(emoji.emoji), emoji);
      return emoji;
    });
  });
  return { groups, byPlain };
}

const loading = new Map<string, Promise<EmojiData>>();

/**
 * The emoji with their names in a language, and what they are found by in that language and English.
 * Loaded once.
 *
 * @throws when the file cannot be fetched; the next call tries again.
 */
export function loadEmoji(locale: "en" | "zh"): Promise<EmojiData> {
  const known = loading.get(locale);
  if (known !== undefined) {
    return known;
  }
  const fresh = (async () => {
    const [own, english] = await Promise.all([files[locale](), files.en()]);
    return joinEmoji(own, english, newestEmoji());
  })();
  loading.set(locale, fresh);
  fresh.catch(() => loading.delete(locale));
  return fresh;
}
