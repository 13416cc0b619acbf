/** Skin tones: the same rules by which `scripts/emoji.mjs` checked the data. */

/** 0: the yellow of the drawing; 1 to 5: from light to dark. */
export type Tone = 0 | 1 | 2 | 3 | 4 | 5;

/** Where a tone goes in an emoji. 0: nowhere; 1: behind the first code point; 2: behind each person. */
export type ToneRule = 0 | 1 | 2;

/** All tones, for a choice. */
export const TONES: readonly Tone[] = [0, 1, 2, 3, 4, 5];

const MODIFIERS = ["", "🏻", "🏼", "🏽", "🏾", "🏿"] as const;
const ZWJ = "\u200d";
const VARIATION = "\ufe0f";
const MODIFIER_BASE = /\p{Emoji_Modifier_Base}/u;

/** The handshake between two people takes no tone, though alone it does. */
const isPerson = (char: string): boolean => MODIFIER_BASE.test(char) && char !== "🤝";

/** `emoji` in a tone; the emoji itself where it has none. */
export function toned(emoji: string, rule: ToneRule, tone: Tone): string {
  if (rule === 0 || tone === 0) {
    return emoji;
  }
  const parts = emoji.split(ZWJ).map((part, index) => {
    const [first = "", ...rest] = part;
    if (index > 0 && (rule === 1 || !isPerson(first))) {
      return part;
    }
    return first + MODIFIERS[tone] + rest.filter((char) => char !== VARIATION).join("");
  });
  return parts.join(ZWJ);
}

/** An emoji without tones and selectors: the same for all its looks. */
export const plain = (emoji: string): string => emoji.replace(/[\u{1f3fb}-\u{1f3ff}\ufe0f]/gu, "");
