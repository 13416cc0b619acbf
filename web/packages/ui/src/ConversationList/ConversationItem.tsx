import "./ConversationItem.css";
import type { Conversation, ConversationId } from "@hoopoe/sdk";
import { memo } from "react";
import { Badge } from "../Badge/Badge.tsx";
import { ConversationAvatar } from "../ConversationAvatar/ConversationAvatar.tsx";
import { useConversationTitle } from "../hooks/client.ts";
import { type Point, useContextMenu } from "../hooks/useContextMenu.ts";
import { Icon } from "../Icon/Icon.tsx";
import { useFormat } from "../i18n/format.ts";
import { useWords } from "../i18n/words.ts";
import { useSlot } from "../slots/slots.ts";
import { cx } from "../util/cx.ts";
import { VisuallyHidden } from "../VisuallyHidden/VisuallyHidden.tsx";
import { ConversationPreview } from "./ConversationPreview.tsx";

/** What {@link ConversationItem} takes. */
export interface ConversationItemProps {
  readonly conversation: Conversation;
  readonly selected?: boolean;
  /** 0 for the one line of a list that Tab reaches. */
  readonly tabIndex?: number;
  readonly onSelect: (id: ConversationId) => void;
  /** The menu of the line was asked for. */
  readonly onMenu?: (conversation: Conversation, point: Point) => void;
  /** The day by the calendar; a line is drawn anew when it changes, because its time is. */
  readonly day?: string;
}

/** One line of the list of conversations. */
export const ConversationItem = memo(function ConversationItem(props: ConversationItemProps) {
  const { conversation, selected = false, tabIndex = 0, onSelect, onMenu } = props;
  const Picture = useSlot("ConversationAvatar", ConversationAvatar);
  const Said = useSlot("ConversationPreview", ConversationPreview);
  const title = useConversationTitle(conversation);
  const format = useFormat();
  const menu = useContextMenu((point) => onMenu?.(conversation, point));
  return (
    <button
      type="button"
      className={cx(
        "hp-conversation",
        selected && "hp-conversation--selected",
        isUnread(conversation) && "hp-conversation--unread",
      )}
      aria-current={selected || undefined}
      aria-haspopup={onMenu === undefined ? undefined : "menu"}
      tabIndex={tabIndex}
      data-testid="conversation-item"
      data-conversation={conversation.id}
      onClick={() => onSelect(conversation.id)}
      {...(onMenu === undefined ? {} : menu)}
    >
      <Picture conversation={conversation} size={44} />
      <span className="hp-conversation__text">
        <span className="hp-conversation__top">
          <span className="hp-conversation__title">{title}</span>
          <time
            className="hp-conversation__time"
            dateTime={new Date(conversation.activityAt).toISOString()}
          >
            {format.stamp(conversation.activityAt)}
          </time>
        </span>
        <span className="hp-conversation__bottom">
          <Said conversation={conversation} selected={selected} />
          <Marks conversation={conversation} />
        </span>
      </span>
    </button>
  );
});

/** Whether something in it waits to be read. */
export function isUnread(conversation: Conversation): boolean {
  return conversation.unread > 0 || conversation.unreadFrom !== null;
}

function Marks({ conversation }: { readonly conversation: Conversation }) {
  const words = useWords().conversations;
  const Count = useSlot("Badge", Badge);
  const { unread, unreadFrom, mentioned } = conversation;
  return (
    <>
      {mentioned && (
        <span className="hp-conversation__at">
          <Icon name="at" size={14} />
        </span>
      )}
      <Count count={unread} label={words.unreadCount(unread)} />
      {unread === 0 && unreadFrom !== null && (
        <span className="hp-conversation__dot">
          <VisuallyHidden>{words.markedUnread}</VisuallyHidden>
        </span>
      )}
    </>
  );
}
