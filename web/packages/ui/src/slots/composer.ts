/** Slots of the composer. */
export type ComposerSlots = Record<never, never>;
