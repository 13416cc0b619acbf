import "./ConversationHeader.css";
import type { Conversation, ConversationId } from "@hoopoe/sdk";
import { ConversationAvatar } from "../ConversationAvatar/ConversationAvatar.tsx";
import { useConversationState, useConversationTitle, usePresence } from "../hooks/client.ts";
import { useNow } from "../hooks/useNow.ts";
import { IconButton } from "../IconButton/IconButton.tsx";
import { useFormat } from "../i18n/format.ts";
import { useWords } from "../i18n/words.ts";
import { Skeleton } from "../Skeleton/Skeleton.tsx";
import { useSlot } from "../slots/slots.ts";

/** What {@link ConversationHeader} takes. */
export interface ConversationHeaderProps {
  readonly conversation: ConversationId;
  /** Back to the list, where there is room for one pane only. */
  readonly onBack?: () => void;
  /** Shows who and what it is. */
  readonly onOpenDetails?: () => void;
  /** The details are open. */
  readonly detailsOpen?: boolean;
}

const MINUTE_MS = 60_000;

/** Above the messages: with whom, and whether they are there. */
export function ConversationHeader(props: ConversationHeaderProps) {
  const { conversation: id, onBack, onOpenDetails, detailsOpen } = props;
  const words = useWords();
  const conversation = useConversationState(id);
  return (
    <header className="hp-header">
      {onBack && <IconButton icon="arrow-left" label={words.common.back} onClick={onBack} />}
      {conversation ? <Title conversation={conversation} /> : <Loading />}
      {onOpenDetails && (
        <IconButton
          icon="sidebar"
          label={words.conversations.openDetails}
          pressed={detailsOpen}
          onClick={onOpenDetails}
        />
      )}
    </header>
  );
}

function Title({ conversation }: { readonly conversation: Conversation }) {
  const Picture = useSlot("ConversationAvatar", ConversationAvatar);
  const title = useConversationTitle(conversation);
  return (
    <div className="hp-header__who">
      <Picture conversation={conversation} size={36} />
      <div className="hp-header__text">
        <h2 className="hp-header__title">{title}</h2>
        <p className="hp-header__note">
          {conversation.kind === "group" ? (
            <Members count={conversation.memberCount} />
          ) : (
            <LastSeen user={conversation.peer} />
          )}
        </p>
      </div>
    </div>
  );
}

function Members({ count }: { readonly count: number }) {
  return useWords().people.memberCount(count);
}

function LastSeen({ user }: { readonly user: string | null }) {
  const words = useWords().people;
  const format = useFormat();
  const presence = usePresence(user);
  useNow(presence?.status === "offline" ? MINUTE_MS : null);
  // Takes its line before anything is known, so that the title does not move.
  if (presence === null) return "\u00a0";
  if (presence.status === "online") return words.online;
  return presence.lastSeenAt === null
    ? words.offline
    : words.lastSeen(format.relative(presence.lastSeenAt));
}

function Loading() {
  return (
    <div className="hp-header__who" aria-hidden="true">
      <Skeleton width={36} height={36} round />
      <div className="hp-header__text">
        <Skeleton width={140} />
        <Skeleton width={80} height={12} />
      </div>
    </div>
  );
}
