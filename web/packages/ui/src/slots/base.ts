import type { ComponentType } from "react";
import type { AvatarProps } from "../Avatar/Avatar.tsx";
import type { EmptyStateProps } from "../EmptyState/EmptyState.tsx";
import type { IconProps } from "../Icon/Icon.tsx";

/** Slots of lists, people and everywhere. */
export interface BaseSlots {
  Avatar: ComponentType<AvatarProps>;
  EmptyState: ComponentType<EmptyStateProps>;
  Icon: ComponentType<IconProps>;
}
