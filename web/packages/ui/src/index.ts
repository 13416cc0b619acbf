export { Avatar, type AvatarProps } from "./Avatar/Avatar.tsx";
export { Badge, type BadgeProps } from "./Badge/Badge.tsx";
export { Button, type ButtonProps } from "./Button/Button.tsx";
export { ConfirmDialog, type ConfirmDialogProps } from "./ConfirmDialog/ConfirmDialog.tsx";
export { ConnectionBanner } from "./ConnectionBanner/ConnectionBanner.tsx";
export {
  ConversationAvatar,
  type ConversationAvatarProps,
} from "./ConversationAvatar/ConversationAvatar.tsx";
export {
  ConversationHeader,
  type ConversationHeaderProps,
} from "./ConversationHeader/ConversationHeader.tsx";
export {
  ConversationList,
  type ConversationListProps,
} from "./ConversationList/ConversationList.tsx";
export * from "./composer.ts";
export { Dialog, type DialogProps } from "./Dialog/Dialog.tsx";
export { EmptyState, type EmptyStateProps } from "./EmptyState/EmptyState.tsx";
export { GroupSettings, type GroupSettingsProps } from "./GroupSettings/GroupSettings.tsx";
export {
  HoopoeProvider,
  type HoopoeProviderProps,
  type Theme,
} from "./HoopoeProvider/HoopoeProvider.tsx";
export { Portal } from "./HoopoeProvider/portal.ts";
export * from "./hooks/index.ts";
export { Icon, type IconName, type IconProps } from "./Icon/Icon.tsx";
export { IconButton, type IconButtonProps } from "./IconButton/IconButton.tsx";
export { type Format, useFormat } from "./i18n/format.ts";
export { type Forms, plural } from "./i18n/plural.ts";
export { WordsProvider, type WordsProviderProps } from "./i18n/WordsProvider.tsx";
export { type Locale, type Messages, preferredLocale, useWords, wordsOf } from "./i18n/words.ts";
export {
  type LocaleChoice,
  LocaleSelect,
  type LocaleSelectProps,
} from "./LocaleSelect/LocaleSelect.tsx";
export {
  isEmojiOnly,
  Markdown,
  type MarkdownProps,
  type Mentionable,
  plainText,
} from "./Markdown/index.ts";
export { MemberList, type MemberListProps } from "./MemberList/MemberList.tsx";
export { Menu, type MenuItem, type MenuProps } from "./Menu/Menu.tsx";
export {
  type Asker,
  actionsFor,
  Message,
  type MessageAction,
  type MessageCommands,
  type MessageProps,
  Progress,
  type ProgressName,
  type ProgressProps,
  type Spot,
} from "./Message/index.ts";
export {
  MessageList,
  type MessageListCallbacks,
  type MessageListHandle,
  type MessageListProps,
} from "./MessageList/index.ts";
export {
  HoverBar,
  type HoverBarProps,
  MessageMenu,
  type MessageMenuProps,
  QuickReactions,
  type QuickReactionsProps,
  quickReactions,
  type RenderEmojiPicker,
} from "./MessageMenu/index.ts";
export {
  NewConversationDialog,
  type NewConversationDialogProps,
} from "./NewConversationDialog/NewConversationDialog.tsx";
export { type Anchor, Popover, type PopoverProps } from "./Popover/Popover.tsx";
export { PresenceDot, type PresenceDotProps } from "./PresenceDot/PresenceDot.tsx";
export { ProfileCard, type ProfileCardProps } from "./ProfileCard/ProfileCard.tsx";
export { Quote, type QuoteProps } from "./Quote/index.ts";
export { Reactions, type ReactionsProps } from "./Reactions/index.ts";
export { ReceiptsDialog, type ReceiptsDialogProps } from "./ReceiptsDialog/ReceiptsDialog.tsx";
export { Select, type SelectProps } from "./Select/Select.tsx";
export { SelectionBar, type SelectionBarProps } from "./Selection/index.ts";
export { Skeleton, type SkeletonProps } from "./Skeleton/Skeleton.tsx";
export { Spinner, type SpinnerProps } from "./Spinner/Spinner.tsx";
export { Switch, type SwitchProps } from "./Switch/Switch.tsx";
export { type Slots, SlotsContext, useSlot } from "./slots/slots.ts";
export { type Tab, Tabs, type TabsProps } from "./Tabs/Tabs.tsx";
export { TextField, type TextFieldProps } from "./TextField/TextField.tsx";
export { ThemeSelect, type ThemeSelectProps } from "./ThemeSelect/ThemeSelect.tsx";
export { Toasts } from "./Toasts/Toasts.tsx";
export { dismissToast, type ToastOptions, toast } from "./Toasts/toast.ts";
export { Tooltip, type TooltipProps } from "./Tooltip/Tooltip.tsx";
export { TypingLine, type TypingLineProps } from "./TypingLine/index.ts";
export { UserPicker, type UserPickerProps } from "./UserPicker/UserPicker.tsx";
export { UserRow, type UserRowProps } from "./UserRow/UserRow.tsx";
export { cx } from "./util/cx.ts";
export { hueOf, initialsOf } from "./util/initials.ts";
export { VisuallyHidden } from "./VisuallyHidden/VisuallyHidden.tsx";
