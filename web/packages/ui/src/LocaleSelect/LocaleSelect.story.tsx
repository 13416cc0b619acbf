import { useState } from "react";
import type { Theme } from "../HoopoeProvider/HoopoeProvider.tsx";
import { ThemeSelect } from "../ThemeSelect/ThemeSelect.tsx";
import { type LocaleChoice, LocaleSelect } from "./LocaleSelect.tsx";

/** Both choices of how it speaks and looks, as they stand in settings. */
export function Choices() {
  const [locale, setLocale] = useState<LocaleChoice>("system");
  const [theme, setTheme] = useState<Theme>("system");
  return (
    <>
      <LocaleSelect value={locale} onChange={setLocale} />
      <ThemeSelect value={theme} onChange={setTheme} />
    </>
  );
}
