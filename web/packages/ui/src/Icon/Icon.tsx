import "./Icon.css";
import { cx } from "../util/cx.ts";
import { type IconName, paths } from "./paths.ts";

export type { IconName } from "./paths.ts";

/** What {@link Icon} takes. */
export interface IconProps {
  readonly name: IconName;
  /** Edge in px; 20 when left out. */
  readonly size?: number;
  /** What it says to screen readers; an ornament when left out. */
  readonly label?: string;
  readonly className?: string;
}

/** A line icon in the colour of the text around it. */
export function Icon({ name, size = 20, label, className }: IconProps) {
  const lines: readonly string[] = paths[name];
  const drawn = lines.map((line) =>
    line.startsWith("!") ? (
      <path key={line} d={line.slice(1)} className="hp-icon__fill" />
    ) : (
      <path key={line} d={line} />
    ),
  );
  const shared = { className: cx("hp-icon", className), width: size, height: size };
  return label === undefined ? (
    <svg {...shared} viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      {drawn}
    </svg>
  ) : (
    <svg {...shared} viewBox="0 0 20 20" role="img" aria-label={label}>
      {drawn}
    </svg>
  );
}
