import { Button } from "../Button/Button.tsx";
import { EmptyState } from "../EmptyState/EmptyState.tsx";
import { useWords } from "../i18n/words.ts";
import { useSlot } from "../slots/slots.ts";
import type { ConversationFilter } from "./ConversationList.tsx";

/** What stands in a list of conversations that has none to show, and what to do about it. */
export function ConversationListEmpty(props: {
  readonly filter: ConversationFilter;
  readonly onStart?: () => void;
  readonly onShowAll: () => void;
}) {
  const { filter, onStart, onShowAll } = props;
  const words = useWords().conversations;
  const Empty = useSlot("EmptyState", EmptyState);
  const showAll = (
    <Button size="sm" onClick={onShowAll}>
      {words.showAll}
    </Button>
  );
  if (filter === "unread") {
    return (
      <Empty icon="check" title={words.noUnreadTitle} text={words.noUnreadText} action={showAll} />
    );
  }
  if (filter === "mentions") {
    return (
      <Empty icon="at" title={words.noMentionsTitle} text={words.noMentionsText} action={showAll} />
    );
  }
  const start = onStart && (
    <Button variant="primary" icon="plus" onClick={onStart}>
      {words.emptyAction}
    </Button>
  );
  return <Empty icon="messages" title={words.emptyTitle} text={words.emptyText} action={start} />;
}
