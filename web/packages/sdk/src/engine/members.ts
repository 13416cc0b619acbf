/** Who is in a conversation. */

import type { Member, Role, UserId } from "../model.ts";
import { problemOf, toMember } from "./convert.ts";
import type { Core } from "./core.ts";
import type { Room } from "./room.ts";
import { batch } from "./value.ts";
import type { WireChange } from "./wire.ts";

const PAGE = 100;

/** Lists of members, as far as they are loaded. */
export class Members {
  readonly #core: Core;
  readonly #cursors = new WeakMap<Room, string>();
  readonly #busy = new WeakMap<Room, Promise<void>>();

  constructor(core: Core) {
    this.#core = core;
  }

  /** The next page. */
  load(room: Room): Promise<void> {
    const flying = this.#busy.get(room);
    if (flying) return flying;
    if (room.members.getSnapshot().complete) return Promise.resolve();
    const flight = this.#ask(room).finally(() => this.#busy.delete(room));
    this.#busy.set(room, flight);
    return flight;
  }

  /** Members as a reply tells them. */
  put(room: Room, members: readonly Member[]): void {
    const list = room.members.getSnapshot();
    const fresh = new Map(members.map((member) => [member.user, member]));
    const items = list.items.map((member) => fresh.get(member.user) ?? member);
    const known = new Set(list.items.map((member) => member.user));
    // In the order of joining those who are new are last: behind what is not loaded yet.
    if (list.complete) items.push(...members.filter((member) => !known.has(member.user)));
    room.members.set({ ...list, items });
  }

  /** Somebody came, went, or has another role. */
  change(room: Room, change: WireChange): void {
    const data = change.data as { users?: UserId[]; user?: UserId; by?: UserId; role?: Role };
    const list = room.members.getSnapshot();
    switch (change.event) {
      case "member.added": {
        const joinedAt = this.#core.now();
        const members = (data.users ?? []).map((user) => ({
          user,
          role: "member" as const,
          joinedAt,
          invitedBy: data.by ?? null,
        }));
        this.put(room, members);
        break;
      }
      case "member.updated": {
        const items = list.items.map((member) =>
          member.user === data.user && data.role ? { ...member, role: data.role } : member,
        );
        room.members.set({ ...list, items });
        break;
      }
      case "member.removed": {
        const items = list.items.filter((member) => member.user !== data.user);
        room.members.set({ ...list, items });
      }
    }
  }

  /** Changes were passed over: what is loaded may be wrong, and is loaded anew. */
  restart(room: Room): void {
    const { items, complete } = room.members.getSnapshot();
    if (items.length === 0 && !complete) return;
    this.#cursors.delete(room);
    room.members.set({ items, complete: false, loading: false, failure: null });
    void this.load(room);
  }

  async #ask(room: Room): Promise<void> {
    const cursor = this.#cursors.get(room);
    const before = room.members.getSnapshot();
    room.members.set({ ...before, loading: true, failure: null });
    try {
      const params = { conversation: room.id, limit: PAGE, cursor };
      const page = await this.#core.ask("members.list", params);
      batch(() => {
        const known = cursor ? room.members.getSnapshot().items : [];
        const there = new Set(known.map((member) => member.user));
        const fresh = page.items.map(toMember).filter((member) => !there.has(member.user));
        if (page.next_cursor) this.#cursors.set(room, page.next_cursor);
        room.members.set({
          items: [...known, ...fresh],
          loading: false,
          complete: !page.next_cursor,
          failure: null,
        });
      });
    } catch (error) {
      const list = room.members.getSnapshot();
      room.members.set({ ...list, loading: false, failure: problemOf(error) });
    }
  }
}
