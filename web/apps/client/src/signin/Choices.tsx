import { LocaleSelect, ThemeSelect } from "@hoopoe/ui";
import "./choices.css";
import { usePreferences } from "../app/context.tsx";

/** Language and theme, before anybody is signed in and in the settings. */
export function Choices({ compact = false }: { compact?: boolean }) {
  const [{ locale, theme }, change] = usePreferences();
  return (
    <div className={compact ? "choices choices--compact" : "choices"}>
      <LocaleSelect
        labelHidden={compact}
        value={locale}
        onChange={(next) => change({ locale: next })}
      />
      <ThemeSelect
        labelHidden={compact}
        value={theme}
        onChange={(next) => change({ theme: next })}
      />
    </div>
  );
}
