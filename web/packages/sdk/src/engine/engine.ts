/** The parts of the engine, put together. */

import type { EventFrame, SkipFrame, Started } from "../line.ts";
import type { Message } from "../model.ts";
import { OwnAccount } from "./account.ts";
import { Actions } from "./actions.ts";
import { Core, type Surroundings } from "./core.ts";
import { Drafts, type KeptDraft } from "./drafts.ts";
import { Handle } from "./handle.ts";
import { Intake } from "./intake.ts";
import { Keeper, messageKey } from "./keeper.ts";
import { Marks } from "./marks.ts";
import { Members } from "./members.ts";
import { Outbox, type Told } from "./outbox.ts";
import { Pages } from "./pages.ts";
import { Attendance } from "./presence.ts";
import { Receipts } from "./receipts.ts";
import type { Room } from "./room.ts";
import { Rooms } from "./rooms.ts";
import type { Row } from "./row.ts";
import type { Segment } from "./segments.ts";
import type { Image } from "./shelf.ts";
import { Sync, WARM_ROOMS } from "./sync.ts";
import { View } from "./timeline.ts";
import { Typing } from "./typing.ts";
import { People } from "./users.ts";
import { batch } from "./value.ts";
import type { Result, WireChange, WireReceipt, WireUser } from "./wire.ts";

type TabTold = Partial<Told> & { readonly draft?: KeptDraft };

/** What of the engine an app does not see. */
export class Engine {
  readonly core: Core;
  readonly keeper: Keeper;
  readonly rooms: Rooms;
  readonly outbox: Outbox;
  readonly pages: Pages;
  readonly intake: Intake;
  readonly sync: Sync;
  readonly marks: Marks;
  readonly receipts: Receipts;
  readonly typing: Typing;
  readonly people: People;
  readonly attendance: Attendance;
  readonly members: Members;
  readonly actions: Actions;
  readonly drafts: Drafts;
  readonly account: OwnAccount;
  /** What storage had at the start. */
  #kept: Image["messages"] = new Map();
  readonly #handles = new Map<string, { handle: Handle; view: View }>();

  constructor(surroundings: Surroundings) {
    const core = new Core(surroundings);
    this.core = core;
    this.keeper = new Keeper(core);
    this.rooms = new Rooms(core, this.keeper);
    this.outbox = new Outbox(core, this.keeper, this.rooms);
    this.pages = new Pages(core, this.rooms, this.outbox);
    this.intake = new Intake(core, this.rooms, this.pages, this);
    this.sync = new Sync(core, this, this);
    this.marks = new Marks(core, this.rooms, this.intake);
    this.receipts = new Receipts(core, this.marks);
    this.typing = new Typing(core);
    this.people = new People(core, this.keeper);
    this.attendance = new Attendance(core);
    this.members = new Members(core);
    this.actions = new Actions(core, (room, seq) => this.intake.uncount(room, seq));
    this.drafts = new Drafts(core, this.keeper, this.rooms);
    this.account = new OwnAccount(core, this.people, this.keeper);
    this.rooms.onRow = (room) => {
      this.outbox.passOver(room);
      this.#handles.get(room.id)?.view.resume();
    };
    this.rooms.onFresh = (room) => this.#handles.get(room.id)?.view.catchUp();
    this.rooms.onDropped = (room) => this.#handles.get(room.id)?.view.restart();
    core.line.onTold((told) => this.#hearTab(told as TabTold));
  }

  /** The handle of an id; the same one for the same id. */
  handle(id: string): Handle {
    const known = this.#handles.get(id);
    if (known) return known.handle;
    const room = this.rooms.get(id);
    const { core, rooms, pages } = this;
    const onOpened = (opened: Room): void => void this.receipts.find(opened);
    const view = new View(room, { core, rooms, pages, onOpened });
    const handle = new Handle(room, view, this);
    this.#handles.set(id, { handle, view });
    return handle;
  }

  /** Shows what storage has. */
  show(image: Image): void {
    const { rooms, people, outbox, drafts, account, sync } = this;
    batch(() => {
      people.load(image.users);
      if (image.memory) sync.memory = { ...image.memory };
      if (image.settings) account.settings.set(image.settings);
      if (image.app) account.app.set(image.app);
      const newest = [...image.rows].sort((a, b) => b.activityAt - a.activityAt);
      newest.forEach((row, at) => {
        const room = rooms.get(row.id);
        room.row = { ...row };
        room.receipts.set({ deliveredSeq: row.othersDelivered, readSeq: row.othersRead });
        const stretch = at < WARM_ROOMS ? keptStretch(row, image.messages.get(row.id)) : null;
        if (stretch) room.segments.put(stretch);
        rooms.adopt(room);
      });
      this.#kept = image.messages;
      rooms.loaded.set(sync.memory.isComplete);
      drafts.load(image.drafts);
      outbox.load(image.outbox);
      account.me.touch();
      for (const { view } of this.#handles.values()) view.resume();
    });
  }

  /** A session began, and storage of its user is open. */
  begin(started: Started): void {
    this.core.life++;
    this.core.isOnline = true;
    batch(() => this.sync.begin(started));
  }

  lose(): void {
    if (!this.core.isOnline) return;
    this.core.life++;
    this.core.isOnline = false;
    batch(() => {
      this.sync.lose();
      this.outbox.lose();
      this.typing.lose(this.rooms.byId.values());
    });
  }

  /** This tab holds the socket from now on; what it knows is what is kept. */
  lead(): void {
    if (this.core.life === 0) return;
    for (const room of this.rooms.known()) {
      if (room.row) room.row.kept = null;
      this.keeper.mark(room);
    }
  }

  /** Forgets everything but the objects that an app holds. */
  reset(): void {
    this.core.hush();
    this.core.life++;
    this.core.isOnline = false;
    this.core.user = null;
    batch(() => {
      this.outbox.reset();
      this.rooms.reset();
      this.marks.reset();
      this.sync.reset();
      this.people.reset();
      this.attendance.reset();
      this.account.reset();
    });
  }

  take(frame: EventFrame | SkipFrame): void {
    batch(() => {
      if ("skip" in frame || frame.seq !== undefined || frame.rev !== undefined) {
        this.intake.take(frame);
      } else if (frame.event === "conversation.created") this.intake.take(frame);
      else this.#hear(frame);
    });
  }

  onReady(): void {
    const { rooms } = this;
    this.outbox.wake();
    for (const { view } of this.#handles.values()) view.resume();
    for (const room of rooms.wanted()) void this.intake.refresh(room);
    for (const room of rooms.byId.values()) {
      for (const seq of room.wantedLooks()) void this.pages.loadOne(room, seq);
      if (room.isOpen && room.row) void this.receipts.find(room);
    }
    this.people.resume();
    this.attendance.resume();
    this.marks.resume();
    void this.account.resume();
  }

  onSynced(): void {
    this.marks.resume();
    for (const room of this.rooms.known()) {
      // Messages of conversations that are not among the newest any more go from storage.
      if (room.row?.kept && room.segments.list.length === 0) this.keeper.mark(room);
    }
    if (this.core.isLeader) this.#sweep();
  }

  onSettings(settings: { presence?: string }): void {
    this.account.hearSettings(settings);
  }

  onMessage(room: Room, message: Message): void {
    if (message.sender) this.typing.stopped(room, message.sender);
    if (message.sender !== this.core.user) this.marks.delivered(room);
    this.core.emitter.emit("message.created", message);
  }

  onChange(room: Room, change: WireChange): void {
    const { emitter } = this.core;
    const { event, data } = change;
    const seq = (data as { seq?: number } | null)?.seq ?? 0;
    if (
      event === "message.updated" ||
      event === "message.recalled" ||
      event === "message.deleted"
    ) {
      const message = room.find(seq);
      if (message) emitter.emit(event, message);
      return;
    }
    if (event.startsWith("member.")) this.members.change(room, change);
    const shown = room.state.getSnapshot();
    if (event === "conversation.updated" && shown) emitter.emit(event, shown);
    else if (event !== "conversation.created") {
      emitter.emit("event", { event, conversation: room.id, data });
    }
  }

  onJumped(room: Room): void {
    this.outbox.passOver(room);
    this.#handles.get(room.id)?.view.restart();
    this.members.restart(room);
  }

  /** Messages that no conversation knows to be kept: another tab led meanwhile. */
  #sweep(): void {
    for (const [id, messages] of this.#kept) {
      const { row = null, segments } = this.rooms.byId.get(id) ?? {};
      if (row && !row.kept && segments?.last) continue;
      for (const { seq } of messages) {
        if (seq === null || (row?.kept && seq >= row.kept.from)) continue;
        this.keeper.put("messages", messageKey(id, seq));
      }
    }
    this.#kept = new Map();
  }

  /** What is in no log. */
  #hear(frame: EventFrame): void {
    const { event, conversation, data } = frame;
    const { emitter } = this.core;
    switch (event) {
      case "typing.started":
      case "typing.stopped": {
        const told = data as { conversation: string; user: string };
        const room = this.rooms.get(told.conversation);
        if (event === "typing.started") this.typing.started(room, told.user);
        else this.typing.stopped(room, told.user);
        emitter.emit(event, { conversation: told.conversation, user: told.user });
        return;
      }
      case "session.revoked":
        emitter.emit(event, { session: (data as { session: string }).session });
        return;
      case "receipt.updated":
        this.marks.hear(data as WireReceipt);
        break;
      case "message.hidden": {
        const told = data as { conversation: string; seq: number };
        this.actions.hide(this.rooms.get(told.conversation), told.seq);
        break;
      }
      case "conversation.settings_updated": {
        const told = data as { conversation: string; unread_from?: number | null };
        this.marks.hearSettings(told.conversation, told.unread_from ?? null);
        break;
      }
      case "presence.updated":
        this.attendance.take(data as Result<"presence.list">["items"][number]);
        break;
      case "user.updated":
        this.people.take(data as WireUser);
        break;
      case "user.settings_updated":
        this.account.hearSettings(data as { presence?: string });
    }
    emitter.emit("event", { event, conversation, data });
  }

  /** Another tab of the same user told something. */
  #hearTab(told: TabTold): void {
    if (told.outbox) this.outbox.hear(told as Told);
    else if (told.draft) this.drafts.hear(told.draft);
  }
}

/**
 * The stretch of messages that storage has of a conversation. Another tab may have written between
 * the reading of one table and the next: only what both agree on is taken.
 */
function keptStretch({ kept }: Row, messages: readonly Message[] = []): Segment | null {
  const items = messages.filter(
    ({ seq }) => kept && seq !== null && seq >= kept.from && seq <= kept.to,
  );
  const from = items[0]?.seq;
  const to = items.at(-1)?.seq;
  if (!kept || !from || !to) return null;
  return { from, to, isStart: kept.isStart && from === kept.from, items };
}
