import { ConnectionBanner, toast, useClient } from "@hoopoe/ui";
import { lazy, Suspense, useEffect } from "react";
import { useLocation } from "wouter";
import "./layout.css";
import { useClientWords } from "../app/context.tsx";
import { NotFound } from "../app/NotFound.tsx";
import { parseRoute, type Route } from "../app/routes.ts";
import { useAwareness } from "../app/useAwareness.ts";
import { useNotifications } from "../notify/useNotifications.ts";
import { registerServiceWorker } from "../pwa/register.ts";
import { SettingsMenu } from "../settings/SettingsMenu.tsx";
import { ChatsColumn } from "./ChatsColumn.tsx";
import { ConversationPane } from "./ConversationPane.tsx";
import { Layers } from "./Layers.tsx";
import { NothingOpen } from "./NothingOpen.tsx";
import { Rail } from "./Rail.tsx";
import { useActions } from "./useActions.ts";
import { useDetails } from "./useDetails.ts";
import { useKeyboardRoom, useNarrow } from "./useViewport.ts";

const Settings = lazy(() => import("../settings/Settings.tsx"));
const PersonPage = lazy(() => import("./PersonPage.tsx"));

/** The app of somebody who is signed in. */
export default function Main() {
  const client = useClient();
  const words = useClientWords();
  const [path, navigate] = useLocation();
  const route = parseRoute(path);
  const [details] = useDetails();
  const open = route.name === "conversation" ? route.conversation : null;

  useEffect(() => {
    // Refusals end in the state of the connection, which the banner shows.
    client.connect().catch(() => undefined);
  }, [client]);
  useUpdates();
  useKeyboardRoom();
  useAwareness(route);
  useNotifications(open, navigate);
  useActions(open);

  return (
    <div className="app" data-view={viewOf(route, details)}>
      <a className="app__skip" href="#pane">
        {words.app.skip}
      </a>
      <Rail route={route} />
      <div className="app__column">
        {route.name === "settings" ? (
          <SettingsMenu current={route.page} />
        ) : (
          <ChatsColumn current={open} />
        )}
      </div>
      <main className="app__pane" id="pane" tabIndex={-1}>
        <ConnectionBanner />
        <Suspense fallback={null}>
          <Pane route={route} />
        </Suspense>
      </main>
      <Layers current={open} />
    </div>
  );
}

function Pane({ route }: { route: Route }) {
  const narrow = useNarrow();
  switch (route.name) {
    case "conversation":
      return <ConversationPane key={route.conversation} id={route.conversation} seq={route.seq} />;
    case "settings":
      // Side by side, the menu leads nowhere by itself; alone, it is the page.
      return route.page || !narrow ? <Settings page={route.page ?? "profile"} /> : null;
    case "person":
      return <PersonPage user={route.user} />;
    case "unknown":
      return <NotFound />;
    case "home":
      return <NothingOpen />;
  }
}

/** Which pane a narrow window shows. */
function viewOf(route: Route, details: boolean): "column" | "pane" | "details" {
  if (route.name === "home") return "column";
  if (route.name === "settings") return route.page ? "pane" : "column";
  return route.name === "conversation" && details ? "details" : "pane";
}

/** Says once that a new version waits. */
function useUpdates(): void {
  const words = useClientWords().app;
  useEffect(() => {
    if (!import.meta.env.PROD) return;
    registerServiceWorker((start) =>
      toast({
        text: words.updateReady,
        action: { label: words.reload, onSelect: start },
        durationMs: null,
      }),
    );
  }, [words]);
}
