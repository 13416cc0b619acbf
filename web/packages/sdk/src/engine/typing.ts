/** Who writes now. */

import type { UserId } from "../model.ts";
import type { Core } from "./core.ts";
import type { Room } from "./room.ts";

/** It is told again after this time while somebody writes. */
const TOLD_MS = 3_000;
/** Who has not said for so long that they still write has stopped. */
const ENDS_MS = 6_000;

/** Typing, in both directions. */
export class Typing {
  readonly #core: Core;
  readonly #ends = new Map<string, () => void>();
  readonly #told = new Map<Room, number>();

  constructor(core: Core) {
    this.#core = core;
  }

  /** The user writes, or stopped. */
  set(room: Room, writing: boolean): void {
    const told = this.#told.get(room);
    const now = this.#core.now();
    if (writing && told !== undefined && now - told < TOLD_MS) return;
    if (!writing && told === undefined) return;
    if (writing) this.#told.set(room, now);
    else this.#told.delete(room);
    // Who started so long ago has stopped already, for everybody else.
    if (!this.#core.isOnline || (!writing && now - (told ?? 0) > ENDS_MS)) return;
    const state = writing ? "started" : "stopped";
    this.#core.ask("messages.typing", { conversation: room.id, state }).catch(() => undefined);
  }

  started(room: Room, user: UserId): void {
    if (user === this.#core.user) return;
    const key = `${room.id}/${user}`;
    this.#ends.get(key)?.();
    this.#ends.set(
      key,
      this.#core.later(ENDS_MS, () => this.stopped(room, user)),
    );
    const now = room.typing.getSnapshot();
    if (!now.includes(user)) room.typing.set([...now, user]);
  }

  stopped(room: Room, user: UserId): void {
    const key = `${room.id}/${user}`;
    this.#ends.get(key)?.();
    this.#ends.delete(key);
    const now = room.typing.getSnapshot();
    if (now.includes(user)) room.typing.set(now.filter((one) => one !== user));
  }

  /** The line is gone: nobody is heard to stop. */
  lose(rooms: Iterable<Room>): void {
    for (const end of this.#ends.values()) end();
    this.#ends.clear();
    this.#told.clear();
    for (const room of rooms) if (room.typing.getSnapshot().length > 0) room.typing.set([]);
  }
}
