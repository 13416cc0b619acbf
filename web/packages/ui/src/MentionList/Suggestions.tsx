import "./Suggestions.css";
import { type ReactNode, useEffect, useRef } from "react";

/** What {@link Suggestions} takes. */
export interface SuggestionsProps {
  /** For `aria-controls`; the options are `id-0`, `id-1`, … */
  readonly id: string;
  readonly label: string;
  readonly options: readonly { readonly key: string; readonly content: ReactNode }[];
  readonly active: number;
  /** The pointer is on an option. */
  onPoint(index: number): void;
  onChoose(index: number): void;
  /** What stands there when nothing fits. */
  readonly empty?: string;
}

/** What could be meant, above the field in which it is typed. The field keeps the focus. */
export function Suggestions(props: SuggestionsProps) {
  const { id, label, options, active, onPoint, onChoose, empty } = props;
  const list = useRef<HTMLDivElement>(null);

  useEffect(() => {
    list.current?.children[active]?.scrollIntoView?.({ block: "nearest" });
  }, [active]);

  return (
    <div className="hp-suggestions">
      {options.length === 0 && empty !== undefined && (
        <p className="hp-suggestions__empty">{empty}</p>
      )}
      <div ref={list} id={id} role="listbox" aria-label={label} className="hp-suggestions__list">
        {options.map(({ key, content }, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the field, which has the focus
          <div
            key={key}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === active}
            className="hp-suggestions__option"
            onPointerMove={() => index !== active && onPoint(index)}
            // Without this the field would lose the focus, and a phone its keyboard.
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => onChoose(index)}
          >
            {content}
          </div>
        ))}
      </div>
    </div>
  );
}
