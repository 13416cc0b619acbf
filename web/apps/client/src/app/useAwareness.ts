import { useClient, useConversationState, useConversationTitle, useValue } from "@hoopoe/ui";
import { useEffect, useState } from "react";
import { useClientWords } from "./context.tsx";
import { createFaviconBadge } from "./favicon.ts";
import type { Route } from "./routes.ts";
import { pageTitle } from "./title.ts";

/** Keeps title and icon of the page at what is unread and what is open. */
export function useAwareness(route: Route): void {
  const words = useClientWords();
  const unread = useValue(useClient().conversations.unread);
  const subject = useSubject(route);
  const [badge] = useState(() => createFaviconBadge(document));
  useEffect(() => {
    document.title = pageTitle(words.app.name, unread, subject);
  }, [words, unread, subject]);
  useEffect(() => {
    badge.show(unread);
    // An installed app shows it on its own icon as well; most browsers lack this.
    const own = navigator as { setAppBadge?: (count: number) => Promise<void> };
    own.setAppBadge?.(unread).catch(() => undefined);
    return () => badge.show(0);
  }, [badge, unread]);
}

function useSubject(route: Route): string | null {
  const words = useClientWords();
  const id = route.name === "conversation" ? route.conversation : "";
  const conversation = useConversationState(id);
  const title = useConversationTitle(id === "" ? null : conversation);
  switch (route.name) {
    case "conversation":
      return title || null;
    case "settings":
      return route.page ? words.settings[route.page] : words.settings.title;
    case "person":
      return words.chats.people;
    case "unknown":
      return words.notFound.title;
    case "home":
      return null;
  }
}
