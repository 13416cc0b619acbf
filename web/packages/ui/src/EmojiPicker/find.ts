/** Finding emoji by words. */

import type { Emoji, EmojiData } from "./data.ts";
import { plain } from "./tone.ts";

/** How well a word answers a query; 0: not at all. */
function matches(word: string, query: string, isFirst: boolean): number {
  if (word === query) {
    return isFirst ? 100 : 80;
  }
  if (word.startsWith(query)) {
    return isFirst ? 60 : 40;
  }
  return query.length > 1 && word.includes(query) ? 10 : 0;
}

function score(emoji: Emoji, query: string): number {
  let best = 0;
  for (const [index, word] of emoji.words.entries()) {
    const found = matches(word, query, index < 2);
    if (found > 0) {
      // Earlier words say more of what an emoji is.
      best = Math.max(best, found - Math.min(index, 9));
    }
  }
  return best;
}

/**
 * The emoji that answer all words of `query`, the best first, at most `limit`. `recent` comes first
 * among equals.
 */
export function findEmoji(
  data: EmojiData,
  query: string,
  limit = Number.POSITIVE_INFINITY,
  recent: readonly string[] = [],
): Emoji[] {
  const text = query.trim().toLowerCase().replace(/^:|:$/g, "");
  if (text === "") {
    return [];
  }
  const pasted = data.byPlain.get(plain(text));
  if (pasted !== undefined) {
    return [pasted];
  }
  const used = new Set(recent.map(plain));
  const parts = text.split(/\s+/);
  const found: { emoji: Emoji; score: number }[] = [];
  for (const emoji of data.groups.flat()) {
    // The whole query first: shortcodes have no blanks, and names of several words do.
    const whole = score(emoji, text);
    const each = parts.length === 1 ? 0 : Math.min(...parts.map((part) => score(emoji, part)));
    const total = Math.max(whole, each);
    if (total > 0) {
      found.push({ emoji, score: total + (used.has(plain(emoji.emoji)) ? 15 : 0) });
    }
  }
  // `sort` is stable: equals keep the order of the data.
  found.sort((a, b) => b.score - a.score);
  return found.slice(0, limit).map((entry) => entry.emoji);
}
