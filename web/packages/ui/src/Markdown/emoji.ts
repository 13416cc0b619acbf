/** More than these are a text. */
const BIG_EMOJI_MAX = 6;

const EMOJI =
  /^(?:\p{Regional_Indicator}{2}|[0-9#*]\uFE0F?\u20E3|\p{Extended_Pictographic}(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\uFE0F|\u200D|[\u{E0020}-\u{E007F}])*)$/u;
/** Drawn as a picture: © and ™ are not, unless asked for. */
const PICTURE = /\p{Emoji_Presentation}|\uFE0F|\u20E3/u;

let segmenter: Intl.Segmenter | undefined;

/** Whether a text is nothing but up to six emoji, which are shown big. */
export function isEmojiOnly(text: string): boolean {
  if (text.length > 120 || text.length === 0) return false;
  // Most texts end here.
  if (/[\p{L}]/u.test(text)) return false;
  segmenter ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
  let count = 0;
  for (const { segment } of segmenter.segment(text)) {
    if (/^\s+$/u.test(segment)) continue;
    if (!EMOJI.test(segment) || !PICTURE.test(segment)) return false;
    count++;
    if (count > BIG_EMOJI_MAX) return false;
  }
  return count > 0;
}
