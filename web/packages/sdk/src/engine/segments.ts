/** What is known of a conversation's messages: stretches without a hole. */

import type { Message } from "../model.ts";
import { sameMessage } from "./convert.ts";

/**
 * A stretch: everything from `from` to `to` that this user may see is in `items`. A number in
 * between without an item is a message that they may not see.
 */
export interface Segment {
  from: number;
  to: number;
  /** There is nothing older to be seen. */
  isStart: boolean;
  items: Message[];
  /** The stretch that took this one in. */
  into?: Segment;
}

/** The stretch that has what `segment` had. */
export function settled(segment: Segment): Segment {
  let now = segment;
  while (now.into) now = now.into;
  return now;
}

const seqOf = (message: Message | undefined): number => message?.seq ?? 0;

/** The index of the first item at or behind `seq`. */
export function indexOf(items: readonly Message[], seq: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (seqOf(items[middle]) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The stretches of a conversation, in their order. */
export class Segments {
  list: Segment[] = [];

  get last(): Segment | undefined {
    return this.list.at(-1);
  }

  /** The stretch that covers `seq`. */
  covering(seq: number): Segment | undefined {
    return this.list.find((segment) => segment.from <= seq && seq <= segment.to);
  }

  find(seq: number): Message | undefined {
    const items = this.covering(seq)?.items;
    if (!items) return undefined;
    const found = items[indexOf(items, seq)];
    return found?.seq === seq ? found : undefined;
  }

  /** Puts a stretch in, and joins it with what it touches. Where both know something, `page` is right. */
  put(page: Segment): Segment {
    const touching = this.list.filter((s) => s.to >= page.from - 1 && s.from <= page.to + 1);
    const target = touching[0];
    if (!target) {
      const at = this.list.findIndex((segment) => segment.from > page.to);
      this.list.splice(at < 0 ? this.list.length : at, 0, page);
      return page;
    }
    const last = touching[touching.length - 1] ?? target;
    const before = target.items.slice(0, indexOf(target.items, page.from));
    const behind = last.items.slice(indexOf(last.items, page.to + 1));
    const fresh = page.items.map((item) => {
      const known = this.find(seqOf(item));
      if (!known) return item;
      if (sameMessage(known, item)) return known;
      // What this device knows besides stays with it.
      return known.recalledContent && item.deleted
        ? Object.freeze({ ...item, recalledContent: known.recalledContent })
        : item;
    });
    target.items = before.concat(fresh, behind);
    const begins = Math.min(page.from, target.from);
    target.isStart =
      (target.from <= page.from && target.isStart) || (page.from <= target.from && page.isStart);
    target.from = begins;
    target.to = Math.max(page.to, last.to);
    for (const other of touching) if (other !== target) other.into = target;
    this.list = this.list.filter((segment) => segment.into === undefined);
    return target;
  }

  /** The entry `seq`, the next of its conversation; `null` for one that may not be seen. */
  append(seq: number, message: Message | null): void {
    const last = this.last;
    if (last && last.to >= seq) return;
    if (last && last.to === seq - 1) {
      last.to = seq;
      if (message) last.items.push(message);
    } else if (message) {
      this.list.push({ from: seq, to: seq, isStart: seq === 1, items: [message] });
    }
  }

  /** Puts another message in the place of one that is known; `null` takes it out. */
  replace(seq: number, message: Message | null): boolean {
    const items = this.covering(seq)?.items;
    if (!items) return false;
    const at = indexOf(items, seq);
    if (items[at]?.seq !== seq) return false;
    if (message) items[at] = message;
    else items.splice(at, 1);
    return true;
  }

  /** Lets everything go but the newest `count` of the last stretch. */
  trim(count: number): void {
    const last = this.last;
    this.list = last ? [last] : [];
    if (!last || last.items.length <= count) return;
    last.items = last.items.slice(-count);
    last.from = seqOf(last.items[0]);
    last.isStart = false;
  }
}
