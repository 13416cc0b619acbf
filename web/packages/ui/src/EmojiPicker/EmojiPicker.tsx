import "./EmojiPicker.css";
import { type ComponentType, useEffect, useState } from "react";
import { Button } from "../Button/Button.tsx";
import { EmptyState } from "../EmptyState/EmptyState.tsx";
import { useFormat } from "../i18n/format.ts";
import { useWords } from "../i18n/words.ts";
import { Skeleton } from "../Skeleton/Skeleton.tsx";
import { type EmojiData, loadEmoji } from "./data.ts";
import type { EmojiPanelProps } from "./EmojiPanel.tsx";

/** What {@link EmojiPicker} takes. */
export interface EmojiPickerProps {
  /** An emoji was chosen, in the tone of this device. */
  onPick(emoji: string): void;
  /**
   * What the emoji may have at most, in bytes of UTF-8: 32 for a reaction. One that has more in a tone
   * is given without it.
   */
  readonly bytesMax?: number;
}

interface Loaded {
  readonly locale: string;
  readonly data: EmojiData;
  readonly Panel: ComponentType<EmojiPanelProps>;
}

/** The panel and the emoji, which are fetched when a picker is first opened. */
function useLoaded(locale: "en" | "zh", attempt: number): Loaded | "failed" | null {
  const [loaded, setLoaded] = useState<(Loaded & { attempt: number }) | number | null>(null);
  useEffect(() => {
    let isCurrent = true;
    Promise.all([import("./EmojiPanel.tsx"), loadEmoji(locale)]).then(
      ([{ EmojiPanel }, data]) =>
        isCurrent && setLoaded({ locale, data, attempt, Panel: EmojiPanel }),
      () => isCurrent && setLoaded(attempt),
    );
    return () => {
      isCurrent = false;
    };
  }, [locale, attempt]);
  if (typeof loaded === "number") {
    return loaded === attempt ? "failed" : null;
  }
  return loaded?.locale === locale ? loaded : null;
}

/** Fetches what the picker needs, so that it opens at once: when a pointer comes near. */
export function preloadEmoji(locale: string): void {
  // Whoever opens the picker then is told when it fails.
  Promise.all([import("./EmojiPanel.tsx"), loadEmoji(locale.startsWith("zh") ? "zh" : "en")]).catch(
    () => {},
  );
}

const SKELETON_CELLS = Array.from({ length: 48 }, (_, index) => `cell-${index}`);

function EmojiSkeleton() {
  const words = useWords();
  return (
    <div className="hp-emoji" role="status" aria-label={words.common.loading} aria-busy="true">
      <Skeleton height={36} />
      <div className="hp-emoji__skeleton">
        {SKELETON_CELLS.map((key) => (
          <Skeleton key={key} width={24} height={24} round />
        ))}
      </div>
    </div>
  );
}

/** Chooses an emoji: by groups, by words in the reader's language or English, or from the last used. */
export function EmojiPicker(props: EmojiPickerProps) {
  const words = useWords();
  const locale = useFormat().locale.startsWith("zh") ? "zh" : "en";
  const [attempt, setAttempt] = useState(0);
  const loaded = useLoaded(locale, attempt);
  if (loaded === "failed") {
    const retry = <Button onClick={() => setAttempt(attempt + 1)}>{words.common.retry}</Button>;
    return (
      <div className="hp-emoji">
        <EmptyState icon="offline" title={words.emoji.failed} action={retry} />
      </div>
    );
  }
  return loaded === null ? <EmojiSkeleton /> : <loaded.Panel data={loaded.data} {...props} />;
}
