import type { ComponentType } from "react";
import type { MessageProps } from "../Message/Message.tsx";
import type { QuoteProps } from "../Quote/Quote.tsx";
import type { ReactionsProps } from "../Reactions/Reactions.tsx";

/** Slots of the message list. */
export interface MessageSlots {
  /** A whole message, without the row that places it. */
  Message: ComponentType<MessageProps>;
  Quote: ComponentType<QuoteProps>;
  Reactions: ComponentType<ReactionsProps>;
}
