import type { Virtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type RefObject, useLayoutEffect, useRef, useState } from "react";

/** Rows that a list steps by for a page. */
const PAGE = 10;

/** What {@link useRovingRows} works with. */
interface Rows {
  readonly ids: readonly string[];
  /** The row that Tab reaches before the user has moved. */
  readonly first: string | null;
  readonly list: RefObject<HTMLElement | null>;
  readonly virtualizer: Virtualizer<HTMLDivElement, Element>;
}

/**
 * One stop for Tab in a list of rows of which only some are drawn: arrows, Page keys, Home and End
 * move the focus, and a row that is not there yet gets it as soon as it is.
 */
export function useRovingRows({ ids, first, list, virtualizer }: Rows) {
  const [current, setCurrent] = useState<string | null>(null);
  const wanted = useRef<string | null>(null);
  const has = (id: string | null) => id !== null && ids.includes(id);
  const active = has(current) ? current : has(first) ? first : (ids[0] ?? null);

  const rowOf = (id: string) =>
    list.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"] button`);
  useLayoutEffect(() => {
    const row = wanted.current === null ? null : rowOf(wanted.current);
    if (!row) return;
    wanted.current = null;
    row.focus({ preventScroll: true });
  });

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey || ids.length === 0) return;
    const at = active === null ? 0 : ids.indexOf(active);
    const moves: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + PAGE,
      PageUp: at - PAGE,
      Home: 0,
      End: ids.length - 1,
    };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    const index = Math.min(ids.length - 1, Math.max(0, move));
    const id = ids[index] ?? null;
    wanted.current = id;
    setCurrent(id);
    virtualizer.scrollToIndex(index, { align: "auto" });
    if (id !== null) rowOf(id)?.focus({ preventScroll: true });
  };
  return { active, setCurrent, onKeyDown };
}
