import type {
  Client,
  Conversation,
  ConversationHandle,
  ConversationId,
  Presence,
  User,
  UserId,
} from "@hoopoe/sdk";
import { createContext, useContext, useEffect, useMemo } from "react";
import { useFormat } from "../i18n/format.ts";
import { useMaybeValue, useValue, useValues } from "./useValue.ts";

export const ClientContext = createContext<Client | null>(null);

/** The client that was given to `HoopoeProvider`. @throws without one around. */
export function useClient(): Client {
  const client = useContext(ClientContext);
  if (client === null) throw new Error("This component has to stand inside a <HoopoeProvider>.");
  return client;
}

/** The user of this client; `null` until it is known. */
export function useMe(): User | null {
  return useValue(useClient().me);
}

/** Whether people are found by their exact id only; `false` until it is known. */
export function useDirectoryClosed(): boolean {
  return useValue(useClient().app)?.directory === "closed";
}

/** What is done with a conversation. Its state: `useValue(useConversation(id).state)`. */
export function useConversation(id: ConversationId): ConversationHandle {
  return useClient().conversations.get(id);
}

/** A conversation as it is now; `null`: not known yet, `undefined`: there is none for this user. */
export function useConversationState(id: ConversationId): Conversation | null | undefined {
  return useValue(useConversation(id).state);
}

/** Somebody; `null` until known, or for no id. */
export function useUser(id: UserId | null | undefined): User | null {
  const { users } = useClient();
  return useMaybeValue(useMemo(() => (id == null ? null : users.get(id)), [users, id]));
}

/** Several people, in the order of their ids. */
export function useUsers(ids: readonly UserId[]): readonly (User | null)[] {
  const { users } = useClient();
  const key = ids.join("\n");
  const all = useMemo(
    () => (key === "" ? [] : key.split("\n").map((id) => users.get(id))),
    [users, key],
  );
  return useValues(all);
}

/** Whether somebody is there; `null` until known, where it is not told, or for no id. */
export function usePresence(id: UserId | null | undefined): Presence | null {
  const { users } = useClient();
  return useMaybeValue(useMemo(() => (id == null ? null : users.presence(id)), [users, id]));
}

/** Members that the title of a group without a name shows. */
const TITLE_MEMBERS_MAX = 4;
const NOBODY: readonly UserId[] = [];

/** What a conversation is called: a group's name, the other person's, or the members' names. */
export function useConversationTitle(conversation: Conversation | null | undefined): string {
  const client = useClient();
  const format = useFormat();
  const me = useMe();
  const peer = useUser(conversation?.kind === "direct" ? conversation.peer : null);
  const nameless = conversation?.kind === "group" && !conversation.name ? conversation.id : null;
  const handle = nameless === null ? null : client.conversations.get(nameless);
  const members = useMaybeValue(handle?.members);
  useEffect(() => {
    const known = handle?.members.getSnapshot();
    // A failure shows as the number of members; the list of members says why.
    if (known && known.items.length === 0 && !known.complete) handle?.loadMembers().catch(() => {});
  }, [handle]);
  const others = useMemo(
    () => members?.items.map((member) => member.user).filter((user) => user !== me?.id) ?? NOBODY,
    [members, me],
  );
  const names = useUsers(others.slice(0, TITLE_MEMBERS_MAX));

  if (conversation == null) return "";
  if (conversation.kind === "direct") return peer?.name ?? conversation.peer ?? "";
  if (conversation.name) return conversation.name;
  const shown = names.map((user, i) => user?.name ?? others[i] ?? "");
  if (shown.length === 0) return me?.name ?? conversation.id;
  return shown.length < others.length ? `${shown.join(", ")}…` : format.list(shown);
}
