import "./Selection.css";
import { useEffect, useRef } from "react";
import { Button } from "../Button/Button.tsx";
import { IconButton } from "../IconButton/IconButton.tsx";
import { useWords } from "../i18n/words.ts";

/** What {@link SelectionBar} takes. */
export interface SelectionBarProps {
  /** Messages that are selected. */
  readonly count: number;
  readonly onCopy: () => void;
  readonly onDelete: () => void;
  readonly onCancel: () => void;
}

/** How many messages are selected, and what can be done with them. */
export function SelectionBar({ count, onCopy, onDelete, onCancel }: SelectionBarProps) {
  const words = useWords();
  const cancel = useRef(onCancel);
  useEffect(() => {
    cancel.current = onCancel;
  });
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      // What floats above closes first.
      if (event.target instanceof Element && event.target.closest("dialog, .hp-popover")) return;
      event.preventDefault();
      cancel.current();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
  return (
    <div className="hp-selection" role="toolbar" aria-label={words.messages.selection}>
      <IconButton label={words.common.cancel} icon="close" shortcut="Esc" onClick={onCancel} />
      <span className="hp-selection__count" aria-live="polite">
        {words.messages.selected(count)}
      </span>
      <Button variant="ghost" icon="copy" disabled={count === 0} onClick={onCopy}>
        {words.common.copy}
      </Button>
      <Button variant="danger" icon="trash" disabled={count === 0} onClick={onDelete}>
        {words.messages.delete}
      </Button>
    </div>
  );
}
