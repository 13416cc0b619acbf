import type { Client, Message } from "@hoopoe/sdk";
import { type ClipboardEvent, type RefObject, useCallback, useEffect } from "react";
import { copySpan, type NameOf } from "./copy.ts";
import { indexAt } from "./usePointer.ts";
import type { Pins } from "./useRows.ts";

/** Gives names as they are known now; ids of people who are not. */
export function nameOfWith(client: Client): NameOf {
  return ({ sender }) =>
    sender === null ? "" : (client.users.get(sender).getSnapshot()?.name ?? sender);
}

/** Lets a selection reach over many messages: its ends stay mounted, and each line gets its name. */
export function useCopy(
  client: Client,
  items: readonly Message[],
  scroller: RefObject<HTMLElement | null>,
  pins: Pins,
) {
  useEffect(() => {
    const onSelection = () => {
      const selection = document.getSelection();
      const ends = [selection?.anchorNode, selection?.focusNode].map((node) =>
        node != null && selection?.isCollapsed === false && scroller.current?.contains(node)
          ? indexAt(elementOf(node))
          : -1,
      );
      for (const [i, index] of ends.entries()) {
        const pin = i === 0 ? "anchor" : "end";
        if (index >= 0) pins.current.set(pin, index);
        else pins.current.delete(pin);
      }
    };
    document.addEventListener("selectionchange", onSelection);
    return () => document.removeEventListener("selectionchange", onSelection);
  }, [scroller, pins]);

  return useCallback(
    (event: ClipboardEvent) => {
      const selection = document.getSelection();
      if (selection === null || selection.rangeCount === 0) return;
      const range = selection.getRangeAt(0);
      const from = indexAt(elementOf(range.startContainer));
      const to = indexAt(elementOf(range.endContainer));
      // Within one message the browser knows better.
      if (from < 0 || to < 0 || from === to) return;
      const parts = { head: partOf(range, "head"), tail: partOf(range, "tail") };
      event.clipboardData.setData(
        "text/plain",
        copySpan(items, from, to, parts, nameOfWith(client)),
      );
      event.preventDefault();
    },
    [client, items],
  );
}

function elementOf(node: Node): Element | null {
  return node instanceof Element ? node : node.parentElement;
}

/** The selected part of the text of the first or the last message; nothing of what is around it. */
function partOf(range: Range, end: "head" | "tail"): string {
  const node = end === "head" ? range.startContainer : range.endContainer;
  const text = elementOf(node)?.closest("[data-index]")?.querySelector(".hp-message__text");
  if (text == null) return "";
  const part = document.createRange();
  part.selectNodeContents(text);
  if (text.contains(node)) {
    if (end === "head") part.setStart(range.startContainer, range.startOffset);
    else part.setEnd(range.endContainer, range.endOffset);
  } else {
    const isBefore = (text.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_PRECEDING) !== 0;
    // What is selected begins behind this text, or ends before it.
    if (isBefore === (end === "tail")) return "";
  }
  return part.toString();
}
