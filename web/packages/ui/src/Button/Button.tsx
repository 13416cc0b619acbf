import "./Button.css";
import type { ComponentProps } from "react";
import { Icon, type IconName } from "../Icon/Icon.tsx";
import { Spinner } from "../Spinner/Spinner.tsx";
import { cx } from "../util/cx.ts";

/** What {@link Button} takes, besides what a `<button>` does. */
export interface ButtonProps extends ComponentProps<"button"> {
  /** `secondary` when left out. */
  readonly variant?: "primary" | "secondary" | "ghost" | "danger";
  /** `md` (40 px) when left out; `sm` is 32 px. */
  readonly size?: "sm" | "md";
  /** What it began is under way: it cannot be pressed again, and keeps the focus. */
  readonly busy?: boolean;
  /** Before the text. */
  readonly icon?: IconName;
  /** As wide as what is around it. */
  readonly wide?: boolean;
}

/** A button with a text. */
export function Button(props: ButtonProps) {
  const { variant = "secondary", size = "md", busy = false, icon, wide, ...rest } = props;
  const { className, children, onClick, type = "button", ...button } = rest;
  return (
    <button
      {...button}
      type={type}
      className={cx(
        "hp-button",
        `hp-button--${variant}`,
        `hp-button--${size}`,
        wide && "hp-button--wide",
        className,
      )}
      aria-busy={busy || undefined}
      aria-disabled={busy || undefined}
      onClick={(event) => {
        if (busy) event.preventDefault();
        else onClick?.(event);
      }}
    >
      {busy ? <Spinner size={16} label={null} /> : icon && <Icon name={icon} size={18} />}
      <span className="hp-button__text">{children}</span>
    </button>
  );
}
