import type { ComponentType } from "react";
import type { MarkdownProps } from "../Markdown/Markdown.tsx";
import type { MessageProps } from "../Message/Message.tsx";
import type { DayLineProps } from "../MessageList/Row.tsx";
import type { HoverBarProps } from "../MessageMenu/HoverBar.tsx";
import type { MessageMenuProps } from "../MessageMenu/MessageMenu.tsx";
import type { QuoteProps } from "../Quote/Quote.tsx";
import type { ReactionsProps } from "../Reactions/Reactions.tsx";
import type { SelectionBarProps } from "../Selection/SelectionBar.tsx";

/** Slots of the message list. */
export interface MessageSlots {
  /** The day, between two messages and above the list. */
  DayLine: ComponentType<DayLineProps>;
  /** What can be done with the message that is pointed at. */
  HoverBar: ComponentType<HoverBarProps>;
  /** The text of a message. */
  Markdown: ComponentType<MarkdownProps>;
  /** A whole message, without the row that places it. */
  Message: ComponentType<MessageProps>;
  /** All that can be done with a message. */
  MessageMenu: ComponentType<MessageMenuProps>;
  /** The message that one answers. */
  Quote: ComponentType<QuoteProps>;
  Reactions: ComponentType<ReactionsProps>;
  /** What can be done with the selected messages. */
  SelectionBar: ComponentType<SelectionBarProps>;
}
