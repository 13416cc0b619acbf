import type { Message } from "@hoopoe/sdk";
import { type MouseEvent, type PointerEvent, useCallback, useEffect, useRef } from "react";
import type { MessageCommands } from "../Message/commands.ts";

/** So long a finger rests until the menu opens, and so far it may move, in px. */
const LONG_PRESS_MS = 450;
const SLOP_PX = 10;

/** Which row something happened in; -1: none. */
export function indexAt(target: EventTarget | null): number {
  const row = target instanceof Element ? target.closest<HTMLElement>("[data-index]") : null;
  return row === null ? -1 : Number(row.dataset.index);
}

/** The menu by right click and by long press, and presses while messages are being selected. */
export function usePointer(
  items: readonly Message[],
  commands: MessageCommands,
  isSelecting: boolean,
) {
  const press = useRef<{ timer: ReturnType<typeof setTimeout>; x: number; y: number } | null>(null);
  // The click that follows a long press is none.
  const isSpent = useRef(false);
  const end = useCallback(() => {
    if (press.current !== null) clearTimeout(press.current.timer);
    press.current = null;
  }, []);
  useEffect(() => end, [end]);

  const openMenu = (target: EventTarget | null, x: number, y: number): boolean => {
    const message = items[indexAt(target)];
    if (message === undefined || commands.allowed(message).length === 0) return false;
    commands.menu(message, { point: { x, y } });
    return true;
  };

  return {
    onContextMenu(event: MouseEvent) {
      if (isSelecting || !event.currentTarget.contains(event.target as Node)) return;
      const target = event.target instanceof Element ? event.target : null;
      // Links and what is selected have a menu of the browser's that is of more use.
      const isSelected = window.getSelection()?.isCollapsed === false;
      if (target?.closest("a[href]") !== null || (isSelected && !isSpent.current)) return;
      if (openMenu(event.target, event.clientX, event.clientY)) event.preventDefault();
    },
    onPointerDown(event: PointerEvent) {
      end();
      isSpent.current = false;
      if (event.pointerType === "mouse" || isSelecting) return;
      const { target, clientX: x, clientY: y } = event;
      const timer = setTimeout(() => {
        press.current = null;
        isSpent.current = openMenu(target, x, y);
      }, LONG_PRESS_MS);
      press.current = { timer, x, y };
    },
    onPointerMove(event: PointerEvent) {
      const begun = press.current;
      if (begun === null) return;
      if (Math.hypot(event.clientX - begun.x, event.clientY - begun.y) > SLOP_PX) end();
    },
    onPointerUp: end,
    onPointerCancel: end,
    onClickCapture(event: MouseEvent) {
      if (!event.currentTarget.contains(event.target as Node)) return;
      if (isSpent.current) {
        isSpent.current = false;
        event.preventDefault();
        event.stopPropagation();
        return;
      }
      if (!isSelecting) return;
      const message = items[indexAt(event.target)];
      if (message === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      commands.toggle(message, event.shiftKey);
    },
  };
}
