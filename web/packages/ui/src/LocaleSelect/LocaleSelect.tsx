import { type Locale, useWords } from "../i18n/words.ts";
import { Select, type SelectProps } from "../Select/Select.tsx";

/** A language of the kit, or `system`: the first of the reader's that it speaks. */
export type LocaleChoice = Locale | "system";

/** What {@link LocaleSelect} takes, besides what a `<select>` does. */
export interface LocaleSelectProps
  extends Omit<SelectProps<LocaleChoice>, "label" | "options" | "value" | "onChange"> {
  readonly value: LocaleChoice;
  readonly onChange: (locale: LocaleChoice) => void;
}

/** Languages under their own names: whoever looks for theirs may not read the one that is on. */
const NAMES: Record<Locale, string> = { en: "English", zh: "简体中文" };

/**
 * Chooses the language. Whoever draws it keeps the choice and gives it to `HoopoeProvider`, which
 * takes no `locale` for `system`.
 */
export function LocaleSelect(props: LocaleSelectProps) {
  const words = useWords().common;
  const options: readonly { value: LocaleChoice; label: string }[] = [
    { value: "system", label: words.languageSystem },
    { value: "en", label: NAMES.en },
    { value: "zh", label: NAMES.zh },
  ];
  return <Select {...props} label={words.language} options={options} />;
}
