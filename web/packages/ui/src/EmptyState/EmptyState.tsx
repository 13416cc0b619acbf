import "./EmptyState.css";
import type { ReactNode } from "react";
import { Icon, type IconName } from "../Icon/Icon.tsx";

/** What {@link EmptyState} takes. */
export interface EmptyStateProps {
  readonly icon: IconName;
  readonly title: string;
  readonly text?: string;
  /** What to do about it: a button. */
  readonly action?: ReactNode;
}

/** What stands where there is nothing yet. */
export function EmptyState({ icon, title, text, action }: EmptyStateProps) {
  return (
    <div className="hp-empty">
      <span className="hp-empty__icon">
        <Icon name={icon} size={28} />
      </span>
      <p className="hp-empty__title">{title}</p>
      {text !== undefined && <p className="hp-empty__text">{text}</p>}
      {action !== undefined && <div className="hp-empty__action">{action}</div>}
    </div>
  );
}
