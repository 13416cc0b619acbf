import type { Observable } from "@hoopoe/sdk";
import { createContext, type ReactNode, useContext, useSyncExternalStore } from "react";
import { type ClientWords, en } from "../i18n/en.ts";
import { zh } from "../i18n/zh.ts";
import type { PreferenceStore, Preferences } from "./preferences.ts";
import { resolveLocale } from "./preferences.ts";
import type { AppSession } from "./session.ts";

/** What the whole app works with. Made once, before the first render. */
export interface AppParts {
  readonly session: AppSession;
  readonly preferences: PreferenceStore;
}

const AppContext = createContext<AppParts | null>(null);

export function AppProvider({ parts, children }: { parts: AppParts; children: ReactNode }) {
  return <AppContext value={parts}>{children}</AppContext>;
}

/** The parts of the app. @throws outside of an `AppProvider`. */
export function useApp(): AppParts {
  const parts = useContext(AppContext);
  if (parts === null) throw new Error("This part stands outside of the app.");
  return parts;
}

/** The value of an observable now. */
export function useWatched<T>(observable: Observable<T>): T {
  return useSyncExternalStore(observable.subscribe, observable.getSnapshot);
}

/** What was chosen on this device, and how to change it. */
export function usePreferences(): [Preferences, PreferenceStore["change"]] {
  const { preferences } = useApp();
  return [useWatched(preferences), preferences.change];
}

const LANGUAGES = { en, zh };

/** The language in use. */
export function useLocale(): "en" | "zh" {
  const [{ locale }] = usePreferences();
  return resolveLocale(locale, navigator.languages);
}

/** The client's own words in the language in use. */
export function useClientWords(): ClientWords {
  return LANGUAGES[useLocale()];
}
