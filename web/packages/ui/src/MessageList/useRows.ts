import type { Message } from "@hoopoe/sdk";
import {
  defaultRangeExtractor,
  type Range,
  type ReactVirtualizer,
  useVirtualizer,
} from "@tanstack/react-virtual";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Remembered } from "./memory.ts";
import { END_PX, estimateHeight, keepsAnchor } from "./scroll.ts";

/** Which rows are drawn, and where. */
export type Rows = ReactVirtualizer<HTMLDivElement, HTMLElement>;

/** Rows drawn beyond what is in view, on each side. */
const OVERSCAN = 8;
/** Space above the first and below the last row, in px. */
const EDGE_START_PX = 56;
const EDGE_END_PX = 12;
/** Room that is left above a row that is scrolled to: the day stands there. */
const HEAD_PX = 56;
const WIDTH_PX = 720;

interface RowsOptions {
  readonly items: readonly Message[];
  /** The end of `items` is the newest message. */
  readonly isLatest: boolean;
  readonly isGroup: boolean;
  readonly me: string | null;
  readonly remembered: Remembered | undefined;
}

/** What keeps rows mounted that are out of view: the focus, and the ends of a selection. */
export interface Pins {
  /** Indexes by what they are for. */
  readonly current: Map<string, number>;
}

/** The rows of a list, anchored at its end. */
export function useRows({ items, isLatest, isGroup, me, remembered }: RowsOptions) {
  const scroller = useRef<HTMLDivElement>(null);
  const pins = useRef(new Map<string, number>());
  // What is centred needs no room above it.
  const head = useRef(HEAD_PX);
  const width = useWidth(scroller);
  const estimate = useMemo(() => {
    const known = new WeakMap<Message, number>();
    const measures = { width, isGroup, me };
    return (message: Message, before?: Message, after?: Message) => {
      let height = known.get(message);
      if (height === undefined) {
        height = estimateHeight(message, before, after, measures);
        known.set(message, height);
      }
      return height;
    };
  }, [width, isGroup, me]);

  const getItemKey = useCallback((index: number) => items[index]?.key ?? index, [items]);
  const estimateSize = (index: number) => {
    const message = items[index];
    return message === undefined ? 0 : estimate(message, items[index - 1], items[index + 1]);
  };
  const rangeExtractor = useCallback((range: Range) => {
    const drawn = defaultRangeExtractor(range);
    const others = [...pins.current.values()].filter(
      (index) => index < range.count && !drawn.includes(index),
    );
    return others.length === 0 ? drawn : [...drawn, ...others].toSorted((a, b) => a - b);
  }, []);

  const rows: Rows = useVirtualizer<HTMLDivElement, HTMLElement>({
    count: items.length,
    getScrollElement: () => scroller.current,
    getItemKey,
    estimateSize,
    rangeExtractor,
    overscan: OVERSCAN,
    anchorTo: "end",
    // Where newer ones exist on the server, what is added below is no reason to move.
    followOnAppend: isLatest,
    scrollEndThreshold: END_PX,
    paddingStart: EDGE_START_PX,
    paddingEnd: EDGE_END_PX,
    scrollPaddingStart: head.current,
    scrollPaddingEnd: EDGE_END_PX,
    directDomUpdates: true,
    directDomUpdatesMode: "position",
    initialMeasurementsCache: remembered ? [...remembered.sizes] : undefined,
  });
  rows.shouldAdjustScrollPositionOnItemSizeChange = keepAnchor;
  const scrollToRow = useCallback(
    (index: number, align: "start" | "center" | "auto") => {
      head.current = align === "center" ? 0 : HEAD_PX;
      rows.options.scrollPaddingStart = head.current;
      rows.scrollToIndex(index, { align });
    },
    [rows],
  );
  return { scroller, rows, pins, scrollToRow };
}

/** Brings a row into view. */
export type ScrollToRow = (index: number, align: "start" | "center" | "auto") => void;

const keepAnchor: NonNullable<Rows["shouldAdjustScrollPositionOnItemSizeChange"]> = (
  row,
  _delta,
  rows,
) => keepsAnchor(row, !rows.itemSizeCache.has(row.key), rows.scrollOffset ?? 0);

/** The width of the list, in steps: heights are only estimated by it. */
function useWidth(scroller: { readonly current: HTMLDivElement | null }): number {
  const [width, setWidth] = useState(WIDTH_PX);
  useEffect(() => {
    const element = scroller.current;
    if (element === null || typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(() => {
      setWidth(Math.max(240, Math.round(element.clientWidth / 80) * 80));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [scroller]);
  return width;
}
