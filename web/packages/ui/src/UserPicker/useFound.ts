import type { UserId } from "@hoopoe/sdk";
import { useEffect, useMemo, useState } from "react";
import { useClient } from "../hooks/client.ts";
import { useValue } from "../hooks/useValue.ts";

/** People are asked for when somebody pauses so long. */
const PAUSE_MS = 150;
const FOUND_MAX = 20;

/** What a search has found so far. */
export interface Found {
  readonly ids: readonly UserId[];
  readonly loading: boolean;
  readonly failure: unknown;
}

const NOTHING: Found = { ids: [], loading: false, failure: null };

/** People by a few letters; without any, those of the direct conversations, the newest first. */
export function useFound(query: string): Found {
  const client = useClient();
  const list = useValue(client.conversations.list);
  const [found, setFound] = useState<Found & { readonly query: string }>({ ...NOTHING, query: "" });
  const wanted = query.trim();
  useEffect(() => {
    if (wanted === "") return;
    const control = new AbortController();
    const timer = setTimeout(() => {
      client.users.search(wanted, { limit: FOUND_MAX, signal: control.signal }).then(
        (page) => {
          const ids = page.items.map((user) => user.id);
          if (!control.signal.aborted) setFound({ ...NOTHING, ids, query: wanted });
        },
        (failure: unknown) => {
          if (!control.signal.aborted) setFound({ ...NOTHING, failure, query: wanted });
        },
      );
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      control.abort();
    };
  }, [client, wanted]);
  const known = useMemo(
    () => list.flatMap((one) => (one.peer === null ? [] : [one.peer])).slice(0, FOUND_MAX),
    [list],
  );
  if (wanted === "") return { ids: known, loading: false, failure: null };
  // What was found for fewer letters stays until the answer is there.
  return found.query === wanted ? found : { ...found, loading: true, failure: null };
}
