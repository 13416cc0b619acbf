import type { Client, Message } from "@hoopoe/sdk";
import { useClient } from "@hoopoe/ui";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { useApp, useClientWords } from "../app/context.tsx";
import { randomId } from "../app/random.ts";
import { paths } from "../app/routes.ts";
import { chime } from "./chime.ts";
import { composeNotification, type NotificationWords, shouldNotify } from "./policy.ts";
import { createSeen, type Seen } from "./seen.ts";
import { permission, show } from "./show.ts";

/** Tells about messages as the user has chosen. `open` leads to an address of the app. */
export function useNotifications(conversation: string | null, open: (path: string) => void): void {
  const client = useClient();
  const { preferences } = useApp();
  const words = useClientWords().notifications;
  const latest = useRef({ words, open });
  useEffect(() => {
    latest.current = { words, open };
  });
  const seen = useSeen(conversation);

  useEffect(() => {
    if (seen === null) return;
    return listen(client, seen, {
      preferences: preferences.getSnapshot,
      words: () => latest.current.words,
      open: (path) => latest.current.open(path),
    });
  }, [client, preferences, seen]);

  useEffect(() => {
    const container = navigator.serviceWorker;
    const hear = (event: MessageEvent): void => {
      const word = event.data as { type?: string; path?: string } | null;
      if (word?.type === "open" && word.path?.startsWith("/")) latest.current.open(word.path);
    };
    container?.addEventListener("message", hear);
    return () => container?.removeEventListener("message", hear);
  }, []);
}

/** Tells the other tabs what this one shows. */
function useSeen(conversation: string | null): Seen | null {
  const [seen, setSeen] = useState<Seen | null>(null);
  const looking = useSyncExternalStore(watchEyes, eyesHere);
  useEffect(() => {
    if (typeof BroadcastChannel === "undefined") return;
    const made = createSeen(new BroadcastChannel("hoopoe.seen"), randomId());
    setSeen(made);
    const leave = (): void => made.show(null);
    window.addEventListener("pagehide", leave);
    return () => {
      window.removeEventListener("pagehide", leave);
      made.close();
    };
  }, []);
  useEffect(() => {
    seen?.show(looking ? conversation : null);
  }, [seen, looking, conversation]);
  return seen;
}

function eyesHere(): boolean {
  return document.visibilityState === "visible" && document.hasFocus();
}

function watchEyes(listener: () => void): () => void {
  window.addEventListener("focus", listener);
  window.addEventListener("blur", listener);
  document.addEventListener("visibilitychange", listener);
  return () => {
    window.removeEventListener("focus", listener);
    window.removeEventListener("blur", listener);
    document.removeEventListener("visibilitychange", listener);
  };
}

interface Surroundings {
  preferences(): ReturnType<ReturnType<typeof useApp>["preferences"]["getSnapshot"]>;
  words(): NotificationWords;
  open(path: string): void;
}

function listen(client: Client, seen: Seen, around: Surroundings): () => void {
  let syncedAt = client.connection.getSnapshot().synced ? Date.now() : null;
  const unwatch = client.connection.subscribe(() => {
    const { synced } = client.connection.getSnapshot();
    if (!synced) syncedAt = null;
    else syncedAt ??= Date.now();
  });
  const tell = async (message: Message): Promise<void> => {
    const conversation = client.conversations.get(message.conversation).state.getSnapshot();
    const preferences = around.preferences();
    const wanted = shouldNotify(message, conversation, {
      choice: preferences.notify,
      permission: permission(),
      me: client.me.getSnapshot()?.id ?? null,
      notifier: client.connection.getSnapshot().leader,
      visible: seen.has(message.conversation),
      syncedAt,
    });
    if (!wanted || !conversation || message.seq === null || message.sender === null) return;
    const sender = await nameOf(client, message.sender);
    const group = conversation.kind === "group" ? conversation.name : null;
    await show(
      {
        ...composeNotification(message, { sender, group }, preferences.preview, around.words()),
        tag: message.conversation,
        path: paths.message(message.conversation, message.seq),
      },
      around.open,
    );
    if (preferences.sound) chime();
  };
  const off = client.on("message.created", (message) => {
    tell(message).catch(() => {
      // Taken away between the question and the answer: the counts say it as well.
    });
  });
  return () => {
    unwatch();
    off();
  };
}

/** How long a name is waited for; the id has to do then. */
const NAME_WAIT_MS = 1_000;

/** Somebody's name, fetched where it is not known yet. */
function nameOf(client: Client, id: string): Promise<string> {
  const user = client.users.get(id);
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      unwatch();
      resolve(user.getSnapshot()?.name ?? id);
    };
    const timer = setTimeout(finish, NAME_WAIT_MS);
    const unwatch = user.subscribe(() => {
      if (user.getSnapshot() !== null) finish();
    });
    if (user.getSnapshot() !== null) finish();
  });
}
