import type { ComponentType } from "react";
import type { Composer } from "../Composer/Composer.tsx";
import type { EmojiPickerProps } from "../EmojiPicker/EmojiPicker.tsx";
import type { MentionListProps } from "../MentionList/MentionList.tsx";

/** Slots of the composer. */
export interface ComposerSlots {
  Composer: typeof Composer;
  EmojiPicker: ComponentType<EmojiPickerProps>;
  MentionList: ComponentType<MentionListProps>;
}
