import type { Content, Message, MessageVersion, Observable, Page, Reaction } from "@hoopoe/sdk";
import type { MessageAction } from "./actions.ts";

/** Where something that floats is put: beside an element, or at a point of the window in px. */
export type Spot = { readonly anchor: Element } | { readonly point: { x: number; y: number } };

/**
 * What a message can have done. The same object for the life of a list, so that a message is drawn
 * anew only when it is another.
 */
export interface MessageCommands {
  /** What may be done with it now. */
  allowed(message: Message): readonly MessageAction[];
  run(action: MessageAction, message: Message, spot: Spot): void;
  /** Opens the menu. */
  menu(message: Message, spot: Spot): void;
  /** Adds the user's reaction, or takes it away. */
  react(message: Message, emoji: string): void;
  /** Goes to a message that was quoted. */
  jump(seq: number): void;
  /** Puts a recalled message back into the composer; absent where there is none. */
  reedit?: (content: Content) => void;
  openUser?: (user: string) => void;
  showReceipts?: (seq: number) => void;
  toggle(message: Message, range: boolean): void;
  quoted(seq: number): Observable<Message | null | undefined>;
  versions(seq: number, cursor?: string): Promise<Page<MessageVersion>>;
  reactors(seq: number, cursor?: string): Promise<Page<Reaction>>;
}
