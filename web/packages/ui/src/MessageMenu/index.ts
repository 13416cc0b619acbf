export { HoverBar, type HoverBarProps } from "./HoverBar.tsx";
export { MessageMenu, type MessageMenuProps } from "./MessageMenu.tsx";
export {
  QuickReactions,
  type QuickReactionsProps,
  quickReactions,
  type RenderEmojiPicker,
} from "./ReactionPicker.tsx";
