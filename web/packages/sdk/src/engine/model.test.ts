/** Chance against the engine: whatever happens on the way, in the end it has what the server has. */

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Client } from "../client.ts";
import type { EventFrame, SkipFrame } from "../line.ts";
import { device, type Rig, rig, settle, synced, until } from "../testing/rig.ts";
import { DoubleServer, idOf, refusal } from "../testing/server.ts";

const SEEDS = 60;
const STEPS = 120;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Chance that can be repeated (mulberry32). */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % sides;
  };
}

/** One run: a server, a device, and the page that is open on it. */
class Run {
  readonly server = new DoubleServer();
  readonly storage = device();
  readonly roll: (sides: number) => number;
  sent = 0;
  private rig: Rig;
  private isUp = false;

  constructor(seed: number) {
    this.roll = dice(seed);
    for (let number = 1; number <= 4; number++) this.server.add(number, this.roll(30));
    this.server.instead = (method) => {
      if (this.roll(25) === 0 && method !== "conversations.get") {
        throw refusal("server.unavailable", 503, true);
      }
      return undefined;
    };
    this.rig = this.load();
  }

  get client(): Client {
    return this.rig.client;
  }

  async step(): Promise<void> {
    const { server, roll, rig: now } = this;
    const id = idOf(1 + roll(server.conversations.size));
    const { messages } = server.of(id);
    const seq = 1 + roll(Math.max(1, messages.length));
    switch (roll(14)) {
      case 0:
      case 1:
      case 2:
        for (let n = roll(4); n >= 0; n--) server.say(id, "bob", `b${server.nowMs}`);
        break;
      case 3:
        if (roll(4) === 0) for (let n = 0; n < 230; n++) server.say(id, "bob", `x${server.nowMs}`);
        break;
      case 4:
        server.say(id, "ann", `phone ${server.nowMs}`);
        break;
      case 5:
        this.edit(id, seq);
        break;
      case 6:
        if (messages[seq - 1] && !messages[seq - 1]?.deleted) {
          server.change(id, "message.recalled", { seq, by: "bob" });
        }
        break;
      case 7:
        this.send(id);
        break;
      case 8:
        if (this.isUp) now.line.lose();
        this.isUp = false;
        break;
      case 9:
        await this.up();
        break;
      case 10:
        this.deliverBadly();
        break;
      case 11:
        void this.client.conversations.get(id).markRead();
        break;
      case 12:
        await this.rare(id);
        break;
      default:
        await settle();
    }
  }

  private async rare(id: string): Promise<void> {
    switch (this.roll(4)) {
      case 0:
        this.server.add(this.server.conversations.size + 1, this.roll(5));
        break;
      case 1:
        // The page is loaded anew.
        await vi.advanceTimersByTimeAsync(1_000);
        this.rig.line.lose();
        this.rig = this.load();
        break;
      default:
        this.client.conversations.get(id).open();
    }
  }

  /** Everything comes to rest, with a line that works. */
  async finish(): Promise<void> {
    this.server.instead = undefined;
    for (const frame of this.rig.line.held ?? []) this.rig.line.handler?.onFrame(frame);
    this.rig.line.held = null;
    await this.up();
    for (let round = 0; round < 12; round++) {
      await settle();
      await vi.advanceTimersByTimeAsync(10_000);
    }
    await synced(this.client);
    await settle();
  }

  async up(): Promise<void> {
    if (this.isUp) return;
    await until(() => this.rig.line.opened > 0);
    this.isUp = true;
    await this.rig.line.start();
  }

  private load(): Rig {
    this.isUp = false;
    const made = rig(this.server, { storage: this.storage });
    void made.client.connect();
    return made;
  }

  private edit(id: string, seq: number): void {
    const message = this.server.of(id).messages[seq - 1];
    if (!message || message.deleted) return;
    this.server.nowMs += 1_000;
    const edited_at = new Date(this.server.nowMs).toISOString();
    this.server.change(id, "message.updated", { seq, text: `${message.text}!`, edited_at });
  }

  private send(id: string): void {
    // Before the first session there is nobody to send as.
    if (!this.client.me.getSnapshot()) return;
    this.sent++;
    void this.client.conversations.get(id).send(`mine ${this.sent}`);
  }

  /** Events are held back, and then come in any order, some twice. */
  private deliverBadly(): void {
    const { line } = this.rig;
    if (!line.held) {
      line.held = [];
      return;
    }
    const frames: (EventFrame | SkipFrame)[] = line.held;
    line.held = null;
    if (!this.isUp) return;
    const order = frames.flatMap((frame) => (this.roll(4) === 0 ? [frame, frame] : [frame]));
    for (let at = order.length - 1; at > 0; at--) {
      const other = this.roll(at + 1);
      const [a, b] = [order[at], order[other]];
      if (a && b) [order[at], order[other]] = [b, a];
    }
    for (const frame of order) line.handler?.onFrame(frame);
  }
}

async function history(client: Client, id: string): Promise<string[]> {
  const handle = client.conversations.get(id);
  handle.open();
  await settle();
  await handle.jumpToLatest();
  for (let page = 0; handle.timeline.getSnapshot().hasBefore && page < 100; page++) {
    await handle.loadBefore();
  }
  return handle.timeline
    .getSnapshot()
    .items.map(({ seq, text, state }) => `${seq} ${text} ${state}`);
}

for (let seed = 1; seed <= SEEDS; seed++) {
  it(`has everything once and in order: seed ${seed}`, async () => {
    const run = new Run(seed);
    for (let step = 0; step < STEPS; step++) await run.step();
    await run.finish();
    const { server, client } = run;
    const list = client.conversations.list.getSnapshot();
    expect(new Set(list.map(({ id }) => id))).toEqual(new Set(server.conversations.keys()));
    for (const { id, unread, readSeq, headSeq, last } of list) {
      const { messages, readSeq: read } = server.of(id);
      const later = messages.slice(read).filter((one) => one.sender !== "ann" && !one.deleted);
      expect({ id, unread, headSeq }).toEqual({
        id,
        unread: later.length,
        headSeq: messages.length,
      });
      // Own messages behind what was read count as read, and the server may not know it yet.
      expect(messages.slice(read, readSeq).filter(({ sender }) => sender !== "ann")).toEqual([]);
      expect(readSeq).toBeGreaterThanOrEqual(read);
      const newest = messages.at(-1);
      if (last && newest) expect(last.seq).toBe(newest.seq);
      expect(await history(client, id)).toEqual(
        messages.map(({ seq, text, deleted }) => `${seq} ${deleted ? "" : text} sent`),
      );
    }
    const mine = [...server.conversations.values()]
      .flatMap(({ messages }) => messages.map(({ client_id }) => client_id))
      .filter((client_id) => !client_id.includes("cnv_"));
    expect(mine.length).toBe(new Set(mine).size);
    expect(mine.length).toBe(run.sent);
  });
}
