import { createContext, useContext } from "react";
import type { BaseSlots } from "./base.ts";
import type { ComposerSlots } from "./composer.ts";
import type { MessageSlots } from "./messages.ts";

/** The parts that an app may replace by its own, and what they are given. */
export interface Slots extends BaseSlots, MessageSlots, ComposerSlots {}

export const SlotsContext = createContext<Partial<Slots>>({});

/** The app's own part of this name, or else the kit's. */
export function useSlot<K extends keyof Slots>(name: K, fallback: Slots[K]): Slots[K] {
  const own: Slots[K] | undefined = useContext(SlotsContext)[name];
  return own ?? fallback;
}
