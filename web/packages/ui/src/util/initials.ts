const HUES = 12;

/** The hue of somebody, 0–11: the same for an id on every device. */
export function hueOf(id: string): number {
  let hash = 2166136261;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 16777619);
  // The low bits of the hash alone follow the last letters too closely.
  return ((hash ^ (hash >>> 15)) >>> 0) % HUES;
}

const segments = new Intl.Segmenter(undefined, { granularity: "grapheme" });

function first(text: string): string {
  for (const { segment } of segments.segment(text)) return segment;
  return "";
}

/**
 * What stands for a name in a small circle: the last two characters of a Chinese, Japanese or Korean
 * one, as they are called by, and the first letters of the first and the last word of others.
 */
export function initialsOf(name: string): string {
  const trimmed = name.trim();
  if (/^[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}]+$/u.test(trimmed)) {
    return [...trimmed].slice(-2).join("");
  }
  const words = trimmed.split(/[\s._-]+/u).filter((word) => /[\p{L}\p{N}\p{Emoji}]/u.test(word));
  const head = first(words[0] ?? trimmed);
  const last = words.length > 1 ? first(words.at(-1) ?? "") : "";
  return `${head}${/\p{L}/u.test(last) && /\p{L}/u.test(head) ? last : ""}`.toLocaleUpperCase();
}
