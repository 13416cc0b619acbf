import { HoopoeProvider } from "@hoopoe/ui";
import { lazy, Suspense, useEffect } from "react";
import { Broken } from "./Broken.tsx";
import { useApp, useLocale, usePreferences, useWatched } from "./context.tsx";
import type { ThemeChoice } from "./preferences.ts";
import { Splash } from "./Splash.tsx";

// Two ways to begin; nobody needs both at first.
const Main = lazy(loadMain);
const SignIn = lazy(() => import("../signin/SignIn.tsx"));

/** Fetches the page of who is signed in, for who most probably is. */
export function loadMain() {
  return import("../layout/Main.tsx");
}

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
          {current === null && <SignIn />}
          {current && <Main key={current.user.id} />}
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
