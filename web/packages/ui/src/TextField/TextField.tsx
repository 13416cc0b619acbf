import "./TextField.css";
import "../VisuallyHidden/VisuallyHidden.css";
import { type ComponentProps, useId, useState } from "react";
import { Icon, type IconName } from "../Icon/Icon.tsx";
import { IconButton } from "../IconButton/IconButton.tsx";
import { useWords } from "../i18n/words.ts";
import { cx } from "../util/cx.ts";

/** What {@link TextField} takes, besides what an `<input>` does. */
export interface TextFieldProps extends Omit<ComponentProps<"input">, "size"> {
  readonly label: string;
  /** The label is for screen readers only. */
  readonly labelHidden?: boolean;
  /** What to write there. */
  readonly hint?: string;
  /** What is wrong with it; `null` and empty: nothing. */
  readonly error?: string | null;
  readonly icon?: IconName;
  /** Shows a cross while there is text. */
  readonly onClear?: () => void;
}

/** A line of text with its label. A password can be shown. */
export function TextField(props: TextFieldProps) {
  const { label, labelHidden, hint, error, icon, onClear, className, type, ...input } = props;
  const words = useWords();
  const ownId = useId();
  const id = input.id ?? ownId;
  const [shown, setShown] = useState(false);
  const wrong = error != null && error !== "";
  const below = wrong ? error : hint;
  return (
    <div className={cx("hp-field", wrong && "hp-field--wrong", className)}>
      <label
        htmlFor={id}
        className={labelHidden ? "hp-field__label hp-visually-hidden" : "hp-field__label"}
      >
        {label}
      </label>
      <div className="hp-field__box">
        {icon && <Icon name={icon} size={18} />}
        <input
          {...input}
          id={id}
          type={type === "password" && shown ? "text" : type}
          className="hp-field__input"
          aria-invalid={wrong || undefined}
          aria-describedby={below ? `${id}-below` : undefined}
        />
        {type === "password" && (
          <IconButton
            label={shown ? words.common.hidePassword : words.common.showPassword}
            icon={shown ? "eye-off" : "eye"}
            size="sm"
            onClick={() => setShown(!shown)}
          />
        )}
        {onClear && input.value !== "" && input.value !== undefined && (
          <IconButton label={words.common.clear} icon="close" size="sm" onClick={onClear} />
        )}
      </div>
      {below && (
        <p id={`${id}-below`} className="hp-field__below" role={wrong ? "alert" : undefined}>
          {below}
        </p>
      )}
    </div>
  );
}
