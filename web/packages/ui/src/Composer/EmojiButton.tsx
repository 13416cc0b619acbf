import { useRef, useState } from "react";
import { EmojiPicker, preloadEmoji } from "../EmojiPicker/EmojiPicker.tsx";
import { IconButton } from "../IconButton/IconButton.tsx";
import { useFormat } from "../i18n/format.ts";
import { useWords } from "../i18n/words.ts";
import { Popover } from "../Popover/Popover.tsx";
import { useSlot } from "../slots/slots.ts";
import type { WrittenText } from "./useText.ts";

/** Opens the picker, and writes what is chosen where the caret is. */
export function EmojiButton({ text }: { readonly text: WrittenText }) {
  const words = useWords();
  const { locale } = useFormat();
  const Picker = useSlot("EmojiPicker", EmojiPicker);
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLSpanElement>(null);

  const insert = (emoji: string) => {
    setOpen(false);
    const field = text.ref.current;
    if (field !== null) {
      const { selectionStart: from, selectionEnd: to } = field;
      const end = from + emoji.length;
      text.apply({ from, to, insert: emoji, start: end, end });
    }
  };

  return (
    <span ref={anchor} className="hp-composer__emoji">
      <IconButton
        label={words.composer.emoji}
        icon="smile"
        aria-haspopup="dialog"
        aria-expanded={open}
        onPointerEnter={() => preloadEmoji(locale)}
        onFocus={() => preloadEmoji(locale)}
        onClick={() => setOpen(!open)}
      />
      <Popover
        anchor={anchor}
        open={open}
        onClose={() => setOpen(false)}
        placement="top-start"
        label={words.emoji.title}
      >
        <Picker onPick={insert} />
      </Popover>
    </span>
  );
}
