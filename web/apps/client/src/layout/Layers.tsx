import { lazy, Suspense } from "react";
import { useLocation } from "wouter";
import { usePreferences, useWatched } from "../app/context.tsx";
import { paths } from "../app/routes.ts";
import { closeLayer, layer } from "./layers.ts";

const SwitcherPart = lazy(() => import("./parts/SwitcherPart.tsx"));
const SheetPart = lazy(() => import("./parts/SheetPart.tsx"));
const NewConversationPart = lazy(() => import("./parts/NewConversationPart.tsx"));

/** What lies above the page. Loaded when it is first wanted. */
export function Layers({ current }: { current: string | null }) {
  const open = useWatched(layer);
  const [{ enterSends }] = usePreferences();
  const [, navigate] = useLocation();
  const lead = (conversation: string): void => {
    closeLayer();
    navigate(paths.conversation(conversation));
  };
  return (
    <Suspense fallback={null}>
      {open === "switcher" && <SwitcherPart onClose={closeLayer} onOpen={lead} current={current} />}
      {open === "sheet" && (
        <SheetPart onClose={closeLayer} sendWith={enterSends ? "enter" : "ctrl-enter"} />
      )}
      {open === "newConversation" && <NewConversationPart onClose={closeLayer} onCreated={lead} />}
    </Suspense>
  );
}
