import type { Page } from "@hoopoe/sdk";
import { useCallback, useEffect, useRef, useState } from "react";

/** A list that is fetched page by page. */
export interface Pages<T> {
  readonly items: readonly T[];
  readonly isLoading: boolean;
  readonly hasMore: boolean;
  /** What went wrong with the last page. */
  readonly failure: unknown;
  /** Fetches the next page, or the failed one again. */
  more(): void;
}

/** Fetches the first page at once. `fetch` has to be the same as long as the list is. */
export function usePages<T>(fetch: (cursor?: string) => Promise<Page<T>>): Pages<T> {
  const [items, setItems] = useState<readonly T[]>([]);
  const [cursor, setCursor] = useState<string | null | undefined>(undefined);
  const [isLoading, setLoading] = useState(true);
  const [failure, setFailure] = useState<unknown>(null);
  const turn = useRef(0);

  const load = useCallback(
    async (from: string | undefined) => {
      const mine = ++turn.current;
      setLoading(true);
      setFailure(null);
      try {
        const page = await fetch(from);
        if (mine !== turn.current) return;
        setItems((before) => (from === undefined ? page.items : [...before, ...page.items]));
        setCursor(page.nextCursor);
      } catch (error) {
        if (mine === turn.current) setFailure(error);
      } finally {
        if (mine === turn.current) setLoading(false);
      }
    },
    [fetch],
  );

  useEffect(() => {
    load(undefined);
    return () => {
      turn.current++;
    };
  }, [load]);

  return {
    items,
    isLoading,
    hasMore: cursor !== null && cursor !== undefined,
    failure,
    more: () => {
      if (!isLoading) load(cursor ?? undefined);
    },
  };
}
