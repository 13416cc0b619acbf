import { createAuthenticator, createClient } from "@hoopoe/sdk";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./app/page.css";
import { App } from "./app/App.tsx";
import { AppProvider } from "./app/context.tsx";
import { createPreferences } from "./app/preferences.ts";
import { createAppSession } from "./app/session.ts";
import { reloadOnMissingParts } from "./pwa/register.ts";

reloadOnMissingParts();

const url = location.origin;
const auth = createAuthenticator({ url });
const session = createAppSession({
  auth,
  makeClient: () => createClient({ url, getToken: () => auth.getToken() }),
});
const preferences = createPreferences(() => localStorage, window);

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <AppProvider parts={{ session, preferences }}>
        <App />
      </AppProvider>
    </StrictMode>,
  );
}
