import "./MessageList.css";
import type { ConversationId } from "@hoopoe/sdk";
import { type Ref, useLayoutEffect, useState } from "react";
import { useClient, useConversation, useValue } from "../hooks/index.ts";
import type { RenderEmojiPicker } from "../MessageMenu/ReactionPicker.tsx";
import { List, type MessageListHandle } from "./List.tsx";
import { Empty, Failed, Loading } from "./States.tsx";
import type { MessageListCallbacks } from "./useCommands.ts";

export type { MessageListHandle } from "./List.tsx";
export type { MessageListCallbacks } from "./useCommands.ts";

/** What {@link MessageList} takes. What is left out is not offered to the reader. */
export interface MessageListProps extends MessageListCallbacks {
  readonly conversation: ConversationId;
  /** Draws all emoji, for reactions beyond the usual six. */
  readonly renderEmojiPicker?: RenderEmojiPicker;
  /** Called with the number of selected messages; `null` when nothing is being selected. */
  readonly onSelection?: (count: number | null) => void;
  readonly ref?: Ref<MessageListHandle>;
}

/**
 * The messages of a conversation. It opens the conversation as long as it stands, begins where
 * reading stopped or where it was left, follows the end while it is there, and marks as read what
 * is seen.
 */
export function MessageList(props: MessageListProps) {
  // Another conversation is another list: nothing of the one before is left in it.
  return (
    <div className="hp-list">
      <Opened key={props.conversation} {...props} />
    </div>
  );
}

function Opened(props: MessageListProps) {
  const { renderEmojiPicker, onSelection, ref, conversation, ...callbacks } = props;
  const client = useClient();
  const handle = useConversation(conversation);
  const state = useValue(handle.state);
  const timeline = useValue(handle.timeline);
  // Opening says where unread begins, which is where the list begins: it is drawn after that.
  const [isOpen, setOpen] = useState(false);
  useLayoutEffect(() => {
    handle.open();
    setOpen(true);
    return () => handle.close();
  }, [handle]);
  if (!isOpen) return null;
  if (timeline.items.length > 0) {
    return (
      <List
        // What waits to be sent may be there before what was said; where reading stopped is only
        // known then.
        key={timeline.items[0]?.seq == null ? "waiting" : "loaded"}
        client={client}
        handle={handle}
        state={state}
        timeline={timeline}
        callbacks={callbacks}
        renderEmojiPicker={renderEmojiPicker}
        onSelection={onSelection}
        ref={ref}
      />
    );
  }
  const isMore = timeline.hasBefore || timeline.hasAfter;
  if (timeline.failure !== null && timeline.loading === "none") {
    // What fails again stands in the timeline again.
    const retry = () => handle.jumpToLatest().catch(() => {});
    return <Failed failure={timeline.failure} onRetry={retry} />;
  }
  // Where there is more, what is loaded is all hidden, and the next is on its way.
  return timeline.loading !== "none" || isMore ? <Loading /> : <Empty />;
}
