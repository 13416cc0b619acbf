import "./Select.css";
import "../TextField/TextField.css";
import "../VisuallyHidden/VisuallyHidden.css";
import { type ComponentProps, useId } from "react";
import { Icon } from "../Icon/Icon.tsx";
import { cx } from "../util/cx.ts";

/** What {@link Select} takes, besides what a `<select>` does. */
export interface SelectProps<T extends string>
  extends Omit<ComponentProps<"select">, "value" | "onChange" | "children"> {
  readonly label: string;
  readonly labelHidden?: boolean;
  readonly hint?: string;
  readonly options: readonly { readonly value: T; readonly label: string }[];
  readonly value: T;
  readonly onChange: (value: T) => void;
}

/** One of a few: the system's own control, at home on every device. */
export function Select<T extends string>(props: SelectProps<T>) {
  const { label, labelHidden, hint, options, value, onChange, className, ...select } = props;
  const ownId = useId();
  const id = select.id ?? ownId;
  return (
    <div className={cx("hp-field", "hp-select", className)}>
      <label htmlFor={id} className={cx("hp-field__label", labelHidden && "hp-visually-hidden")}>
        {label}
      </label>
      <div className="hp-field__box">
        <select
          {...select}
          id={id}
          className="hp-select__input"
          value={value}
          aria-describedby={hint === undefined ? undefined : `${id}-hint`}
          onChange={(event) => {
            const chosen = options.find((option) => option.value === event.target.value);
            if (chosen !== undefined) onChange(chosen.value);
          }}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
        <Icon name="chevron-down" size={18} />
      </div>
      {hint !== undefined && (
        <p id={`${id}-hint`} className="hp-field__below">
          {hint}
        </p>
      )}
    </div>
  );
}
