import { createClient, openMemory } from "@hoopoe/sdk";
import { createAuthenticator } from "@hoopoe/sdk/signin";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./app/page.css";
import { App, main } from "./app/App.tsx";
import { AppProvider } from "./app/context.tsx";
import { describeAgent, deviceId } from "./app/device.ts";
import { createPreferences } from "./app/preferences.ts";
import { randomId } from "./app/random.ts";
import { createAppSession, lastUserOf } from "./app/session.ts";
import { reloadOnMissingParts } from "./pwa/register.ts";

reloadOnMissingParts();

const lastUser = lastUserOf(() => localStorage);
if (lastUser.read() !== null) main.load();

const url = location.origin;
const device = {
  id: deviceId(() => localStorage, randomId),
  ...describeAgent(navigator.userAgent),
};
const auth = createAuthenticator({ url, device });
const session = createAppSession({
  auth,
  lastUser,
  makeClient: (user) =>
    createClient({
      url,
      device,
      // Nobody's client keeps nothing.
      ...(user === null ? { storage: openMemory } : { user }),
      getToken: (hint) => auth.getToken(hint),
    }),
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
