/** The emoji that were used last on this device, and the skin tone. */

import type { Tone } from "./tone.ts";

const RECENT_KEY = "hoopoe.emoji.recent";
const TONE_KEY = "hoopoe.emoji.tone";
const RECENT_MAX = 27;

/** What is offered before anything was used. */
const USUAL = ["👍", "❤️", "😂", "🎉", "😮", "🙏", "🔥", "👀"];

/** Storage may be full, or forbidden: then nothing is remembered. */
function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Nothing is lost but a convenience.
  }
}

/** The emoji that were used last, the newest first, at most 27. */
export function recentEmoji(): readonly string[] {
  const text = read(RECENT_KEY);
  if (text === null || text === "") {
    return [];
  }
  return text.split(" ").slice(0, RECENT_MAX);
}

/** Remembers that an emoji was used, in the tone that it had. */
export function noteEmoji(emoji: string): void {
  const rest = recentEmoji().filter((other) => other !== emoji);
  write(RECENT_KEY, [emoji, ...rest].slice(0, RECENT_MAX).join(" "));
}

/** `count` emoji for quick reactions: the last used, filled up with the usual ones. */
export function quickEmoji(count: number): readonly string[] {
  return [...new Set([...recentEmoji(), ...USUAL])].slice(0, count);
}

/** The skin tone of this device. */
export function skinTone(): Tone {
  const tone = Number(read(TONE_KEY) ?? 0);
  return Number.isInteger(tone) && tone >= 0 && tone <= 5 ? (tone as Tone) : 0;
}

/** Keeps a skin tone for this device. */
export function setSkinTone(tone: Tone): void {
  write(TONE_KEY, String(tone));
}
