import { useState } from "react";
import { useWords } from "../i18n/words.ts";
import { Suggestions } from "../MentionList/Suggestions.tsx";
import type { Emoji } from "./data.ts";
import { skinTone } from "./recent.ts";
import { toned } from "./tone.ts";

/** What {@link EmojiSuggestions} takes. */
export interface EmojiSuggestionsProps {
  readonly id: string;
  readonly emoji: readonly Emoji[];
  readonly active: number;
  onPoint(index: number): void;
  onChoose(index: number): void;
}

/** The emoji that a `:word` may mean. */
export function EmojiSuggestions({ emoji, ...rest }: EmojiSuggestionsProps) {
  const words = useWords().composer;
  const [tone] = useState(skinTone);
  const options = emoji.map((one) => ({
    key: one.emoji,
    content: (
      <>
        <span className="hp-suggestions__emoji" aria-hidden="true">
          {toned(one.emoji, one.tone, tone)}
        </span>
        <span className="hp-mention__name">{one.name}</span>
        {one.code !== "" && (
          <span className="hp-suggestions__code" aria-hidden="true">
            :{one.code}:
          </span>
        )}
      </>
    ),
  }));
  return <Suggestions {...rest} label={words.emojiSuggestions} options={options} />;
}
