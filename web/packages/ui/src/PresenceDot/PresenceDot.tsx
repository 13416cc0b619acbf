import "./PresenceDot.css";
import { useWords } from "../i18n/words.ts";

/** What {@link PresenceDot} takes. */
export interface PresenceDotProps {
  readonly status: "online" | "offline";
  /** Edge in px of the avatar that it sits on; without one it stands in a line of text. */
  readonly size?: number;
}

/** Whether somebody is there, as a dot; it says so to screen readers as well. */
export function PresenceDot({ status, size }: PresenceDotProps) {
  const words = useWords();
  const edge = size === undefined ? 8 : Math.min(14, Math.max(8, Math.round(size * 0.28)));
  return (
    <span
      className={`hp-presence hp-presence--${status}${size === undefined ? "" : " hp-presence--on"}`}
      style={{ width: edge, height: edge }}
      role="img"
      aria-label={words.people[status]}
    />
  );
}
