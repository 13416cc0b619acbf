import type { Message } from "@hoopoe/sdk";
import { useEffect, useRef, useState } from "react";
import { useClient } from "../hooks/index.ts";
import { useWords } from "../i18n/words.ts";
import { plainText } from "../Markdown/index.ts";
import { createAnnouncer, type News, sayNews } from "./announce.ts";
import { newestSeq } from "./scroll.ts";

/** What {@link LiveRegion} takes. */
export interface LiveRegionProps {
  readonly items: readonly Message[];
  readonly me: string | null;
  /** The end of `items` is the newest message: what is added there is new. */
  readonly isLatest: boolean;
}

/**
 * Tells screen readers of new messages, politely and not too often. The list itself is no live
 * region, or everything would be said twice, and what is scrolled to as well.
 */
export function LiveRegion({ items, me, isLatest }: LiveRegionProps) {
  const words = useWords();
  const client = useClient();
  const [said, setSaid] = useState("");
  const wording = useRef(words);
  const known = useRef<number | null>(null);
  const announcer = useRef<ReturnType<typeof createAnnouncer> | null>(null);
  useEffect(() => {
    wording.current = words;
  }, [words]);
  useEffect(() => {
    const mine = createAnnouncer((news) => setSaid(sayNews(news, wording.current.messages)));
    announcer.current = mine;
    return () => mine.close();
  }, []);
  useEffect(() => {
    if (!isLatest) return;
    const before = known.current;
    const newest = newestSeq(items);
    known.current = Math.max(before ?? 0, newest);
    if (before === null || newest <= before) return;
    const news: News[] = [];
    for (let i = items.length - 1; i >= 0; i--) {
      const message = items[i];
      if (message?.seq == null) continue;
      if (message.seq <= before) break;
      if (message.sender === me || message.deleted || message.text === "") continue;
      const user = message.sender === null ? null : client.users.get(message.sender).getSnapshot();
      news.unshift({ name: user?.name ?? message.sender ?? "", text: plainText(message.text) });
    }
    announcer.current?.add(news);
  }, [items, isLatest, me, client]);
  return (
    <div className="hp-visually-hidden" role="status" aria-live="polite">
      {said}
    </div>
  );
}
