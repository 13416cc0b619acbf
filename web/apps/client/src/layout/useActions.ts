import { toast, useClient, useProblemText } from "@hoopoe/ui";
import { useLocation } from "wouter";
import { useClientWords, usePreferences } from "../app/context.tsx";
import { paths } from "../app/routes.ts";
import { type Action, neighbour } from "../shortcuts/keys.ts";
import { useShortcuts } from "../shortcuts/useShortcuts.ts";
import { closeLayer, layer, openSheet, openSwitcher } from "./layers.ts";
import { useDetails } from "./useDetails.ts";

/** What the shortcuts of the whole app do. `open` is the conversation that is shown. */
export function useActions(open: string | null): void {
  const client = useClient();
  const words = useClientWords().chats;
  const say = useProblemText();
  const [, navigate] = useLocation();
  const [details, setDetails] = useDetails();
  const [{ singleKeys }] = usePreferences();

  const step = (by: 1 | -1, unread: boolean): void => {
    const next = neighbour(client.conversations.list.getSnapshot(), open, by, unread);
    if (next !== null) navigate(paths.conversation(next));
  };
  const leave = (): void => {
    if (details) {
      setDetails(false);
    } else if (open !== null) {
      const conversation = client.conversations.get(open);
      conversation.markRead().catch(() => undefined);
      conversation.jumpToLatest().catch(() => undefined);
    }
  };
  const readAll = (): void => {
    client.conversations.readAll().then(
      () => toast({ text: words.allRead, tone: "success" }),
      (error: unknown) => toast({ text: say(error), tone: "danger" }),
    );
  };
  const actions: Record<Action, () => void> = {
    switcher: () => (layer.getSnapshot() === "switcher" ? closeLayer() : openSwitcher()),
    sheet: () => (layer.getSnapshot() === "sheet" ? closeLayer() : openSheet()),
    previous: () => step(-1, false),
    next: () => step(1, false),
    previousUnread: () => step(-1, true),
    nextUnread: () => step(1, true),
    escape: leave,
    readAll,
  };
  useShortcuts(singleKeys, (action) => actions[action]());
}
