import { HoopoeProvider } from "@hoopoe/ui";
import { Suspense, useEffect } from "react";
import { Broken } from "./Broken.tsx";
import { useApp, useLocale, usePreferences, useWatched } from "./context.tsx";
import { createPart, Shown } from "./part.tsx";
import type { ThemeChoice } from "./preferences.ts";
import { Splash } from "./Splash.tsx";

// Two ways to begin; nobody needs both at first.
/** The page of who is signed in. */
export const main = createPart(() => import("../layout/Main.tsx"));
const signIn = createPart(() => import("../signin/SignIn.tsx"));

/** The whole page: sign-in or chats, whatever the address, so that a link is still there afterwards. */
export function App() {
  const { session } = useApp();
  const current = useWatched(session.auth.current);
  const client = useWatched(session.client);
  const [{ theme }] = usePreferences();
  const locale = useLocale();
  useThemeColor(theme);
  return (
    <HoopoeProvider client={client} locale={locale} theme={theme} page>
      <Broken>
        <Suspense fallback={<Splash />}>
          {current === undefined && <Splash />}
          {current === null && <Shown key="sign-in" part={signIn} />}
          {current && <Shown key={current.user.id} part={main} />}
        </Suspense>
      </Broken>
    </HoopoeProvider>
  );
}

/** The colour that a phone gives its own bars: that of the theme in use, not only of the system's. */
const BARS = { light: "#f6f3f0", dark: "#12100e" };

function useThemeColor(theme: ThemeChoice): void {
  useEffect(() => {
    for (const meta of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')) {
      const own = meta.media.includes("dark") ? "dark" : "light";
      meta.content = BARS[theme === "light" || theme === "dark" ? theme : own];
    }
  }, [theme]);
}
