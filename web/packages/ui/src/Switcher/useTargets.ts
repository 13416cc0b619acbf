import type { ConversationId, User, UserId } from "@hoopoe/sdk";
import { useEffect, useMemo, useState } from "react";
import { useClient, useMe, useValue } from "../hooks/index.ts";
import { type Directory, findTargets, strangers, type Target, targetsOf } from "./entries.ts";

/** The server is asked when nobody has typed for so long. */
const ASK_AFTER_MS = 150;
const PEOPLE_MAX = 10;

interface Found {
  readonly query: string;
  readonly users: readonly User[];
}

const NONE: Found = { query: "", users: [] };

/** People of the app whom the server finds. */
function usePeople(query: string): { readonly users: readonly User[]; readonly asking: boolean } {
  const { users } = useClient();
  const [found, setFound] = useState(NONE);
  useEffect(() => {
    if (query === "") {
      return;
    }
    const stop = new AbortController();
    const timer = setTimeout(() => {
      users.search(query, { limit: PEOPLE_MAX, signal: stop.signal }).then(
        (page) => setFound({ query, users: page.items }),
        // Without the server, those are found with whom there is a conversation.
        () => !stop.signal.aborted && setFound({ query, users: [] }),
      );
    }, ASK_AFTER_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [query, users]);
  return { users: query === "" ? NONE.users : found.users, asking: query !== found.query };
}

/** Draws anew when people become known whom the list has only ids of. */
function useNames(missing: readonly UserId[]): number {
  const { users } = useClient();
  const [version, setVersion] = useState(0);
  useEffect(() => {
    let frame = 0;
    const changed = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => setVersion((last) => last + 1));
    };
    const ends = missing.map((id) => users.get(id).subscribe(changed));
    return () => {
      cancelAnimationFrame(frame);
      for (const end of ends) {
        end();
      }
    };
  }, [missing, users]);
  return version;
}

/** What fits a query. */
export interface Targets {
  readonly conversations: readonly Target[];
  readonly people: readonly Target[];
  /** The server is being asked. */
  readonly asking: boolean;
}

/** Conversations and people that fit `query`, the best first; the newest without one. */
export function useTargets(query: string, current: ConversationId | null): Targets {
  const client = useClient();
  const me = useMe();
  const list = useValue(client.conversations.list);
  const people = usePeople(query.trim());

  const directory = useMemo(
    (): Directory => ({
      user: (id) => client.users.get(id).getSnapshot(),
      others: (id) =>
        client.conversations
          .get(id)
          .members.getSnapshot()
          .items.map((member) => member.user)
          .filter((user) => user !== me?.id),
    }),
    [client, me],
  );
  const missing = useMemo(
    () =>
      list.flatMap(({ peer }) => (peer !== null && directory.user(peer) === null ? [peer] : [])),
    [list, directory],
  );
  const version = useNames(missing);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `version` says that names have come
  const all = useMemo(() => targetsOf(list, directory), [list, directory, version]);
  const conversations = useMemo(() => findTargets(all, query, current), [all, query, current]);
  const others = useMemo(
    () => strangers(people.users, list, me?.id ?? null),
    [people.users, list, me],
  );
  return { conversations, people: others, asking: people.asking };
}
