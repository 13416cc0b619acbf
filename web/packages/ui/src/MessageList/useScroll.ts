import type { Client, Conversation, ConversationHandle, Timeline } from "@hoopoe/sdk";
import {
  type RefObject,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import type { SameDay } from "../Message/layout.ts";
import { type Remembered, recallPlace, rememberPlace, takeJump } from "./memory.ts";
import { createReadMarker, isAttended } from "./readMarker.ts";
import {
  countNew,
  dayAtTop,
  edgesToLoad,
  indexOfSeq,
  isElsewhere,
  isNearEnd,
  newestSeq,
  newestVisible,
  openingOf,
} from "./scroll.ts";
import type { Rows, ScrollToRow } from "./useRows.ts";

/** How long a message that was jumped to stands out. */
const HIGHLIGHT_MS = 2000;

/** What scrolling is about. */
export interface ScrollSubject {
  readonly client: Client;
  readonly handle: ConversationHandle;
  readonly state: Conversation | null | undefined;
  readonly timeline: Timeline;
  readonly me: string | null;
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly rows: Rows;
  readonly scrollToRow: ScrollToRow;
  readonly remembered: Remembered | undefined;
  readonly sameDay: SameDay;
}

/** What is in view. */
interface View {
  readonly isAtEnd: boolean;
  /** The time of the first message in view; `null` where the line of its day is in view. */
  readonly dayAt: number | null;
}

/** Opens, follows, loads, marks as read: everything that comes from where the list stands. */
export function useScroll(subject: ScrollSubject) {
  const { handle, timeline, me, scroller, rows, state } = subject;
  const latest = useRef(subject);
  useLayoutEffect(() => {
    latest.current = subject;
  });
  const [view, setView] = useState<View>({ isAtEnd: true, dayAt: null });
  // What the reader has seen, by number. Begins where reading stopped.
  const seen = useRef(state?.readSeq ?? 0);
  const isAtEndNow = useRef(false);
  const marker = useMemo(() => createReadMarker((seq) => handle.markRead(seq)), [handle]);

  const look = useCallback(() => {
    const now = latest.current;
    const { items } = now.timeline;
    const offset = now.rows.scrollOffset ?? 0;
    const height = scroller.current?.clientHeight ?? 0;
    if (height === 0 || items.length === 0) return;
    const drawn = now.rows.getVirtualItems();
    const last = newestVisible(drawn, offset, height);
    const isAtEnd = !now.timeline.hasAfter && isNearEnd(offset, height, now.rows.getTotalSize());
    const newest = newestSeq(items, isAtEnd ? items.length - 1 : last);
    if (isAttended() && now.state) {
      seen.current = Math.max(seen.current, newest);
      marker.seen(newest, now.state);
    }
    isAtEndNow.current = isAtEnd;
    loadEdges(now, drawn[0]?.index ?? 0, drawn.at(-1)?.index ?? 0);
    const dayAt = dayAtTop(drawn, items, offset, now.sameDay);
    setView((before) =>
      before.isAtEnd === isAtEnd && before.dayAt === dayAt ? before : { isAtEnd, dayAt },
    );
  }, [marker, scroller]);

  useLook(scroller, look);
  useHeight(scroller, rows, isAtEndNow);
  // Whatever is drawn anew may have moved what is in view.
  useEffect(look);
  useOpening(subject);
  const highlighted = useJumps(subject);
  useOwnMessages(subject);
  useEffect(() => () => marker.close(), [marker]);

  const newBelow = view.isAtEnd
    ? 0
    : timeline.hasAfter
      ? Math.max(0, (state?.headSeq ?? 0) - seen.current)
      : countNew(timeline.items, seen.current, me);
  const toLatest = useCallback(() => {
    if (latest.current.timeline.hasAfter) {
      wantsEnd.add(handle);
      handle.jumpToLatest().catch(() => wantsEnd.delete(handle));
    } else rows.scrollToEnd();
  }, [handle, rows]);
  useEffect(() => {
    if (timeline.hasAfter || timeline.loading !== "none" || !wantsEnd.delete(handle)) return;
    rows.scrollToEnd();
  }, [timeline, handle, rows]);

  return { view, newBelow, highlighted, toLatest, suspendReading: marker.suspend };
}

/** Lists that go to the end as soon as it is loaded. */
const wantsEnd = new WeakSet<ConversationHandle>();

function loadEdges({ handle, timeline }: ScrollSubject, first: number, last: number) {
  const edges = edgesToLoad({ first, last }, timeline);
  // What fails stands in the timeline.
  if (edges.before) handle.loadBefore().catch(() => {});
  else if (edges.after) handle.loadAfter().catch(() => {});
}

/** Calls `look` once for each frame in which something scrolled, and when the page gets attention. */
function useLook(scroller: RefObject<HTMLDivElement | null>, look: () => void) {
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    let frame = 0;
    const soon = () => {
      if (frame !== 0) return;
      frame = requestAnimationFrame(() => {
        frame = 0;
        look();
      });
    };
    element.addEventListener("scroll", soon, { passive: true });
    window.addEventListener("focus", soon);
    document.addEventListener("visibilitychange", soon);
    return () => {
      cancelAnimationFrame(frame);
      element.removeEventListener("scroll", soon);
      window.removeEventListener("focus", soon);
      document.removeEventListener("visibilitychange", soon);
    };
  }, [scroller, look]);
}

/** A list at its end stays there when it gets smaller: a composer grows, a keyboard opens. */
function useHeight(
  scroller: RefObject<HTMLDivElement | null>,
  rows: Rows,
  isAtEnd: { readonly current: boolean },
) {
  useEffect(() => {
    const element = scroller.current;
    if (element === null || typeof ResizeObserver === "undefined") return;
    let height = element.clientHeight;
    const observer = new ResizeObserver(() => {
      if (element.clientHeight === height) return;
      height = element.clientHeight;
      if (isAtEnd.current) rows.scrollToEnd();
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [scroller, rows, isAtEnd]);
}

/** Opens where reading stopped, and remembers where the list was left. */
function useOpening(subject: ScrollSubject) {
  const { client, handle, rows, remembered, scrollToRow } = subject;
  const latest = useRef(subject);
  const isOpened = useRef(false);
  useLayoutEffect(() => {
    latest.current = subject;
  });
  useLayoutEffect(() => {
    if (isOpened.current) return;
    isOpened.current = true;
    const { items, unreadSince } = latest.current.timeline;
    const opening = openingOf(items, unreadSince, remembered?.place);
    if (opening.at === "end") rows.scrollToEnd();
    else if (opening.at === "unread") scrollToRow(opening.index, "start");
    else {
      const start = rows.measurementsCache[opening.index]?.start ?? 0;
      rows.scrollToOffset(start + opening.offset);
    }
    return () => {
      isOpened.current = false;
    };
  }, [rows, remembered, scrollToRow]);
  useOtherStretch(subject);
  useLayoutEffect(
    () => () => {
      const { timeline } = latest.current;
      const offset = rows.scrollOffset ?? 0;
      const row = rows.getVirtualItems().find((one) => one.end > offset);
      const message = row && timeline.items[row.index];
      if (row === undefined || message === undefined) return;
      rememberPlace(client, handle.id, {
        place: {
          key: message.key,
          offset: offset - row.start,
          isAtEnd: !timeline.hasAfter && rows.isAtEnd(),
        },
        sizes: rows.takeSnapshot(),
      });
    },
    [client, handle, rows],
  );
}

/**
 * Messages that have nothing in common with those before come where nobody asked for others: the
 * conversation has moved on while this device was away. It opens anew with them.
 */
function useOtherStretch({ handle, timeline, rows, scrollToRow }: ScrollSubject) {
  const { items, unreadSince, focus } = timeline;
  const shown = useRef({ items, focus });
  useLayoutEffect(() => {
    const before = shown.current;
    shown.current = { items, focus };
    if (before.items === items || before.focus !== focus || wantsEnd.has(handle)) return;
    if (!isElsewhere(before.items, items)) return;
    const opening = openingOf(items, unreadSince, undefined);
    if (opening.at === "unread") scrollToRow(opening.index, "start");
    else rows.scrollToEnd();
  }, [handle, items, unreadSince, focus, rows, scrollToRow]);
}

/** Goes to what was jumped to, in the middle of the view, and lets it stand out for a while. */
function useJumps({ client, handle, timeline, scrollToRow }: ScrollSubject): string | null {
  const [highlighted, setHighlighted] = useState<{ key: string; nonce: number } | null>(null);
  const { focus, items, loading } = timeline;
  useLayoutEffect(() => {
    if (focus === null || loading === "jump") return;
    const index = indexOfSeq(items, focus.seq);
    const message = items[index];
    if (message === undefined || !takeJump(client, handle.id, focus.nonce)) return;
    scrollToRow(index, "center");
    setHighlighted({ key: message.key, nonce: focus.nonce });
  }, [client, handle, focus, items, loading, scrollToRow]);
  useEffect(() => {
    if (highlighted === null) return;
    const timer = setTimeout(() => setHighlighted(null), HIGHLIGHT_MS);
    return () => clearTimeout(timer);
  }, [highlighted]);
  return highlighted?.key ?? null;
}

/** Whoever sends something wants to see it, wherever they were reading. */
function useOwnMessages({ handle, timeline, me, rows }: ScrollSubject) {
  const last = timeline.items.at(-1);
  const known = useRef(last?.key);
  useLayoutEffect(() => {
    if (last?.key === known.current) return;
    known.current = last?.key;
    if (last === undefined || last.seq !== null || last.sender !== me) return;
    if (timeline.hasAfter) {
      wantsEnd.add(handle);
      handle.jumpToLatest().catch(() => wantsEnd.delete(handle));
    } else rows.scrollToEnd();
  }, [last, timeline.hasAfter, me, handle, rows]);
}

/** How a conversation was left in this client. */
export function useRemembered(client: Client, id: string): Remembered | undefined {
  return useMemo(() => recallPlace(client, id), [client, id]);
}
