import type { ConversationHandle, User, UserId } from "@hoopoe/sdk";
import { useEffect, useMemo, useState } from "react";
import { useClient, useMe, useValue } from "../hooks/index.ts";
import { useFormat } from "../i18n/format.ts";
import { mentionable } from "./people.ts";

/** So many of the last messages tell who is being talked to. */
const RECENT_MAX = 50;

/** The people of a group, for an `@`. */
export interface People {
  readonly users: readonly User[];
  /** Not everybody is here yet. */
  readonly loading: boolean;
}

const NOBODY: readonly UserId[] = [];

/** Watches people, and counts the changes: at most one each frame, be it a thousand names. */
function useWatch(ids: readonly UserId[]): number {
  const { users } = useClient();
  const [version, setVersion] = useState(0);
  useEffect(() => {
    let frame = 0;
    const changed = () => {
      if (frame === 0) {
        frame = requestAnimationFrame(() => {
          frame = 0;
          setVersion((last) => last + 1);
        });
      }
    };
    const ends = ids.map((id) => users.get(id).subscribe(changed));
    return () => {
      cancelAnimationFrame(frame);
      for (const end of ends) {
        end();
      }
    };
  }, [ids, users]);
  return version;
}

/** The people whom an `@` may mean. Loads and watches them only while `active`. */
export function usePeople(handle: ConversationHandle, active: boolean): People {
  const { users } = useClient();
  const me = useMe();
  const { locale } = useFormat();
  const members = useValue(handle.members);
  const { items, complete, loading, failure } = members;

  useEffect(() => {
    if (active && !complete && !loading && failure === null) {
      // A failure stands in `members`; the next `@` tries again.
      handle.loadMembers().catch(() => {});
    }
  }, [active, complete, loading, failure, handle]);

  const ids = useMemo(
    () => (active ? items.map((member) => member.user) : NOBODY),
    [active, items],
  );
  const version = useWatch(ids);
  const compare = useMemo(() => new Intl.Collator(locale).compare, [locale]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `version` says that a name has changed
  const found = useMemo(() => {
    if (!active) {
      return [];
    }
    const recent = handle.timeline.getSnapshot().items.slice(-RECENT_MAX);
    const userOf = (id: UserId) => users.get(id).getSnapshot();
    return mentionable(items, userOf, me?.id ?? null, recent, compare);
  }, [active, items, me, users, handle, compare, version]);

  return { users: found, loading: active && !complete && failure === null };
}
