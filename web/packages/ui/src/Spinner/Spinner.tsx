import "./Spinner.css";
import { useWords } from "../i18n/words.ts";

/** What {@link Spinner} takes. */
export interface SpinnerProps {
  /** What is under way, for screen readers; "Loading…" when left out, nothing for `null`. */
  readonly label?: string | null;
  /** Edge in px; 20 when left out. */
  readonly size?: number;
}

/** Something is under way, and nobody knows for how long. */
export function Spinner({ label, size = 20 }: SpinnerProps) {
  const words = useWords();
  const said = label === undefined ? words.common.loading : label;
  const style = { width: size, height: size };
  if (said === null) return <span className="hp-spinner" style={style} aria-hidden="true" />;
  return <span className="hp-spinner" style={style} role="status" aria-label={said} />;
}
