import "./Switch.css";
import { useId } from "react";

/** What {@link Switch} takes. */
export interface SwitchProps {
  readonly label: string;
  readonly hint?: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly disabled?: boolean;
}

/** On or off, and in effect at once. */
export function Switch({ label, hint, checked, onChange, disabled }: SwitchProps) {
  const id = useId();
  return (
    <div className="hp-switch">
      <label htmlFor={id} className="hp-switch__label">
        {label}
        {hint !== undefined && (
          <span id={`${id}-hint`} className="hp-switch__hint">
            {hint}
          </span>
        )}
      </label>
      <button
        type="button"
        id={id}
        role="switch"
        aria-checked={checked}
        aria-label={label}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        disabled={disabled}
        className="hp-switch__track"
        onClick={() => onChange(!checked)}
      >
        <span className="hp-switch__thumb" />
      </button>
    </div>
  );
}
