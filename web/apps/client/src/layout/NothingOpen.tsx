import { EmptyState, useClient, useValue } from "@hoopoe/ui";
import { useClientWords } from "../app/context.tsx";
import { commandKey } from "../shortcuts/useShortcuts.ts";

/** The pane while no conversation is open. */
export function NothingOpen() {
  const words = useClientWords().chats;
  const { conversations } = useClient();
  const empty = useValue(conversations.list).length === 0;
  const loaded = useValue(conversations.loaded);
  // Nothing is said before it is known whether there is anything to choose.
  if (empty && !loaded) return null;
  return (
    <div className="pane-empty">
      {empty ? (
        // The list beside it has the button that begins.
        <EmptyState icon="messages" title={words.emptyTitle} text={words.emptyText} />
      ) : (
        <EmptyState
          icon="messages"
          title={words.nothingOpen}
          text={words.nothingOpenText(commandKey("K"))}
        />
      )}
    </div>
  );
}
