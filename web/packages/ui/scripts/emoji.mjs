// Turns emojibase's data into what the picker loads: `src/EmojiPicker/data.{en,zh}.gen.json`.
//
//   node packages/ui/scripts/emoji.mjs        (in web/)
//
// A file is a list of groups, a group a list of `[emoji, name, words, tone, since]`. `words` is joined
// by `|`; those that begin with `:` are shortcodes without their second colon. `tone` says where a
// skin tone goes: 0 nowhere, 1 behind the first code point, 2 behind each person. `since` is left out
// for emoji that every system of the last years draws (before Emoji 14).

import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const read = (path) => require(`emojibase-data/${path}`);

const TONES = ["🏻", "🏼", "🏽", "🏾", "🏿"];
const SINCE = 14;
/** Skin tones and hair by themselves are no emoji that anybody sends. */
const COMPONENTS = 2;
const ZWJ = "\u200d";
const VARIATION = "\ufe0f";

/** The handshake between two people takes no tone, though alone it does. */
const isPerson = (char) => /\p{Emoji_Modifier_Base}/u.test(char) && char !== "🤝";

/** `emoji` in a tone, as the picker makes it: `src/EmojiPicker/tone.ts`. */
function toned(emoji, way, tone) {
  if (way === 0) {
    return emoji;
  }
  const parts = emoji.split(ZWJ).map((part, index) => {
    const [first, ...rest] = [...part];
    if (index > 0 && (way === 1 || !isPerson(first))) {
      return part;
    }
    return first + tone + rest.filter((char) => char !== VARIATION).join("");
  });
  return parts.join(ZWJ);
}

/** As keyboards write it: what is drawn in colour by itself needs no selector, and one emoji has one form. */
const written = (emoji) => emoji.replace(/(\p{Emoji_Presentation})\ufe0f/gu, "$1");

/** Where a tone goes, by the data's own list of skins. Throws where neither rule gives a listed one. */
function toneOf(entry) {
  if (!entry.skins) {
    return 0;
  }
  const listed = new Set(entry.skins.map((skin) => skin.emoji ?? skin.unicode));
  for (const way of [1, 2]) {
    if (TONES.every((tone) => listed.has(toned(entry.emoji, way, tone)))) {
      return way;
    }
  }
  throw new Error(`no rule gives the skin tones of ${entry.emoji}`);
}

const codesOf = (list, hexcode) => [list[hexcode] ?? []].flat().map((code) => `:${code}`);

function convert(locale) {
  const entries = read(`${locale}/data.json`);
  const github = read("en/shortcodes/github.json");
  const groups = [];
  for (const entry of entries.toSorted((a, b) => (a.order ?? 0) - (b.order ?? 0))) {
    if (entry.group === undefined || entry.group === COMPONENTS) {
      continue;
    }
    const words = entry.tags ?? [];
    const codes = locale === "en" ? codesOf(github, entry.hexcode) : [];
    const own = new Set(entry.label.toLowerCase().split(/[^\p{L}\p{N}]+/u));
    const unique = [...new Set([...codes, ...words.filter((word) => !own.has(word))])];
    const row = [written(entry.emoji), entry.label, unique.join("|"), toneOf(entry)];
    if (entry.version >= SINCE) {
      row.push(entry.version);
    }
    const index = entry.group > COMPONENTS ? entry.group - 1 : entry.group;
    groups[index] ??= [];
    groups[index].push(row);
  }
  return groups;
}

for (const locale of ["en", "zh"]) {
  const lines = convert(locale).map(
    (group) => `[${group.map((row) => JSON.stringify(row)).join(",\n")}]`,
  );
  const path = new URL(`../src/EmojiPicker/data.${locale}.gen.json`, import.meta.url);
  writeFileSync(path, `[${lines.join(",\n")}]\n`);
}
