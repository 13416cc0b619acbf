import type { AppInfo, Message, Timeline, UserId } from "@hoopoe/sdk";
import { type KeyboardEvent, useState } from "react";
import { isMac, isTouch } from "./device.ts";
import { type Format, toggleFormat } from "./format.ts";
import { ImeGuard } from "./ime.ts";
import type { WrittenText } from "./useText.ts";

/** Which key sends. The other ones begin a new line. */
export type SendKey = "enter" | "ctrl-enter";

/** What {@link useComposerKeys} needs. */
export interface ComposerKeyParts {
  readonly text: WrittenText;
  readonly sendWith: SendKey | undefined;
  /** Takes the key when something is open at the caret. */
  complete(event: KeyboardEvent): boolean;
  submit(): void;
  /** Esc: leaves what is begun, and tells whether there was something. */
  leave(): boolean;
  /** ↑ in an empty text: tells whether there was a message to edit. */
  editLast(): boolean;
}

/** What goes onto the text field. */
export interface ComposerKeys {
  onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>): void;
  onKeyUp(): void;
  onCompositionEnd(event: { readonly timeStamp: number }): void;
}

const FORMATS: Readonly<Record<string, Format>> = { b: "bold", i: "italic", e: "code" };

function formatOf(event: KeyboardEvent): Format | null {
  const isCommand = isMac() ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
  if (!isCommand || event.altKey) {
    return null;
  }
  const key = event.key.toLowerCase();
  if (event.shiftKey) {
    return key === "x" ? "strike" : null;
  }
  return FORMATS[key] ?? null;
}

/** Whether an Enter sends: with Ctrl or ⌘ always, alone where it is the key for it. */
function sends(event: KeyboardEvent, sendWith: SendKey | undefined): boolean {
  if (event.shiftKey || event.altKey) {
    return false;
  }
  if (event.ctrlKey || event.metaKey) {
    return true;
  }
  // A keyboard on the screen has no Shift+Enter: there the button sends, unless it is asked for.
  return sendWith === undefined ? !isTouch() : sendWith === "enter";
}

/** The last message of `me` that may still be edited at `nowMs`. */
export function lastEditable(
  { items, hasAfter }: Timeline,
  me: UserId | null,
  app: AppInfo | null,
  nowMs: number,
): Message | null {
  const message = items.findLast(
    (item) => item.sender === me && item.seq !== null && !item.deleted,
  );
  // Where newer ones are not loaded, the last one is not known.
  if (me === null || hasAfter || message?.kind !== "text") {
    return null;
  }
  const isLate = app !== null && nowMs - message.createdAt > app.editWindowS * 1000;
  return isLate ? null : message;
}

/** What keys do while one writes. */
export function useComposerKeys(parts: ComposerKeyParts): ComposerKeys {
  const [ime] = useState(() => new ImeGuard());

  const format = (field: HTMLTextAreaElement, kind: Format) => {
    const selection = { text: field.value, start: field.selectionStart, end: field.selectionEnd };
    parts.text.apply(toggleFormat(selection, kind));
  };

  /** Whether the key did something here. */
  const take = (event: KeyboardEvent<HTMLTextAreaElement>): boolean => {
    if (parts.complete(event)) {
      return true;
    }
    if (event.key === "Escape") {
      return parts.leave();
    }
    const isBare = !event.shiftKey && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key === "ArrowUp" && isBare && event.currentTarget.value === "") {
      return parts.editLast();
    }
    if (event.key === "Enter") {
      if (sends(event, parts.sendWith)) {
        parts.submit();
        return true;
      }
      return false;
    }
    const kind = formatOf(event);
    if (kind !== null) {
      format(event.currentTarget, kind);
    }
    return kind !== null;
  };

  return {
    onKeyDown: (event) => {
      const { isComposing, keyCode, timeStamp } = event.nativeEvent;
      if (!ime.owns({ isComposing, keyCode, timeStamp }) && take(event)) {
        event.preventDefault();
        event.stopPropagation();
      }
    },
    onKeyUp: () => ime.released(),
    onCompositionEnd: (event) => ime.ended(event.timeStamp),
  };
}
