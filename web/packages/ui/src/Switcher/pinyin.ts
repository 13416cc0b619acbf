/**
 * The first letters of Chinese words as they are typed in pinyin. The server sends such keys with
 * people; for the names of groups they are found here, by the order of words that every browser knows.
 */

/** The first character, in the order of pinyin, whose reading begins with each letter. */
const FIRST: readonly (readonly [string, string])[] = [
  ["a", "阿"],
  ["b", "八"],
  ["c", "嚓"],
  ["d", "咑"],
  ["e", "妸"],
  ["f", "发"],
  ["g", "旮"],
  ["h", "铪"],
  ["j", "丌"],
  ["k", "咔"],
  ["l", "垃"],
  ["m", "妈"],
  ["n", "拏"],
  ["o", "噢"],
  ["p", "妑"],
  ["q", "七"],
  ["r", "呥"],
  ["s", "仨"],
  ["t", "他"],
  ["w", "屲"],
  ["x", "夕"],
  ["y", "丫"],
  ["z", "帀"],
];

const HAN = /\p{Script=Han}/u;
const collator = new Intl.Collator("zh-u-co-pinyin");
const known = new Map<string, string>();

function initial(char: string): string {
  const cached = known.get(char);
  if (cached !== undefined) {
    return cached;
  }
  let letter = "";
  for (const [name, first] of FIRST) {
    if (collator.compare(char, first) < 0) {
      break;
    }
    letter = name;
  }
  known.set(char, letter);
  return letter;
}

/** `产品设计` gives `cpsj`, `Hoopoe 讨论组` gives `hoopoetlz`; empty for a text without Chinese. */
export function pinyinInitials(text: string): string {
  if (!HAN.test(text)) {
    return "";
  }
  let initials = "";
  for (const char of text.toLowerCase()) {
    if (HAN.test(char)) {
      initials += initial(char);
    } else if (/[\p{L}\p{N}]/u.test(char)) {
      initials += char;
    }
  }
  return initials;
}
