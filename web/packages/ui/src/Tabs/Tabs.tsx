import "./Tabs.css";
import { type KeyboardEvent, type ReactNode, useId, useRef } from "react";
import { Badge } from "../Badge/Badge.tsx";
import { useSlot } from "../slots/slots.ts";
import { cx } from "../util/cx.ts";

/** One of the {@link Tabs}. */
export interface Tab<T extends string = string> {
  readonly id: T;
  readonly label: string;
  /** A number at its label; none for 0. */
  readonly count?: number;
}

/** What {@link Tabs} takes. */
export interface TabsProps<T extends string = string> {
  readonly tabs: readonly Tab<T>[];
  readonly value: T;
  readonly onChange: (id: T) => void;
  /** What is chosen, for screen readers. */
  readonly label: string;
  /** The panel of the tab that is chosen. */
  readonly children?: ReactNode;
  /** `pills` when left out. */
  readonly variant?: "pills" | "line";
}

/** Tabs with their panel: arrow keys, Home and End choose. */
export function Tabs<T extends string>(props: TabsProps<T>) {
  const Count = useSlot("Badge", Badge);
  const { tabs, value, onChange, label, children, variant = "pills" } = props;
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    const at = tabs.findIndex((tab) => tab.id === value);
    const moves: Record<string, number> = {
      ArrowRight: at + 1,
      ArrowLeft: at - 1,
      Home: 0,
      End: tabs.length - 1,
    };
    const to = moves[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const index = (to + tabs.length) % tabs.length;
    const tab = tabs[index];
    if (tab === undefined) return;
    onChange(tab.id);
    const button = list.current?.children[index];
    if (button instanceof HTMLElement) button.focus();
  };
  return (
    <>
      <div
        ref={list}
        role="tablist"
        aria-label={label}
        className={cx("hp-tabs", `hp-tabs--${variant}`)}
        onKeyDown={onKeyDown}
      >
        {tabs.map((tab) => (
          <button
            key={tab.id}
            type="button"
            role="tab"
            id={`${id}-${tab.id}`}
            aria-selected={tab.id === value}
            aria-controls={children === undefined ? undefined : `${id}-panel`}
            tabIndex={tab.id === value ? 0 : -1}
            className="hp-tabs__tab"
            onClick={() => onChange(tab.id)}
          >
            {tab.label}
            {tab.count !== undefined && <Count count={tab.count} tone="muted" />}
          </button>
        ))}
      </div>
      {children !== undefined && (
        <div
          role="tabpanel"
          id={`${id}-panel`}
          aria-labelledby={`${id}-${value}`}
          className="hp-tabs__panel"
        >
          {children}
        </div>
      )}
    </>
  );
}
