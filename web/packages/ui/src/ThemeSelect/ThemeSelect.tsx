import type { Theme } from "../HoopoeProvider/HoopoeProvider.tsx";
import { useWords } from "../i18n/words.ts";
import { Select, type SelectProps } from "../Select/Select.tsx";

/** What {@link ThemeSelect} takes, besides what a `<select>` does. */
export interface ThemeSelectProps
  extends Omit<SelectProps<Theme>, "label" | "options" | "value" | "onChange"> {
  readonly value: Theme;
  readonly onChange: (theme: Theme) => void;
}

const THEMES: readonly Theme[] = ["system", "light", "dark", "contrast"];

/** Chooses how it looks. Whoever draws it keeps the choice and gives it to `HoopoeProvider`. */
export function ThemeSelect(props: ThemeSelectProps) {
  const { theme, themes } = useWords().common;
  const options = THEMES.map((value) => ({ value, label: themes[value] }));
  return <Select {...props} label={theme} options={options} />;
}
