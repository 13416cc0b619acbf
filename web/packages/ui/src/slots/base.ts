import type { ComponentType } from "react";
import type { AvatarProps } from "../Avatar/Avatar.tsx";
import type { ConversationItemProps } from "../ConversationList/ConversationItem.tsx";
import type { EmptyStateProps } from "../EmptyState/EmptyState.tsx";

/** Slots of lists, people and everywhere. */
export interface BaseSlots {
  Avatar: ComponentType<AvatarProps>;
  ConversationItem: ComponentType<ConversationItemProps>;
  EmptyState: ComponentType<EmptyStateProps>;
}
