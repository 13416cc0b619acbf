import "./Tooltip.css";
import { flip, offset, shift, useFloating } from "@floating-ui/react-dom";
import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { Portal } from "../HoopoeProvider/portal.ts";

/** What {@link Tooltip} takes. */
export interface TooltipProps {
  readonly text: string;
  /** One element that can have the focus. */
  readonly children: ReactNode;
  /** Whether screen readers hear the text after the name; `false` where it is the name. */
  readonly describe?: boolean;
}

const DELAY_MS = 500;

/** A few words beside what the pointer rests on, or the keyboard has reached. Never on touch. */
export function Tooltip({ text, children, describe = true }: TooltipProps) {
  const id = useId();
  const holder = useRef<HTMLSpanElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const [anchor, setAnchor] = useState<Element | null>(null);
  const described = describe && anchor !== null ? id : null;

  const show = (delayMs: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setAnchor(holder.current?.firstElementChild ?? null), delayMs);
  };
  const hide = () => {
    clearTimeout(timer.current);
    setAnchor(null);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    if (anchor === null) return;
    if (described !== null) anchor.setAttribute("aria-describedby", described);
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape") setAnchor(null);
    };
    document.addEventListener("keydown", onKey);
    return () => {
      if (described !== null) anchor.removeAttribute("aria-describedby");
      document.removeEventListener("keydown", onKey);
    };
  }, [anchor, described]);

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it listens for the element inside it
    <span
      ref={holder}
      className="hp-tooltip-holder"
      onPointerEnter={(event) => event.pointerType !== "touch" && show(DELAY_MS)}
      onPointerLeave={hide}
      onPointerDown={hide}
      onFocus={(event) => event.target.matches(":focus-visible") && show(0)}
      onBlur={hide}
    >
      {children}
      {anchor !== null && <Tip id={id} text={text} anchor={anchor} />}
    </span>
  );
}

function Tip({ id, text, anchor }: { id: string; text: string; anchor: Element }) {
  const { refs, floatingStyles } = useFloating({
    strategy: "fixed",
    placement: "top",
    elements: { reference: anchor },
    middleware: [offset(6), flip({ padding: 4 }), shift({ padding: 8 })],
  });
  return (
    <Portal>
      <div
        ref={refs.setFloating}
        id={id}
        role="tooltip"
        className="hp-tooltip"
        style={floatingStyles}
      >
        {text}
      </div>
    </Portal>
  );
}
