import { lazy, Suspense } from "react";
import { useLocation } from "wouter";
import { usePreferences, useWatched } from "../app/context.tsx";
import { paths } from "../app/routes.ts";
import { closeLayer, layer } from "./layers.ts";

const SwitcherPart = lazy(() => import("./parts/SwitcherPart.tsx"));
const SheetPart = lazy(() => import("./parts/SheetPart.tsx"));
const NewConversationPart = lazy(() => import("./parts/NewConversationPart.tsx"));

/** What lies above the page. Loaded when it is first wanted. */
export function Layers() {
  const open = useWatched(layer);
  const [{ singleKeys }] = usePreferences();
  const [, navigate] = useLocation();
  const lead = (conversation: string): void => {
    closeLayer();
    navigate(paths.conversation(conversation));
  };
  return (
    <Suspense fallback={null}>
      {open === "switcher" && <SwitcherPart onClose={closeLayer} onOpen={lead} />}
      {open === "sheet" && <SheetPart onClose={closeLayer} singleKeys={singleKeys} />}
      {open === "newConversation" && <NewConversationPart onClose={closeLayer} onCreated={lead} />}
    </Suspense>
  );
}
