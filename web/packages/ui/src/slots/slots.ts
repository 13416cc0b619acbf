import { createContext, useContext } from "react";
import type { BaseSlots } from "./base.ts";
import type { ComposerSlots } from "./composer.ts";
import type { MessageSlots } from "./messages.ts";

/** The parts that an app may replace by its own, and what they are given. */
export interface Slots extends BaseSlots, MessageSlots, ComposerSlots {}

export const SlotsContext = createContext<Partial<Slots>>({});

/** The app's own part of this name, or else the kit's. */
export function useSlot<K extends keyof Slots>(name: K, fallback: Slots[K]): Slots[K] {
  // As if all were there: with each of them optional, TypeScript finds the union too complex.
  const slots = useContext(SlotsContext) as Slots;
  const own: Slots[K] | undefined = slots[name];
  return own === undefined ? fallback : own;
}
