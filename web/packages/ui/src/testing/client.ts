import type {
  AppInfo,
  Client,
  ClientEvents,
  ConnectionState,
  Conversation,
  Page,
  Presence,
  Session,
  Settings,
  User,
  UserId,
} from "@hoopoe/sdk";
import { type Call, type Calls, createCalls } from "./calls.ts";
import { createDoubleConversation, type DoubleConversation } from "./conversation.ts";
import { conversation, createFixture, type Fixture } from "./fixture.ts";
import { type Value, value } from "./value.ts";

export { type Call, type Calls, DoubleError, problem } from "./calls.ts";
export type { DoubleConversation } from "./conversation.ts";
export { type Value, value } from "./value.ts";

/** The SDK's client without a server: what is watched can be set, what is called is recorded. */
export interface DoubleClient extends Client {
  readonly fixture: Fixture;
  readonly calls: Calls;
  readonly connection: Value<ConnectionState>;
  readonly me: Value<User | null>;
  readonly app: Value<AppInfo | null>;
  readonly conversations: Omit<
    Client["conversations"],
    "list" | "loaded" | "unread" | "get" | "direct" | "create"
  > & {
    readonly list: Value<readonly Conversation[]>;
    readonly loaded: Value<boolean>;
    readonly unread: Value<number>;
    get(id: string): DoubleConversation;
    direct(user: UserId): Promise<DoubleConversation>;
    create(group: Parameters<Client["conversations"]["create"]>[0]): Promise<DoubleConversation>;
  };
  readonly users: Omit<Client["users"], "get" | "presence"> & {
    get(id: UserId): Value<User | null>;
    presence(id: UserId): Value<Presence | null>;
  };
  readonly account: Omit<Client["account"], "settings"> & {
    readonly settings: Value<Settings | null>;
    /** What `sessions` answers from. */
    readonly signedIn: Session[];
  };
  /** Tells the listeners of `on`. */
  emit<E extends keyof ClientEvents>(event: E, data: ClientEvents[E]): void;
  /** The clock. */
  now(): number;
}

const online: ConnectionState = {
  status: "online",
  synced: true,
  retryAt: null,
  stop: null,
  failure: null,
  leader: true,
};

const byActivity = (a: Conversation, b: Conversation) => b.activityAt - a.activityAt;

function createConversations(fixture: Fixture, calls: Calls, now: () => number) {
  const handles = new Map<string, DoubleConversation>();
  const list = value<readonly Conversation[]>([...fixture.conversations].sort(byActivity));
  const unread = value(0);
  const count = () => unread.set(list.getSnapshot().reduce((sum, { unread }) => sum + unread, 0));
  list.subscribe(count);
  count();
  const follow = (id: string, state: Conversation | null | undefined) =>
    list.update((all) => {
      const others = all.filter((one) => one.id !== id);
      return state ? [...others, state].sort(byActivity) : others;
    });
  const make = (id: string, state: Conversation | undefined, members: readonly UserId[]) =>
    createDoubleConversation({
      id,
      me: () => fixture.me,
      now,
      calls,
      state,
      messages: fixture.messages[id] ?? [],
      members:
        fixture.members[id] ??
        members.map((user, i) => ({
          user,
          role: i === 0 ? ("owner" as const) : ("member" as const),
          joinedAt: fixture.now,
          invitedBy: null,
        })),
      onState: (next) => follow(id, next),
    });
  const get = (id: string) => {
    let handle = handles.get(id);
    if (handle === undefined) {
      handle = make(
        id,
        list.getSnapshot().find((one) => one.id === id),
        [],
      );
      handles.set(id, handle);
    }
    return handle;
  };
  const add = (state: Conversation, members: readonly UserId[]) => {
    const handle = make(state.id, state, members);
    handles.set(state.id, handle);
    follow(state.id, state);
    return handle;
  };
  return {
    list,
    loaded: value(true),
    unread,
    get,
    direct: (user: UserId) =>
      calls.run({ method: "conversations.direct", args: [user] }, () => {
        const had = list.getSnapshot().find((one) => one.peer === user);
        const at = now();
        const state = { kind: "direct", peer: user, createdAt: at, activityAt: at } as const;
        return had ? get(had.id) : add(conversation(`cnv_with_${user}`, state), [fixture.me, user]);
      }),
    create: (group: { name?: string; members: readonly UserId[]; history?: "joined" | "all" }) =>
      calls.run({ method: "conversations.create", args: [group] }, () => {
        const at = now();
        const state = conversation(`cnv_made_${handles.size}`, {
          name: group.name ?? null,
          memberCount: group.members.length + 1,
          history: group.history ?? "joined",
          role: "owner",
          createdAt: at,
          activityAt: at,
        });
        return add(state, [fixture.me, ...group.members]);
      }),
    readAll: () =>
      calls.run({ method: "conversations.readAll", args: [] }, () => {
        for (const one of list.getSnapshot()) {
          get(one.id).state.set({ ...one, readSeq: one.headSeq, unread: 0, mentioned: false });
        }
      }),
  };
}

function createUsers(fixture: Fixture, calls: Calls) {
  const users = new Map(fixture.users.map((user) => [user.id, value<User | null>(user)]));
  const presences = new Map(
    fixture.presences.map((one) => [one.user, value<Presence | null>(one)]),
  );
  const seek = <T>(map: Map<UserId, Value<T | null>>, id: UserId) => {
    let found = map.get(id);
    if (found === undefined) {
      found = value<T | null>(null);
      map.set(id, found);
    }
    return found;
  };
  return {
    get: (id: UserId) => seek(users, id),
    presence: (id: UserId) => seek(presences, id),
    search: (
      query: string,
      options: { cursor?: string; limit?: number; signal?: AbortSignal } = {},
    ) =>
      calls.run({ method: "users.search", args: [query, options] }, (): Page<User> => {
        options.signal?.throwIfAborted();
        const sought = query.toLowerCase();
        const all = fixture.users.filter((user) =>
          [user.id, user.name, ...user.name.split(" "), ...user.keys].some((key) =>
            key.toLowerCase().startsWith(sought),
          ),
        );
        const from = Number(options.cursor ?? 0);
        const next = from + (options.limit ?? 20);
        return {
          items: all.slice(from, next),
          nextCursor: next < all.length ? String(next) : null,
        };
      }),
  };
}

function createAccount(fixture: Fixture, calls: Calls, me: Value<User | null>) {
  const settings = value<Settings | null>({ presence: "members" });
  const device = { platform: "web", app_version: "0.1.0" };
  const session = (id: string, name: string, hours: number): Session => ({
    id,
    current: hours === 0,
    createdAt: fixture.now - (hours + 30) * 3_600_000,
    lastSeenAt: fixture.now - hours * 3_600_000,
    expiresAt: fixture.now + 30 * 24 * 3_600_000,
    device: { ...device, name },
  });
  const signedIn = [
    session("ses_1", "Firefox on Linux", 0),
    session("ses_2", "Chrome on Android", 5),
    session("ses_3", "Safari on Mac", 90),
  ];
  const run = <R>(name: string, args: readonly unknown[], act: () => R) =>
    calls.run({ method: `account.${name}`, args }, act);
  return {
    settings,
    signedIn,
    update: (change: { name?: string; avatarUrl?: string }) =>
      run("update", [change], () => {
        const now = me.getSnapshot() ?? {
          id: fixture.me,
          name: "",
          avatarUrl: null,
          keys: [],
          metadata: {},
        };
        const next = { ...now, ...change };
        me.set(next);
        return next;
      }),
    updateSettings: (change: Partial<Settings>) =>
      run("updateSettings", [change], () => {
        const next: Settings = { presence: "members", ...settings.getSnapshot(), ...change };
        settings.set(next);
        return next;
      }),
    setPassword: (change: { current: string; password: string }) =>
      run("setPassword", [change], () => {}),
    sessions: (cursor?: string) =>
      run("sessions", [cursor], () => ({ items: [...signedIn], nextCursor: null })),
    endSession: (id: string) =>
      run("endSession", [id], () => {
        signedIn.splice(0, signedIn.length, ...signedIn.filter((one) => one.id !== id));
      }),
    endOtherSessions: () =>
      run("endOtherSessions", [], () => {
        signedIn.splice(0, signedIn.length, ...signedIn.filter((one) => one.current));
      }),
  };
}

/** A client in memory, with what the fixture holds. */
export function createDoubleClient(fixture: Fixture = createFixture()): DoubleClient {
  const calls = createCalls();
  const listeners = new Map<string, Set<(data: never) => void>>();
  const connection = value<ConnectionState>(online);
  const me = value<User | null>(fixture.users.find((user) => user.id === fixture.me) ?? null);
  const now = () => fixture.now;
  const call = (method: string, args: readonly unknown[]): Call => ({ method, args });
  return {
    url: "https://chat.example.org",
    fixture,
    calls,
    connection,
    me,
    app: value<AppInfo | null>({
      id: "app_1",
      name: "Hoopoe",
      recallWindowS: 120,
      editWindowS: 86_400,
      directory: "open",
    }),
    connect: () => calls.run(call("connect", []), () => connection.set(online)),
    disconnect() {
      calls.note(call("disconnect", []));
      connection.set({ ...online, status: "stopped", stop: "closed", synced: false });
    },
    retryNow: () => calls.note(call("retryNow", [])),
    clear: () => calls.run(call("clear", []), () => {}),
    conversations: createConversations(fixture, calls, now),
    users: createUsers(fixture, calls),
    account: createAccount(fixture, calls, me),
    on(event, listener) {
      const heard = listeners.get(event) ?? new Set();
      listeners.set(event, heard.add(listener));
      return () => {
        heard.delete(listener);
      };
    },
    call: (method, params) => calls.run(call(method, [params]), () => ({}) as never),
    emit(event, data) {
      for (const listener of listeners.get(event) ?? []) listener(data as never);
    },
    now,
  };
}
