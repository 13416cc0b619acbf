import { type MouseEvent, type PointerEvent, useEffect, useRef } from "react";

const PRESS_MS = 500;
/** A finger that moves further scrolls. */
const SLACK_PX = 10;

/** A point of the window, in px. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * Props for an element with a menu of its own: the right button, the menu key, and a long press of a
 * finger open it. The click at the end of a long press does nothing.
 */
export function useContextMenu(onOpen: (point: Point, element: HTMLElement) => void) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const from = useRef<Point | null>(null);
  const pressed = useRef(false);
  const stop = () => {
    clearTimeout(timer.current);
    from.current = null;
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  return {
    onContextMenu(event: MouseEvent<HTMLElement>) {
      event.preventDefault();
      // A phone sends this at the end of a long press, when the menu is open already.
      if (pressed.current) return;
      stop();
      const element = event.currentTarget;
      const keyed = event.clientX === 0 && event.clientY === 0;
      const box = element.getBoundingClientRect();
      const point = keyed
        ? { x: box.left + box.width / 2, y: box.top + box.height / 2 }
        : { x: event.clientX, y: event.clientY };
      onOpen(point, element);
    },
    onPointerDown(event: PointerEvent<HTMLElement>) {
      pressed.current = false;
      if (event.pointerType !== "touch") return;
      const element = event.currentTarget;
      const point = { x: event.clientX, y: event.clientY };
      from.current = point;
      clearTimeout(timer.current);
      timer.current = setTimeout(() => {
        pressed.current = true;
        onOpen(point, element);
      }, PRESS_MS);
    },
    onPointerMove(event: PointerEvent<HTMLElement>) {
      const at = from.current;
      if (at === null) return;
      if (Math.hypot(event.clientX - at.x, event.clientY - at.y) > SLACK_PX) stop();
    },
    onPointerUp: stop,
    onPointerCancel: stop,
    onClickCapture(event: MouseEvent<HTMLElement>) {
      if (!pressed.current) return;
      pressed.current = false;
      event.preventDefault();
      event.stopPropagation();
    },
  };
}
