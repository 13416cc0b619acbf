import "./IconButton.css";
import type { ComponentProps } from "react";
import { Icon, type IconName } from "../Icon/Icon.tsx";
import { Tooltip } from "../Tooltip/Tooltip.tsx";
import { cx } from "../util/cx.ts";

/** What {@link IconButton} takes, besides what a `<button>` does. */
export interface IconButtonProps extends Omit<ComponentProps<"button">, "children"> {
  /** What it does: its name, and its tip. */
  readonly label: string;
  readonly icon: IconName;
  /** `md` (36 px) when left out; `sm` is 28 px, `lg` 44 px. */
  readonly size?: "sm" | "md" | "lg";
  /** For a button that stays down. */
  readonly pressed?: boolean;
  readonly tone?: "plain" | "accent" | "danger";
  /** Its keys, shown with the tip. */
  readonly shortcut?: string;
}

/** A button that is an icon. */
export function IconButton(props: IconButtonProps) {
  const { label, icon, size = "md", pressed, tone = "plain", shortcut, ...rest } = props;
  const { className, type = "button", ...button } = rest;
  return (
    <Tooltip text={shortcut === undefined ? label : `${label} · ${shortcut}`} describe={false}>
      <button
        {...button}
        type={type}
        className={cx(
          "hp-icon-button",
          `hp-icon-button--${size}`,
          `hp-icon-button--${tone}`,
          className,
        )}
        aria-label={label}
        aria-pressed={pressed}
      >
        <Icon name={icon} size={size === "sm" ? 18 : 20} />
      </button>
    </Tooltip>
  );
}
