import "./Popover.css";
import {
  autoUpdate,
  flip,
  offset,
  type Placement,
  shift,
  size,
  useFloating,
} from "@floating-ui/react-dom";
import { type KeyboardEvent, type ReactNode, useEffect, useLayoutEffect, useRef } from "react";
import { Portal } from "../HoopoeProvider/portal.ts";
import { cx } from "../util/cx.ts";
import { type Anchor, resolveAnchor } from "./anchor.ts";

export type { Anchor } from "./anchor.ts";

/** What {@link Popover} takes. */
export interface PopoverProps {
  readonly anchor: Anchor;
  readonly open: boolean;
  /** Esc, a press elsewhere, or the focus went elsewhere. */
  readonly onClose: () => void;
  /** `bottom-start` when left out; it turns over where there is no room. */
  readonly placement?: Placement;
  readonly children: ReactNode;
  /** Its name for screen readers. */
  readonly label?: string;
  /** `dialog` when left out. */
  readonly role?: "dialog" | "menu" | "listbox" | "presentation";
  /** Takes the focus when it opens, and gives it back; `false` for what completes a text field. */
  readonly focus?: boolean;
  /** Keys pressed inside. */
  readonly onKeyDown?: (event: KeyboardEvent<HTMLDivElement>) => void;
  readonly className?: string;
}

/** Something that floats at an anchor, above everything else. */
export function Popover(props: PopoverProps) {
  return props.open ? (
    <Portal>
      <Floating {...props} />
    </Portal>
  ) : null;
}

const FOCUSABLE =
  '[data-autofocus], a[href], button:not(:disabled), input:not(:disabled), select, textarea, [tabindex="0"]';

/** Gives the focus to what is inside, and back to where it was. */
function useFocusInside(focus: boolean, panel: { current: HTMLDivElement | null }) {
  useEffect(() => {
    if (!focus) return;
    const before = document.activeElement;
    const inside = panel.current;
    const target = inside?.querySelector<HTMLElement>("[data-autofocus]");
    (target ?? inside?.querySelector<HTMLElement>(FOCUSABLE) ?? inside)?.focus({
      preventScroll: true,
    });
    return () => {
      const now = document.activeElement;
      const lost = now === null || now === document.body || inside?.contains(now) === true;
      if (lost && before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, [focus, panel]);
}

/** Closes at a press or a focus that is neither in the panel nor at its anchor. */
function useDismiss(
  anchor: Anchor,
  panel: { current: HTMLDivElement | null },
  onClose: () => void,
  keys: boolean,
) {
  const close = useRef(onClose);
  useLayoutEffect(() => {
    close.current = onClose;
  });
  useEffect(() => {
    const outside = (event: Event) => {
      const target = event.target;
      const at = resolveAnchor(anchor);
      if (!(target instanceof Node) || panel.current?.contains(target)) return;
      if (at instanceof Node && at.contains(target)) return;
      // What floats above this panel was opened from it.
      if (target instanceof Element && target.closest(".hp-popover, .hp-tooltip")) return;
      close.current();
    };
    // Without the focus inside, the key is heard where the focus is.
    const onKey = (event: globalThis.KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      event.preventDefault();
      close.current();
    };
    document.addEventListener("pointerdown", outside, true);
    document.addEventListener("focusin", outside);
    if (keys) document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("pointerdown", outside, true);
      document.removeEventListener("focusin", outside);
      document.removeEventListener("keydown", onKey);
    };
  }, [anchor, panel, keys]);
}

function Floating(props: PopoverProps) {
  const { anchor, onClose, placement = "bottom-start", focus = true, role = "dialog" } = props;
  const panel = useRef<HTMLDivElement | null>(null);
  const { refs, floatingStyles } = useFloating({
    strategy: "fixed",
    placement,
    whileElementsMounted: autoUpdate,
    middleware: [
      offset(6),
      flip({ padding: 8 }),
      shift({ padding: 8 }),
      size({
        padding: 8,
        apply({ availableHeight, availableWidth, elements }) {
          elements.floating.style.maxHeight = `${Math.max(120, availableHeight)}px`;
          elements.floating.style.maxWidth = `${availableWidth}px`;
        },
      }),
    ],
  });
  useLayoutEffect(() => {
    refs.setReference(resolveAnchor(anchor));
  }, [refs, anchor]);
  useFocusInside(focus, panel);
  useDismiss(anchor, panel, onClose, !focus);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the role is one of those that take keys
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: a label is given with a role that takes one
    <div
      ref={(element) => {
        panel.current = element;
        refs.setFloating(element);
      }}
      className={cx("hp-popover", props.className)}
      style={floatingStyles}
      role={role}
      aria-label={props.label}
      tabIndex={-1}
      onKeyDown={(event) => {
        props.onKeyDown?.(event);
        if (event.key !== "Escape" || event.defaultPrevented) return;
        // Nothing behind it closes as well: neither a dialog nor an outer popover.
        event.preventDefault();
        event.stopPropagation();
        onClose();
      }}
    >
      {props.children}
    </div>
  );
}
