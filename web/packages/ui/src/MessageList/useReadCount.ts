import type { Conversation, ConversationHandle, Message, ReceiptMarks } from "@hoopoe/sdk";
import { useEffect, useMemo, useState } from "react";

/** Marks may come from many people at once; they are waited for. */
const ASK_AFTER_MS = 400;

/** How many have read the newest own message of a group, and which that is. */
export interface ReadCount {
  readonly key: string | null;
  readonly count: number | null;
}

/** Asks how many have read the newest own message of a group, whenever somebody has read on. */
export function useReadCount(
  handle: ConversationHandle,
  state: Conversation | null | undefined,
  items: readonly Message[],
  me: string | null,
  marks: ReceiptMarks,
): ReadCount {
  const isGroup = state?.kind === "group";
  const newest = useMemo(
    () =>
      isGroup && me !== null
        ? items.findLast((one) => one.sender === me && one.seq !== null && !one.deleted)
        : undefined,
    [items, me, isGroup],
  );
  const seq = newest?.seq ?? null;
  const [answer, setAnswer] = useState<{ seq: number; count: number } | null>(null);
  useEffect(() => {
    if (seq === null || marks.readSeq < seq) return;
    let isWanted = true;
    const timer = setTimeout(() => {
      handle.receiptsOf(seq, { state: "read" }).then(
        (page) => {
          if (isWanted) setAnswer({ seq, count: page.readCount });
        },
        // Without an answer there is no number; the menu leads to the lists.
        () => {},
      );
    }, ASK_AFTER_MS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [handle, seq, marks]);
  return {
    key: newest?.key ?? null,
    count: answer !== null && answer.seq === seq ? answer.count : null,
  };
}
