import { Select } from "@hoopoe/ui";
import "./choices.css";
import { useClientWords, usePreferences } from "../app/context.tsx";
import type { LocaleChoice, ThemeChoice } from "../app/preferences.ts";

const THEMES: readonly ThemeChoice[] = ["system", "light", "dark", "contrast"];

/** Languages under their own names: whoever looks for theirs may not read the one that is on. */
const LANGUAGES = { en: "English", zh: "简体中文" };

/** Language and theme, before anybody is signed in and in the settings. */
export function Choices({ compact = false }: { compact?: boolean }) {
  const words = useClientWords().appearance;
  const [preferences, change] = usePreferences();
  const locales: readonly { value: LocaleChoice; label: string }[] = [
    { value: "system", label: words.languageSystem },
    { value: "en", label: LANGUAGES.en },
    { value: "zh", label: LANGUAGES.zh },
  ];
  return (
    <div className={compact ? "choices choices--compact" : "choices"}>
      <Select
        label={words.language}
        labelHidden={compact}
        value={preferences.locale}
        options={locales}
        onChange={(locale) => change({ locale })}
      />
      <Select
        label={words.theme}
        labelHidden={compact}
        value={preferences.theme}
        options={THEMES.map((value) => ({ value, label: words[value] }))}
        onChange={(theme) => change({ theme })}
      />
    </div>
  );
}
