import type { ComponentType } from "react";
import type { AvatarProps } from "../Avatar/Avatar.tsx";
import type { BadgeProps } from "../Badge/Badge.tsx";
import type { ConversationAvatarProps } from "../ConversationAvatar/ConversationAvatar.tsx";
import type { ConversationItemProps } from "../ConversationList/ConversationItem.tsx";
import type { ConversationPreviewProps } from "../ConversationList/ConversationPreview.tsx";
import type { EmptyStateProps } from "../EmptyState/EmptyState.tsx";
import type { PresenceDotProps } from "../PresenceDot/PresenceDot.tsx";
import type { UserRowProps } from "../UserRow/UserRow.tsx";

/** Slots of lists, people and everywhere. */
export interface BaseSlots {
  /** A person's or a group's picture, wherever there is one. */
  Avatar: ComponentType<AvatarProps>;
  /** How many there are: unread, in a tab. */
  Badge: ComponentType<BadgeProps>;
  /** The picture of a conversation, which is an `Avatar` with what it shows. */
  ConversationAvatar: ComponentType<ConversationAvatarProps>;
  /** A whole line of the list of conversations. */
  ConversationItem: ComponentType<ConversationItemProps>;
  /** What such a line says under the title. */
  ConversationPreview: ComponentType<ConversationPreviewProps>;
  /** What stands where there is nothing to show. */
  EmptyState: ComponentType<EmptyStateProps>;
  /** At an `Avatar`: somebody is there. */
  PresenceDot: ComponentType<PresenceDotProps>;
  /** Somebody among members, found people and readers. */
  UserRow: ComponentType<UserRowProps>;
}
