/** What the kit exports of writing and finding. */

export { TEXT_BYTES_MAX, utf8Bytes } from "./Composer/bytes.ts";
export { Composer, type ComposerProps } from "./Composer/Composer.tsx";
export {
  type ComposerCommand,
  type ComposerControl,
  type ComposerState,
  composerOf,
} from "./Composer/control.ts";
export { isMac, isTouch } from "./Composer/device.ts";
export type { SendKey } from "./Composer/useComposerKeys.ts";
export { EmojiPicker, type EmojiPickerProps, preloadEmoji } from "./EmojiPicker/EmojiPicker.tsx";
export { noteEmoji, quickEmoji } from "./EmojiPicker/recent.ts";
export { MentionList, type MentionListProps } from "./MentionList/MentionList.tsx";
export { ShortcutSheet, type ShortcutSheetProps } from "./ShortcutSheet/ShortcutSheet.tsx";
export { type Keys, SHORTCUTS, type Shortcut, shortcutText } from "./ShortcutSheet/shortcuts.ts";
export { Switcher, type SwitcherProps } from "./Switcher/Switcher.tsx";
