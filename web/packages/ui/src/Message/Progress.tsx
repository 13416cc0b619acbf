import { Icon, type IconName } from "../Icon/Icon.tsx";
import { useWords } from "../i18n/words.ts";
import type { Progress as ProgressName } from "./layout.ts";

const ICONS: Record<ProgressName, IconName> = {
  queued: "clock",
  sending: "clock",
  failed: "alert",
  sent: "check",
  delivered: "checks",
  read: "checks",
};

/** What {@link Progress} takes. */
export interface ProgressProps {
  readonly progress: ProgressName;
  /** Says it in words as well: colour alone does not. */
  readonly isNamed?: boolean;
}

/** How far an own message has come: a clock, one tick, two ticks, coloured ones. */
export function Progress({ progress, isNamed = false }: ProgressProps) {
  const words = useWords();
  const label = words.messages.progress[progress];
  return (
    <span
      className={`hp-progress hp-progress--${progress}`}
      data-testid="receipt"
      data-progress={progress}
    >
      {isNamed && <span className="hp-progress__label">{label}</span>}
      <Icon name={ICONS[progress]} size={15} label={isNamed ? undefined : label} />
    </span>
  );
}
