import type { ConversationHandle, Draft, UserId } from "@hoopoe/sdk";
import { useCallback, useEffect, useRef } from "react";
import { useValue } from "../hooks/index.ts";

/** So long after the last key, a draft is kept. */
const SAVE_AFTER_MS = 400;

/** What a draft holds. */
export type DraftContent = Omit<Draft, "updatedAt">;

/** Keeping and getting back what was begun. */
export interface DraftKeeper {
  /** The text, or the quote, has changed: it will be kept soon. */
  changed(): void;
  /** Keeps it now. */
  flush(): void;
  /** It was sent: nothing is kept. */
  clear(): void;
}

/** What the keeper asks of the composer. */
export interface DraftSource {
  read(): DraftContent;
  /** Shows a draft of earlier, or of another tab. */
  show(draft: DraftContent): void;
  /** Now: in milliseconds since 1970. */
  now(): number;
}

const EMPTY: DraftContent = { text: "", mentions: [], replyTo: null };

const sameUsers = (a: readonly UserId[], b: readonly UserId[]): boolean =>
  a.length === b.length && a.every((user, index) => user === b[index]);

const same = (a: DraftContent, b: DraftContent): boolean =>
  a.text === b.text && a.replyTo === b.replyTo && sameUsers(a.mentions, b.mentions);

/**
 * Shows the draft of a conversation when it is opened, and keeps what is written: a moment after the
 * last key, and at once when the page or the conversation is left.
 */
export function useDraft(handle: ConversationHandle, source: DraftSource): DraftKeeper {
  const conversation = useValue(handle.state);
  const latest = useRef(source);
  latest.current = source;
  /** What was kept or shown last. */
  const kept = useRef<DraftContent>(EMPTY);
  const keptAtMs = useRef(Number.NEGATIVE_INFINITY);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);

  const keep = useCallback(
    (written: DraftContent) => {
      // A quote without a text is not kept.
      const draft = written.text.trim() === "" ? EMPTY : written;
      if (timer.current !== null) {
        clearTimeout(timer.current);
        timer.current = null;
      }
      if (same(draft, kept.current)) {
        return;
      }
      kept.current = draft;
      keptAtMs.current = latest.current.now();
      handle.setDraft(draft === EMPTY ? null : draft);
    },
    [handle],
  );

  const flush = useCallback(() => {
    if (timer.current !== null) {
      keep(latest.current.read());
    }
  }, [keep]);

  const changed = useCallback(() => {
    if (timer.current !== null) {
      clearTimeout(timer.current);
    }
    timer.current = setTimeout(() => keep(latest.current.read()), SAVE_AFTER_MS);
  }, [keep]);

  const clear = useCallback(() => keep(EMPTY), [keep]);

  const draft = conversation == null ? undefined : conversation.draft;
  useEffect(() => {
    if (draft === undefined || timer.current !== null) {
      return;
    }
    const content = draft ?? EMPTY;
    // What this composer kept comes back as well, perhaps late: it is not to undo what was done since.
    const isNews = draft === null || draft.updatedAt > keptAtMs.current;
    if (isNews && !same(content, kept.current)) {
      kept.current = content;
      latest.current.show(content);
    }
  }, [draft]);

  useEffect(() => {
    const onHide = () => document.visibilityState === "hidden" && flush();
    document.addEventListener("visibilitychange", onHide);
    addEventListener("pagehide", flush);
    return () => {
      document.removeEventListener("visibilitychange", onHide);
      removeEventListener("pagehide", flush);
      flush();
    };
  }, [flush]);

  return { changed, flush, clear };
}
