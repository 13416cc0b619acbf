/**
 * Sends that wait for their acknowledgement: in order, one at a time in each conversation, under
 * one client id until the server has them or does not want them.
 */

import { HoopoeError } from "../error.ts";
import type { Content, Message, Problem } from "../model.ts";
import { ownProblem } from "../problems.ts";
import type { Storage } from "../storage.ts";
import { fromContent, isRetryable, keyOf, problemOf, toMessage } from "./convert.ts";
import type { Core } from "./core.ts";
import { uuidV7 } from "./ids.ts";
import type { Keeper } from "./keeper.ts";
import type { Room } from "./room.ts";
import type { Rooms } from "./rooms.ts";
import { batch } from "./value.ts";
import type { WireMessage } from "./wire.ts";

/** Sends under way at a time, each in another conversation. */
const FLYING_MAX = 32;
/** The server knows a client id for 90 days; far inside of that a repeat is certain to be recognised. */
const AGE_MS_MAX = 30 * 24 * 3_600_000;
const BACKOFF_MS_BASE = 500;
const BACKOFF_MS_CAP = 60_000;
/** Answers in a row that say "our mistake", after which a send is given up. */
const BROKEN_MAX = 8;
/** Acknowledged sends that are remembered, to be offered again to a server that lost them. */
const SENT_MAX = 256;
const SENT_MS_MAX = 24 * 3_600_000;

/** A row of the table `outbox`. */
export interface Item {
  readonly clientId: string;
  readonly key: string;
  readonly conversation: string;
  readonly content: Content;
  readonly sender: string | null;
  readonly queuedAt: number;
  readonly state: "waiting" | "failed" | "sent";
  readonly failure: Problem | null;
  readonly sentAt?: number;
}

/** What tabs tell each other of the outbox. */
export type Told =
  | { readonly outbox: "put"; readonly item: Item }
  | { readonly outbox: "gone"; readonly clientId: string }
  | { readonly outbox: "sent"; readonly clientId: string; readonly message: WireMessage }
  | { readonly outbox: "ask" };

interface Queue {
  /** `waiting` and `failed`, in their order. */
  items: Item[];
  flying: string | null;
  /** Failed attempts in a row. */
  failures: number;
  rest: (() => void) | null;
}

interface Promised {
  resolve(message: Message): void;
  reject(error: unknown): void;
}

/** The outbox of this user on this device. */
export class Outbox {
  readonly #queues = new Map<string, Queue>();
  readonly #items = new Map<string, Item>();
  /** Not in storage yet. */
  readonly #unkept = new Set<string>();
  /** Acknowledged; its message did not come by the log yet. */
  readonly #arrived = new Map<string, Message>();
  #sent: Item[] = [];
  readonly #promises = new Map<string, Promised>();
  #flying = 0;
  readonly #core: Core;
  readonly #keeper: Keeper;
  readonly #rooms: Rooms;

  constructor(core: Core, keeper: Keeper, rooms: Rooms) {
    this.#core = core;
    this.#keeper = keeper;
    this.#rooms = rooms;
  }

  /** Takes in what storage has. */
  load(rows: readonly Item[]): void {
    for (const item of [...rows].sort(byAge)) {
      if (item.state === "sent") {
        if (!this.#sent.some((other) => other.clientId === item.clientId)) this.#sent.push(item);
      } else this.#add(item);
    }
  }

  /** Sends; the echo is there when this returns. */
  send(room: Room, content: Content): Promise<Message> {
    const clientId = uuidV7(this.#core.now(), this.#core.random);
    const item: Item = {
      clientId,
      key: keyOf(this.#core.user, clientId),
      conversation: room.id,
      content,
      sender: this.#core.user,
      queuedAt: this.#core.now(),
      state: "waiting",
      failure: null,
    };
    const promise = new Promise<Message>((resolve, reject) => {
      this.#promises.set(clientId, { resolve, reject });
    });
    // Whoever does not wait for it sees the failure at the message.
    promise.catch(() => undefined);
    this.#unkept.add(clientId);
    batch(() => this.#add(item));
    void this.#keep(item).then(() => {
      this.#unkept.delete(clientId);
      this.#tell({ outbox: "put", item });
      batch(() => this.#show(room));
      this.drain();
    });
    return promise;
  }

  /** Offers a failed message again, behind what waits, under its client id: the server refused it, so it has none. */
  retry(clientId: string): void {
    const item = this.#items.get(clientId);
    if (item?.state !== "failed") return;
    const again: Item = { ...item, state: "waiting", failure: null, queuedAt: this.#core.now() };
    batch(() => {
      this.#take(item);
      this.#add(again);
    });
    void this.#keep(again);
    this.#tell({ outbox: "put", item: again });
    this.drain();
  }

  /** Takes a message out that the server does not have. What is under way is left to its answer. */
  discard(clientId: string): void {
    const item = this.#items.get(clientId);
    if (!item || this.#queues.get(item.conversation)?.flying === clientId) return;
    batch(() => this.#take(item));
    void this.#keeper.write([{ table: "outbox", key: clientId }]);
    this.#tell({ outbox: "gone", clientId });
    this.#fail(clientId, ownProblem("sdk.discarded"));
    this.drain();
  }

  /** The server has it: it said so, or it showed the message. */
  confirm(clientId: string, message: Message): void {
    const item = this.#items.get(clientId);
    if (item) this.#settle(item);
    if (this.#arrived.delete(clientId) || item) this.#show(this.#rooms.get(message.conversation));
    this.#promises.get(clientId)?.resolve(message);
    this.#promises.delete(clientId);
  }

  /** What a conversation has taken in needs no echo any more. */
  passOver(room: Room): void {
    for (const [clientId, message] of this.#arrived) {
      if (message.conversation !== room.id || (message.seq ?? 0) > (room.row?.seqAt ?? 0)) continue;
      this.#arrived.delete(clientId);
    }
    this.#show(room);
  }

  /** Offers what can be offered. Only the tab that leads does: what all offer goes out several times. */
  drain(): void {
    if (!this.#core.isOnline || !this.#core.isLeader) return;
    for (const queue of this.#queues.values()) {
      if (this.#flying >= FLYING_MAX) return;
      if (queue.flying || queue.rest) continue;
      this.#expire(queue);
      const next = queue.items.find((item) => item.state === "waiting");
      if (next && !this.#unkept.has(next.clientId)) void this.#offer(queue, next);
    }
  }

  /** A session began: whatever waited for the line waits no more. */
  wake(): void {
    for (const queue of this.#queues.values()) {
      queue.rest?.();
      queue.rest = null;
    }
    this.#showAll();
    // What was written before the tabs could hear each other is news to the one that sends.
    if (!this.#core.isLeader) this.hear({ outbox: "ask" });
    this.drain();
  }

  /** The line is gone: nothing under way is answered any more. */
  lose(): void {
    for (const queue of this.#queues.values()) queue.flying = null;
    this.#flying = 0;
    this.#showAll();
  }

  /** This tab leads now: it needs to know what the others have. */
  async lead(storage: Storage | null): Promise<void> {
    const rows = await storage?.list<Item>("outbox").catch(() => []);
    batch(() => this.load(rows ?? []));
    this.#tell({ outbox: "ask" });
    this.drain();
  }

  /** The server's past is another one: what it acknowledged of late is offered again, first. */
  offerAgain(): void {
    const again = this.#sent.filter((item) => this.#core.now() - (item.sentAt ?? 0) < SENT_MS_MAX);
    this.#sent = [];
    for (const { sentAt: _, ...item } of again) {
      const waiting: Item = { ...item, state: "waiting" };
      this.#arrived.delete(item.clientId);
      this.#add(waiting);
      void this.#keep(waiting);
    }
  }

  /** Another tab told something. */
  hear(told: Told): void {
    switch (told.outbox) {
      case "put":
        batch(() => {
          const known = this.#items.get(told.item.clientId);
          if (known && known.state !== told.item.state) this.#take(known);
          this.#add(told.item);
        });
        if (told.item.failure) this.#fail(told.item.clientId, told.item.failure);
        this.drain();
        break;
      case "gone": {
        const item = this.#items.get(told.clientId);
        if (!item) break;
        if (this.#queues.get(item.conversation)?.flying === told.clientId) {
          this.#tell({ outbox: "put", item });
          break;
        }
        batch(() => this.#take(item));
        this.#fail(told.clientId, ownProblem("sdk.discarded"));
        break;
      }
      case "sent":
        batch(() => this.#acknowledge(told.clientId, told.message));
        break;
      case "ask":
        for (const item of this.#items.values()) {
          if (!this.#unkept.has(item.clientId)) this.#tell({ outbox: "put", item });
        }
    }
  }

  reset(): void {
    this.#queues.clear();
    this.#items.clear();
    this.#unkept.clear();
    this.#arrived.clear();
    this.#sent = [];
    this.#flying = 0;
    for (const clientId of [...this.#promises.keys()]) {
      this.#fail(clientId, ownProblem("sdk.cleared"));
    }
  }

  async #offer(queue: Queue, item: Item): Promise<void> {
    const { clientId, conversation } = item;
    const life = this.#core.life;
    queue.flying = clientId;
    this.#flying++;
    batch(() => this.#show(this.#rooms.get(conversation)));
    try {
      const params = { conversation, client_id: clientId, ...fromContent(item.content) };
      const message = await this.#core.ask("messages.send", params);
      if (this.#land(queue, clientId, life)) queue.failures = 0;
      this.#tell({ outbox: "sent", clientId, message });
      batch(() => this.#acknowledge(clientId, message));
    } catch (error) {
      if (!this.#land(queue, clientId, life)) return;
      batch(() => this.#refuse(queue, item, error));
    }
    this.drain();
  }

  /** `false`: the line was lost meanwhile, and everything is counted anew. */
  #land(queue: Queue, clientId: string, life: number): boolean {
    if (life !== this.#core.life || queue.flying !== clientId) return false;
    queue.flying = null;
    this.#flying--;
    return true;
  }

  #refuse(queue: Queue, item: Item, error: unknown): void {
    const told = problemOf(error);
    const isBroken = told.status >= 500 && !told.retryable && queue.failures < BROKEN_MAX;
    if (isRetryable(error) || isBroken) {
      // Whether it came before or behind the commit is not known: the same client id finds out.
      const bound = Math.min(BACKOFF_MS_CAP, BACKOFF_MS_BASE * 2 ** queue.failures++);
      const wait = Math.max(told.retryAfterMs ?? 0, bound * this.#core.random());
      queue.rest = this.#core.later(wait, () => {
        queue.rest = null;
        this.drain();
      });
      this.#show(this.#rooms.get(item.conversation));
      return;
    }
    queue.failures = 0;
    this.#giveUp(item, told);
  }

  #giveUp(item: Item, failure: Problem): void {
    const failed: Item = { ...item, state: "failed", failure };
    this.#replace(failed);
    void this.#keep(failed);
    this.#tell({ outbox: "put", item: failed });
    this.#fail(item.clientId, failure);
    this.#show(this.#rooms.get(item.conversation));
  }

  #expire(queue: Queue): void {
    for (const item of queue.items) {
      if (item.state !== "waiting" || this.#core.now() - item.queuedAt <= AGE_MS_MAX) continue;
      this.#giveUp(item, ownProblem("sdk.expired"));
    }
  }

  /** The reply has come. The message itself comes by the log; until then the echo shows it. */
  #acknowledge(clientId: string, wire: WireMessage): void {
    const message = toMessage(wire);
    const item = this.#items.get(clientId);
    if (!item) return;
    const room = this.#rooms.get(wire.conversation);
    const isThere = (room.row?.seqAt ?? 0) >= wire.seq || room.segments.find(wire.seq);
    if (!isThere) this.#arrived.set(clientId, Object.freeze({ ...message, key: item.key }));
    this.#settle(item);
    this.#show(room);
    this.#promises.get(clientId)?.resolve(message);
    this.#promises.delete(clientId);
  }

  /** It is done with; for a while it is remembered. */
  #settle(item: Item): void {
    this.#take(item);
    const sent: Item = { ...item, state: "sent", failure: null, sentAt: this.#core.now() };
    this.#sent.push(sent);
    this.#keeper.put("outbox", item.clientId, sent);
    const old = (one: Item): boolean => this.#core.now() - (one.sentAt ?? 0) > SENT_MS_MAX;
    while (this.#sent.length > SENT_MAX || (this.#sent[0] && old(this.#sent[0]))) {
      const first = this.#sent.shift();
      if (first) this.#keeper.put("outbox", first.clientId);
    }
  }

  #add(item: Item): void {
    if (this.#items.has(item.clientId) || this.#arrived.has(item.clientId)) return;
    if (this.#sent.some((sent) => sent.clientId === item.clientId)) return;
    this.#items.set(item.clientId, item);
    const queue = this.#queues.get(item.conversation) ?? newQueue();
    this.#queues.set(item.conversation, queue);
    queue.items.push(item);
    queue.items.sort(byAge);
    this.#show(this.#rooms.get(item.conversation));
  }

  #replace(item: Item): void {
    this.#items.set(item.clientId, item);
    const queue = this.#queues.get(item.conversation);
    if (queue) {
      queue.items = queue.items.map((one) => (one.clientId === item.clientId ? item : one));
    }
  }

  #take(item: Item): void {
    this.#items.delete(item.clientId);
    const queue = this.#queues.get(item.conversation);
    if (!queue) return;
    queue.items = queue.items.filter((one) => one.clientId !== item.clientId);
    this.#show(this.#rooms.get(item.conversation));
  }

  #fail(clientId: string, failure: Problem): void {
    this.#promises.get(clientId)?.reject(new HoopoeError(failure));
    this.#promises.delete(clientId);
  }

  #keep(item: Item): Promise<void> {
    return this.#keeper.write([{ table: "outbox", key: item.clientId, value: item }]);
  }

  #tell(told: Told): void {
    this.#core.line.tell(told);
  }

  #showAll(): void {
    for (const conversation of this.#queues.keys()) this.#show(this.#rooms.get(conversation));
  }

  /** Makes the echoes of a conversation anew. */
  #show(room: Room): void {
    const queue = this.#queues.get(room.id);
    const before = new Map(room.echoes.map((echo) => [echo.key, echo]));
    const arrived = [...this.#arrived.values()].filter((one) => one.conversation === room.id);
    arrived.sort((a, b) => (a.seq ?? 0) - (b.seq ?? 0));
    const waiting = (queue?.items ?? []).map((item) => {
      const echo = this.#echo(item, queue?.flying === item.clientId);
      const known = before.get(item.key);
      return known?.state === echo.state && known.failure === echo.failure ? known : echo;
    });
    const echoes = [...arrived, ...waiting];
    const isSame =
      echoes.length === room.echoes.length && echoes.every((e, at) => e === room.echoes[at]);
    if (isSame) return;
    room.echoes = echoes;
    room.touchMessages();
  }

  #echo(item: Item, isFlying: boolean): Message {
    const isOffered = isFlying || (!this.#core.isLeader && this.#core.isOnline);
    const isSending = isOffered || this.#unkept.has(item.clientId);
    const { content } = item;
    return Object.freeze({
      key: item.key,
      conversation: item.conversation,
      seq: null,
      clientId: item.clientId,
      sender: item.sender ?? this.#core.user,
      kind: content.kind ?? "text",
      text: content.text ?? "",
      mentions: content.mentions ?? [],
      replyTo: content.replyTo ?? null,
      metadata: content.metadata ?? {},
      createdAt: item.queuedAt,
      editedAt: null,
      deleted: false,
      recalled: false,
      recalledContent: null,
      reactions: [],
      state: item.state === "failed" ? "failed" : isSending ? "sending" : "queued",
      failure: item.failure,
    });
  }
}

function newQueue(): Queue {
  return { items: [], flying: null, failures: 0, rest: null };
}

/** The older first; of one millisecond, by their client ids, which grow with time as well. */
function byAge(a: Item, b: Item): number {
  return (
    a.queuedAt - b.queuedAt || (a.clientId < b.clientId ? -1 : a.clientId > b.clientId ? 1 : 0)
  );
}
