import { type ReactNode, useMemo } from "react";
import { createFormat, FormatContext } from "./format.ts";
import { formatLocale, type Locale, type Messages, WordsContext, wordsOf } from "./words.ts";

/** What {@link WordsProvider} takes. */
export interface WordsProviderProps {
  readonly locale: Locale;
  /** Words to use in place of those that come with the kit: another language, or another tone. */
  readonly words?: Messages;
  /** The tag for dates and numbers; by the reader's own languages when left out. */
  readonly formatLocale?: string;
  readonly now?: () => number;
  readonly children: ReactNode;
}

/** Gives words and formats to what is inside. `HoopoeProvider` contains one. */
export function WordsProvider(props: WordsProviderProps) {
  const { locale, now = Date.now, children } = props;
  const words = props.words ?? wordsOf(locale);
  const tag = props.formatLocale ?? formatLocale(locale);
  const format = useMemo(() => createFormat(tag, words, now), [tag, words, now]);
  return (
    <WordsContext value={words}>
      <FormatContext value={format}>{children}</FormatContext>
    </WordsContext>
  );
}
