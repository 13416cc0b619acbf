/** What keys do in a list of messages. */

import type { MessageAction } from "../Message/actions.ts";

/** What a key asks for. */
export type KeyCommand =
  | {
      readonly do: "move";
      readonly to: "previous" | "next" | "pageUp" | "pageDown" | "first" | "last";
    }
  | { readonly do: "action"; readonly action: MessageAction }
  | { readonly do: "menu" }
  | { readonly do: "toggle" }
  | { readonly do: "cancel" };

/** A key press, as far as it matters. */
export interface KeyPress {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
}

const MOVES: Readonly<Record<string, Extract<KeyCommand, { do: "move" }>["to"]>> = {
  ArrowUp: "previous",
  k: "previous",
  ArrowDown: "next",
  j: "next",
  PageUp: "pageUp",
  PageDown: "pageDown",
  Home: "first",
  End: "last",
};

const ACTIONS: Readonly<Record<string, MessageAction>> = {
  r: "reply",
  e: "edit",
  "+": "react",
  "=": "react",
  c: "copy",
  Delete: "deleteForMe",
  Backspace: "deleteForMe",
};

/** What a key asks for at a message that has the focus; `null`: nothing of ours. */
export function commandOf(press: KeyPress, isSelecting: boolean): KeyCommand | null {
  const { key, shiftKey } = press;
  if (press.ctrlKey || press.altKey || press.metaKey) return null;
  if (key === "ContextMenu" || (key === "F10" && shiftKey)) return { do: "menu" };
  const plain = key.length === 1 ? key.toLowerCase() : key;
  const to = MOVES[plain];
  if (to !== undefined) return { do: "move", to };
  if (isSelecting) {
    if (key === "Escape") return { do: "cancel" };
    return key === " " || key === "Enter" ? { do: "toggle" } : null;
  }
  if (key === "Enter") return { do: "menu" };
  const action = ACTIONS[plain];
  return action === undefined ? null : { do: "action", action };
}

/** Where the focus goes from the message at `at`. `rows` are those that are drawn. */
export function targetOf(
  at: number,
  to: string,
  count: number,
  rows: readonly { readonly size: number }[],
  viewport: number,
): number {
  const height = rows.reduce((sum, row) => sum + row.size, 0) / Math.max(1, rows.length);
  // One stays in view, to go on from.
  const page = Math.max(1, Math.floor(viewport / Math.max(1, height)) - 1);
  const targets: Record<string, number> = {
    previous: at - 1,
    next: at + 1,
    pageUp: at - page,
    pageDown: at + page,
    first: 0,
    last: count - 1,
  };
  return Math.max(0, Math.min(count - 1, targets[to] ?? at));
}
