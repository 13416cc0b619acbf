import type { Conversation } from "@hoopoe/sdk";
import { Avatar } from "../Avatar/Avatar.tsx";
import { useConversationTitle, usePresence, useUser } from "../hooks/client.ts";
import { useSlot } from "../slots/slots.ts";

/** What {@link ConversationAvatar} takes. */
export interface ConversationAvatarProps {
  readonly conversation: Conversation;
  /** Edge in px; 40 when left out. */
  readonly size?: number;
  /** Whether the dot of the other person is drawn; `true` when left out. */
  readonly presence?: boolean;
}

/** A group's picture, or the other person's with the dot of who is there. */
export function ConversationAvatar(props: ConversationAvatarProps) {
  const { conversation, size = 40, presence = true } = props;
  const SlotAvatar = useSlot("Avatar", Avatar);
  const title = useConversationTitle(conversation);
  const peer = conversation.kind === "direct" ? conversation.peer : null;
  const user = useUser(peer);
  const status = usePresence(presence ? peer : null)?.status;
  if (conversation.kind === "direct") {
    const id = peer ?? conversation.id;
    return (
      <SlotAvatar
        id={id}
        name={title}
        url={user?.avatarUrl}
        size={size}
        presence={status ?? null}
      />
    );
  }
  return (
    <SlotAvatar id={conversation.id} name={title} url={conversation.avatarUrl} size={size} group />
  );
}
