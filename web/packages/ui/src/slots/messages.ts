/** Slots of the message list. */
export type MessageSlots = Record<never, never>;
