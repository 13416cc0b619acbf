/** Which messages are selected: plain functions over keys. */

import type { Message } from "@hoopoe/sdk";

/** The keys that are selected, and the one that was pressed last, from which a range reaches. */
export interface Selected {
  readonly keys: ReadonlySet<string>;
  readonly anchor: string | null;
}

/** Whether a message can be selected: it says something, and the server has it. */
export function isSelectable(message: Message): boolean {
  return (
    message.seq !== null && message.state === "sent" && !message.deleted && message.sender !== null
  );
}

/** Nothing yet but the message that selecting began with. */
export function begin(key: string): Selected {
  return { keys: new Set([key]), anchor: key };
}

/** Presses a message: in or out; with `range`, everything from the one before is in. */
export function press(
  selected: Selected,
  items: readonly Message[],
  key: string,
  range: boolean,
): Selected {
  const keys = new Set(selected.keys);
  const to = items.findIndex((message) => message.key === key);
  const from = items.findIndex((message) => message.key === selected.anchor);
  if (range && from >= 0 && to >= 0) {
    for (const message of items.slice(Math.min(from, to), Math.max(from, to) + 1)) {
      if (isSelectable(message)) keys.add(message.key);
    }
  } else if (keys.has(key)) keys.delete(key);
  else keys.add(key);
  return { keys, anchor: key };
}

/** The messages that are selected, in their order; those that are gone by now are not. */
export function selectedOf(selected: Selected, items: readonly Message[]): Message[] {
  return items.filter((message) => selected.keys.has(message.key) && isSelectable(message));
}
