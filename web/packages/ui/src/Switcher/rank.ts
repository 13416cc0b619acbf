/** Finding names as people type them: pieces of words, pinyin, letters in their order. */

/** A name that is prepared for being looked for. */
export interface Searchable {
  /** Lower case, without accents. */
  readonly name: string;
  /** Where words begin in `name`. */
  readonly starts: readonly number[];
  /** Other ways to type it: pinyin, initials, the id. */
  readonly keys: readonly string[];
}

const ACCENTS = /\p{M}+/gu;
const BREAK = /[\s\-_.,/()（）·、]/;

/** Lower case without accents, full-width letters made plain: how names and queries are compared. */
export function fold(text: string): string {
  return text.normalize("NFKD").replace(ACCENTS, "").toLowerCase();
}

/** Prepares a name; do it once for each, not for each query. */
export function searchable(name: string, keys: readonly string[] = []): Searchable {
  const folded = fold(name);
  const starts = [0];
  for (let index = 1; index < folded.length; index++) {
    if (BREAK.test(folded[index - 1] ?? "") && !BREAK.test(folded[index] ?? "")) {
      starts.push(index);
    }
  }
  return { name: folded, starts, keys: keys.map(fold).filter((key) => key !== "") };
}

/** Whether the letters of `query` stand in `text` in their order; gives how far apart, or -1. */
function spread(text: string, query: string): number {
  let from = text.indexOf(query[0] ?? "");
  const first = from;
  if (first < 0) {
    return -1;
  }
  for (let index = 1; index < query.length; index++) {
    from = text.indexOf(query[index] ?? "", from + 1);
    if (from < 0) {
      return -1;
    }
  }
  return from - first + 1 - query.length;
}

/**
 * How well a name answers a folded query; 0: not at all. Beginning of the name, of a word, a key,
 * somewhere inside, and at last the letters in their order with little between them.
 */
export function score(entry: Searchable, query: string): number {
  const { name } = entry;
  const at = name.indexOf(query);
  if (at === 0) {
    return name.length === query.length ? 1000 : 900;
  }
  if (at > 0 && entry.starts.some((start) => start > 0 && name.startsWith(query, start))) {
    return 800;
  }
  let best = at > 0 ? 500 : 0;
  for (const key of entry.keys) {
    if (key.startsWith(query)) {
      best = Math.max(best, key.length === query.length ? 750 : 700);
    }
  }
  if (best > 0 || query.length < 2) {
    return best;
  }
  const gaps = spread(name, query);
  return gaps >= 0 && gaps <= query.length * 4 ? Math.max(1, 300 - gaps * 10) : 0;
}

/** All words of the query have to be found; the worst one counts. */
export function scoreWords(entry: Searchable, query: string): number {
  const whole = score(entry, query);
  if (whole > 0 || !query.includes(" ")) {
    return whole;
  }
  let worst = 600;
  for (const word of query.split(" ")) {
    if (word !== "") {
      worst = Math.min(worst, score(entry, word));
    }
  }
  return worst;
}

/**
 * The best `limit` of `items`; equals keep their order, so what is given first (the newest) comes
 * first. An empty query gives the first ones.
 */
export function rank<T>(
  items: readonly T[],
  query: string,
  entryOf: (item: T) => Searchable,
  limit: number,
): T[] {
  const folded = fold(query).trim();
  if (folded === "") {
    return items.slice(0, limit);
  }
  const found: { item: T; score: number }[] = [];
  for (const item of items) {
    const value = scoreWords(entryOf(item), folded);
    if (value > 0) {
      found.push({ item, score: value });
    }
  }
  found.sort((a, b) => b.score - a.score);
  return found.slice(0, limit).map((entry) => entry.item);
}
