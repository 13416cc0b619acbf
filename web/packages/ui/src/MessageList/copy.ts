/** Messages as text for the clipboard. */

import type { Message } from "@hoopoe/sdk";

/** Gives the name of whoever wrote a message. */
export type NameOf = (message: Message) => string;

/** One message: what it says. Several: a line `name: text` for each. Nothing of what is gone. */
export function copyText(messages: readonly Message[], nameOf: NameOf): string {
  const there = messages.filter((message) => !message.deleted && message.text !== "");
  if (there.length === 1) return there[0]?.text ?? "";
  return there.map((message) => withName(nameOf(message), message.text)).join("\n");
}

function withName(name: string, text: string): string {
  return name === "" ? text : `${name}: ${text}`;
}

/**
 * What a selection from one message into another copies: the selected part of the first and the
 * last, everything of those between, each on a line with its name. Those between need not be drawn.
 *
 * @param head what is selected of the first; `tail`: of the last.
 */
export function copySpan(
  items: readonly Message[],
  from: number,
  to: number,
  parts: { readonly head: string; readonly tail: string },
  nameOf: NameOf,
): string {
  const lines: string[] = [];
  for (let i = from; i <= to; i++) {
    const message = items[i];
    if (message === undefined || message.deleted) continue;
    const text = i === from ? parts.head : i === to ? parts.tail : message.text;
    if (text.trim() !== "") lines.push(withName(nameOf(message), text.trim()));
  }
  return lines.join("\n");
}
