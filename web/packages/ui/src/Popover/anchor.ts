import type { VirtualElement } from "@floating-ui/react-dom";
import type { RefObject } from "react";

/** What something floats at: an element, a ref of one, or anything that says where it is. */
export type Anchor = Element | VirtualElement | RefObject<Element | null> | null;

/** The element behind an anchor. */
export function resolveAnchor(anchor: Anchor): Element | VirtualElement | null {
  return anchor !== null && "current" in anchor ? anchor.current : anchor;
}

/** An anchor that is a point of the window, in px: where a menu was asked for. */
export function pointAnchor(point: { readonly x: number; readonly y: number }): VirtualElement {
  return {
    getBoundingClientRect: () => ({
      x: point.x,
      y: point.y,
      left: point.x,
      right: point.x,
      top: point.y,
      bottom: point.y,
      width: 0,
      height: 0,
    }),
  };
}
