import { LocaleSelect, ThemeSelect } from "@hoopoe/ui";
import { usePreferences } from "../app/context.tsx";

/** Language and theme, before anybody is signed in and in the settings. */
export function Choices({ compact = false }: { compact?: boolean }) {
  const [preferences, change] = usePreferences();
  return (
    <div className={compact ? "choices choices--compact" : "choices"}>
      <LocaleSelect value={preferences.locale} onChange={(locale) => change({ locale })} />
      <ThemeSelect value={preferences.theme} onChange={(theme) => change({ theme })} />
    </div>
  );
}
