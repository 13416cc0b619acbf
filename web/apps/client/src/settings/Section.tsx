import type { ReactNode } from "react";

/** A group of settings under a heading. */
export function Section(props: { title?: string; text?: string; children: ReactNode }) {
  return (
    <section className="settings-section">
      {props.title && <h3 className="settings-section__title">{props.title}</h3>}
      {props.text && <p className="settings-section__text">{props.text}</p>}
      {props.children}
    </section>
  );
}

export interface Option<T extends string> {
  readonly value: T;
  readonly label: string;
}

/** One of a few, all of them in sight. */
export function Radios<T extends string>(props: {
  label: string;
  name: string;
  value: T;
  options: readonly Option<T>[];
  disabled?: boolean;
  onChange: (value: T) => void;
}) {
  return (
    <fieldset className="radios" disabled={props.disabled}>
      <legend className="radios__label">{props.label}</legend>
      {props.options.map((option) => (
        <label key={option.value} className="radios__option">
          <input
            type="radio"
            name={props.name}
            value={option.value}
            checked={option.value === props.value}
            onChange={() => props.onChange(option.value)}
          />
          {option.label}
        </label>
      ))}
    </fieldset>
  );
}
