/** Which key does what in the whole app. What belongs to a component (composer, list) is the kit's. */

export type Action =
  | "switcher"
  | "previous"
  | "next"
  | "previousUnread"
  | "nextUnread"
  | "escape"
  | "readAll"
  | "sheet";

/** What of a key event matters. */
export type Key = Pick<
  KeyboardEvent,
  "key" | "code" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey" | "isComposing" | "keyCode"
>;

export interface KeyContext {
  /** ⌘ takes the place of Ctrl. */
  readonly mac: boolean;
  /** The focus is where text is typed. */
  readonly typing: boolean;
  /** Shortcuts without Ctrl, Alt or ⌘ are wanted. */
  readonly singleKeys: boolean;
}

/** The key code of keys that an input method has taken. */
const TAKEN_BY_INPUT_METHOD = 229;

/** What a key asks for; `null`: nothing of ours. */
export function actionOf(event: Key, context: KeyContext): Action | null {
  if (event.isComposing || event.keyCode === TAKEN_BY_INPUT_METHOD) return null;
  const command = context.mac ? event.metaKey : event.ctrlKey;
  const other = context.mac ? event.ctrlKey : event.metaKey;
  if (other) return null;
  if (command) {
    if (event.altKey) return null;
    if (!event.shiftKey && event.key.toLowerCase() === "k") return "switcher";
    // `code`, because layouts put the slash on other keys and behind Shift.
    if (event.key === "/" || event.code === "Slash") return "sheet";
    return null;
  }
  if (event.altKey) return arrow(event);
  if (event.key === "Escape") return event.shiftKey ? "readAll" : "escape";
  if (event.key === "?" && context.singleKeys && !context.typing) return "sheet";
  return null;
}

function arrow(event: Key): Action | null {
  if (event.key === "ArrowUp") return event.shiftKey ? "previousUnread" : "previous";
  if (event.key === "ArrowDown") return event.shiftKey ? "nextUnread" : "next";
  return null;
}

/** What `neighbour` looks at. */
export interface Listed {
  readonly id: string;
  readonly unread: number;
  readonly unreadFrom: number | null;
}

/**
 * The conversation before or after `current` in the list, around its ends. Without a current one the
 * first or the last. `null` where there is none.
 */
export function neighbour(
  list: readonly Listed[],
  current: string | null,
  step: 1 | -1,
  unreadOnly: boolean,
): string | null {
  const count = list.length;
  const from = list.findIndex((item) => item.id === current);
  const start = from === -1 && step === -1 ? count : from;
  for (let i = 1; i <= count; i++) {
    const item = list[(start + step * i + count * 2) % count];
    if (!item || item.id === current) continue;
    if (!unreadOnly || item.unread > 0 || item.unreadFrom !== null) return item.id;
  }
  return null;
}
