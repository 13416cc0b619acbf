import type { ComponentType } from "react";
import type { EmojiPickerProps } from "../EmojiPicker/EmojiPicker.tsx";
import type { MentionListProps } from "../MentionList/MentionList.tsx";

/** Slots of the composer. */
export interface ComposerSlots {
  EmojiPicker: ComponentType<EmojiPickerProps>;
  MentionList: ComponentType<MentionListProps>;
}
