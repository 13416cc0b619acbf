import "./Badge.css";
import { useFormat } from "../i18n/format.ts";
import { VisuallyHidden } from "../VisuallyHidden/VisuallyHidden.tsx";

/** What {@link Badge} takes. */
export interface BadgeProps {
  /** Nothing is drawn for 0. */
  readonly count: number;
  /** Above it a `+` stands; 99 when left out. */
  readonly max?: number;
  readonly tone?: "accent" | "muted" | "danger";
  /** What is counted, with the number, for screen readers: "3 unread messages". */
  readonly label?: string;
}

/** A number on a small ground. */
export function Badge({ count, max = 99, tone = "accent", label }: BadgeProps) {
  const format = useFormat();
  if (count <= 0) return null;
  const shown = count > max ? `${format.number(max)}+` : format.number(count);
  return (
    <span className={`hp-badge hp-badge--${tone}`}>
      {label === undefined ? (
        shown
      ) : (
        <>
          <span aria-hidden="true">{shown}</span>
          <VisuallyHidden>{label}</VisuallyHidden>
        </>
      )}
    </span>
  );
}
