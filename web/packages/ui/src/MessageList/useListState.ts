import type { Message } from "@hoopoe/sdk";
import { useCallback, useMemo, useState } from "react";
import type { Spot } from "../Message/commands.ts";
import { begin, isSelectable, press, type Selected } from "../Selection/selection.ts";
import type { ListCommands } from "./useCommands.ts";

/** Something that is asked before it is done. */
export interface Question {
  readonly action: "recall" | "deleteForMe" | "deleteForAll";
  readonly messages: readonly Message[];
}

/** What floats above the list: a menu, all emoji, a question. */
export interface Floats {
  readonly menu: { readonly message: Message; readonly spot: Spot } | null;
  readonly picker: { readonly message: Message; readonly spot: Spot } | null;
  readonly question: Question | null;
}

const NOTHING: Floats = { menu: null, picker: null, question: null };

/** What the reader is about to do in a list, and which messages are selected. */
export function useListState(items: readonly Message[], suspendReading: () => void) {
  const [floats, setFloats] = useState<Floats>(NOTHING);
  const [selected, setSelected] = useState<Selected | null>(null);
  // Each closes itself only: a menu that goes hears of the focus that a question takes after it.
  const close = useCallback(
    (what: keyof Floats) =>
      setFloats((now) => (now[what] === null ? now : { ...now, [what]: null })),
    [],
  );
  const ask = useCallback((question: Question) => setFloats({ ...NOTHING, question }), []);
  const cancel = useCallback(() => setSelected(null), []);
  const list = useMemo<ListCommands>(
    () => ({
      menu: (message, spot) => setFloats({ ...NOTHING, menu: { message, spot } }),
      pick: (message, spot) => setFloats({ ...NOTHING, picker: { message, spot } }),
      confirm: (action, message) => ask({ action, messages: [message] }),
      select: (message) => setSelected(begin(message.key)),
      toggle(message, range) {
        if (!isSelectable(message)) return;
        setSelected((before) => before && press(before, items, message.key, range));
      },
      suspendReading,
    }),
    [items, ask, suspendReading],
  );
  return { floats, selected, close, ask, cancel, list };
}
