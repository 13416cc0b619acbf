/** Tells the server how far somebody has read: coalesced, and never what it knows already. */

import type { Conversation } from "@hoopoe/sdk";

/** So long it is waited for a newer message to be seen as well. */
const MARK_AFTER_MS = 250;

/** What has to be known of a conversation. */
export type ReadState = Pick<Conversation, "readSeq" | "unreadFrom">;

/** Whether seeing the message `seq` is news. */
export function isNews(seq: number, state: ReadState, told: number): boolean {
  if (seq <= told) return false;
  return seq > state.readSeq || (state.unreadFrom !== null && seq >= state.unreadFrom);
}

/** Collects what was seen. */
export interface ReadMarker {
  /** The newest message in view, while the page has the attention. */
  seen(seq: number, state: ReadState): void;
  /** Nothing is marked any more, as the user wants it unread. Ends with the list. */
  suspend(): void;
  /** Tells what waits, and ends. */
  close(): void;
}

/** @param mark tells the server; what fails is tried again with the next message that is seen. */
export function createReadMarker(mark: (seq: number) => Promise<unknown>): ReadMarker {
  let told = 0;
  let waiting = 0;
  let isSuspended = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting === 0) return;
    const seq = waiting;
    waiting = 0;
    told = Math.max(told, seq);
    mark(seq).catch(() => {
      if (told === seq) told = 0;
    });
  };
  return {
    seen(seq, state) {
      if (isSuspended || seq <= waiting || !isNews(seq, state, told)) return;
      waiting = seq;
      timer ??= setTimeout(flush, MARK_AFTER_MS);
    },
    suspend() {
      isSuspended = true;
      waiting = 0;
    },
    close() {
      flush();
    },
  };
}

/** Whether the page has the attention. */
export function isAttended(): boolean {
  return document.visibilityState === "visible" && document.hasFocus();
}
