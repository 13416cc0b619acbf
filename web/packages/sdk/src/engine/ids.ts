/** Ids and what is made of them. */

let lastMs = 0;
let counter = 0;

/**
 * A UUID of version 7: the time, a counter within the millisecond so that ids of one tab grow, and
 * chance.
 */
export function uuidV7(now: number, random: () => number): string {
  if (now > lastMs || ++counter > 0xfff) {
    // A clock that stands still, or was set back, must not make an id twice.
    lastMs = Math.max(now, lastMs + 1);
    counter = Math.floor(random() * 0x400);
  }
  const hex = (value: number, digits: number): string =>
    Math.floor(value).toString(16).padStart(digits, "0");
  const time = hex(lastMs, 12);
  const variant = hex(0x8000 + random() * 0x4000, 4);
  const tail = hex(random() * 2 ** 24, 6) + hex(random() * 2 ** 24, 6);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(counter, 3)}-${variant}-${tail}`;
}

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const WORTH = new Map([...DIGITS].map((digit, worth) => [digit, worth]));

/** The 16 bytes of an id's 22 base62 digits; zeros for what is none. */
export function idBytes(id: string): Uint8Array {
  const digits = id.slice(id.indexOf("_") + 1);
  let value = 0n;
  // Eight digits at a time fit a number exactly.
  for (let from = 0; from < digits.length; from += 8) {
    const part = digits.slice(from, from + 8);
    let sum = 0;
    for (const digit of part) sum = sum * 62 + (WORTH.get(digit) ?? 0);
    value = value * BigInt(62 ** part.length) + BigInt(sum);
  }
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt.asUintN(64, value >> 64n));
  view.setBigUint64(8, BigInt.asUintN(64, value));
  return bytes;
}

/** Where a conversation stands. */
export interface Position {
  readonly id: string;
  readonly seq: number;
  readonly rev: number;
}

/**
 * The digest over all memberships, as the protocol describes it at `Sync`; an empty text where the
 * platform does not hash, as browsers do not on pages without TLS: nothing is equal to it.
 */
export async function digestOf(positions: readonly Position[]): Promise<string> {
  if (!globalThis.crypto?.subtle) return "";
  const entries = positions.map(({ id, seq, rev }) => {
    const entry = new Uint8Array(32);
    entry.set(idBytes(id));
    const view = new DataView(entry.buffer);
    view.setBigUint64(16, BigInt(seq));
    view.setBigUint64(24, BigInt(rev));
    return entry;
  });
  entries.sort(compare);
  const all = new Uint8Array(entries.length * 32);
  entries.forEach((entry, at) => {
    all.set(entry, at * 32);
  });
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", all));
  return [...hash.slice(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function compare(a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < a.length; at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
