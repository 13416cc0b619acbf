/** Texts that were begun: kept on this device, the same in all of its tabs. */

import type { Draft } from "../model.ts";
import type { Core } from "./core.ts";
import type { Keeper } from "./keeper.ts";
import type { Room } from "./room.ts";
import type { Rooms } from "./rooms.ts";
import { batch } from "./value.ts";

/** A row of the table `drafts`, and what tabs tell each other. */
export interface KeptDraft {
  readonly conversation: string;
  readonly draft: Draft | null;
}

/** All drafts. */
export class Drafts {
  readonly #core: Core;
  readonly #keeper: Keeper;
  readonly #rooms: Rooms;

  constructor(core: Core, keeper: Keeper, rooms: Rooms) {
    this.#core = core;
    this.#keeper = keeper;
    this.#rooms = rooms;
  }

  load(rows: readonly KeptDraft[]): void {
    for (const row of rows) this.hear(row);
  }

  set(room: Room, draft: Omit<Draft, "updatedAt"> | null): void {
    const isEmpty = !draft || (draft.text === "" && draft.replyTo === null);
    if (isEmpty && !room.draft) return;
    room.draft = isEmpty ? null : Object.freeze({ ...draft, updatedAt: this.#core.now() });
    const kept: KeptDraft = { conversation: room.id, draft: room.draft };
    this.#keeper.put("drafts", room.id, room.draft ? kept : undefined);
    this.#core.line.tell({ draft: kept });
    batch(() => room.touch());
  }

  hear({ conversation, draft }: KeptDraft): void {
    const room = this.#rooms.get(conversation);
    room.draft = draft;
    batch(() => room.touch());
  }
}
