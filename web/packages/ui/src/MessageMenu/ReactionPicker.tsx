import "./MessageMenu.css";
import type { ReactNode } from "react";
import { IconButton } from "../IconButton/IconButton.tsx";
import { useWords } from "../i18n/words.ts";

/** The reactions that are one press away. */
export const quickReactions: readonly string[] = ["👍", "❤️", "😂", "🎉", "😮", "🙏"];

/** What {@link QuickReactions} takes. */
export interface QuickReactionsProps {
  /** Emoji that the user has reacted with, which are shown as pressed. */
  readonly mine?: readonly string[];
  readonly onPick: (emoji: string) => void;
  /** Opens all the others; absent where there is no picker. */
  readonly onMore?: () => void;
}

/** A row of the six usual reactions. */
export function QuickReactions({ mine = [], onPick, onMore }: QuickReactionsProps) {
  const words = useWords();
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
    <div className="hp-quick" role="group" aria-label={words.messages.react}>
      {quickReactions.map((emoji) => (
        <button
          key={emoji}
          type="button"
          className="hp-quick__emoji"
          aria-label={words.messages.reactWith(emoji)}
          aria-pressed={mine.includes(emoji)}
          onClick={() => onPick(emoji)}
        >
          {emoji}
        </button>
      ))}
      {onMore !== undefined && (
        <IconButton label={words.messages.moreReactions} icon="plus" size="sm" onClick={onMore} />
      )}
    </div>
  );
}

/** Draws all emoji, and calls `onPick` with the one that is chosen. */
export type RenderEmojiPicker = (onPick: (emoji: string) => void) => ReactNode;
