import { createContext, useContext } from "react";
import { en } from "./en/index.ts";
import { zh } from "./zh/index.ts";

/** Everything that the kit says, by area. A language is one of these. */
export type Messages = typeof en;

/** The languages that come with the kit. */
export type Locale = "en" | "zh";

const bundled: Record<Locale, Messages> = { en, zh };

/** The words of a language that comes with the kit. */
export function wordsOf(locale: Locale): Messages {
  return bundled[locale];
}

/** The first of the reader's languages that the kit speaks; English where it speaks none. */
export function preferredLocale(
  languages: readonly string[] = globalThis.navigator?.languages ?? [],
): Locale {
  for (const language of languages) {
    if (/^zh\b/i.test(language)) return "zh";
    if (/^en\b/i.test(language)) return "en";
  }
  return "en";
}

/**
 * The tag that dates and numbers are written by: the reader's own where it is of the language of the
 * words (`en-GB` for English), so that a date looks as it does everywhere else on their machine.
 */
export function formatLocale(
  locale: string,
  languages: readonly string[] = globalThis.navigator?.languages ?? [],
): string {
  const own = languages.find((language) => language.split("-")[0] === locale.split("-")[0]);
  return own ?? (locale === "zh" ? "zh-CN" : locale);
}

export const WordsContext = createContext<Messages>(en);

/** The kit's words in the language of now. */
export function useWords(): Messages {
  return useContext(WordsContext);
}
