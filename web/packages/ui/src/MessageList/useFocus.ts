import type { Message } from "@hoopoe/sdk";
import { type RefObject, useCallback, useLayoutEffect, useRef, useState } from "react";
import { newestVisible } from "./scroll.ts";
import type { Pins, Rows, ScrollToRow } from "./useRows.ts";

/** Which message has the list's one place in the tab order, and how it moves. */
export interface MessageFocus {
  /** `null`: the newest. */
  readonly activeKey: string | null;
  /** Gives the focus to a message, and brings it into view. */
  focus(index: number): void;
  /** A message has the focus; it stays mounted while it does. */
  onFocus(index: number): void;
  onBlur(): void;
  /** Without the focus, the place follows what is in view. */
  settle(): void;
}

/** A roving tabindex over rows that come and go. */
export function useFocus(
  items: readonly Message[],
  rows: Rows,
  scrollToRow: ScrollToRow,
  scroller: RefObject<HTMLElement | null>,
  pins: Pins,
): MessageFocus {
  const [activeKey, setActiveKey] = useState<string | null>(null);
  const wanted = useRef<string | null>(null);
  const list = useRef(items);
  useLayoutEffect(() => {
    list.current = items;
    // Rows before it may have come or gone.
    if (pins.current.has("focus")) {
      const index = items.findIndex((message) => message.key === activeKey);
      if (index >= 0) pins.current.set("focus", index);
      else pins.current.delete("focus");
    }
  }, [items, activeKey, pins]);
  useLayoutEffect(() => {
    if (wanted.current === null) return;
    const row = scroller.current?.querySelector<HTMLElement>(
      `[data-key="${CSS.escape(wanted.current)}"]`,
    );
    if (row == null) return;
    wanted.current = null;
    row.focus({ preventScroll: true });
  });

  const onFocus = useCallback(
    (index: number) => {
      pins.current.set("focus", index);
      setActiveKey(list.current[index]?.key ?? null);
    },
    [pins],
  );
  const focus = useCallback(
    (index: number) => {
      const message = list.current[Math.max(0, Math.min(index, list.current.length - 1))];
      if (message === undefined) return;
      const at = list.current.indexOf(message);
      wanted.current = message.key;
      onFocus(at);
      scrollToRow(at, "auto");
    },
    [scrollToRow, onFocus],
  );
  const onBlur = useCallback(() => {
    pins.current.delete("focus");
  }, [pins]);
  const settle = useCallback(() => {
    const element = scroller.current;
    if (element === null || element.contains(document.activeElement)) return;
    const index = newestVisible(
      rows.getVirtualItems(),
      rows.scrollOffset ?? 0,
      element.clientHeight,
    );
    const key = list.current[index]?.key;
    if (key !== undefined) setActiveKey(key);
  }, [rows, scroller]);
  return { activeKey, focus, onFocus, onBlur, settle };
}
