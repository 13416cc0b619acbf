import { expect, it } from "vitest";
import { type Channel, createSeen } from "./seen.ts";

/** A street in which every channel hears the others at once. */
function street(): () => Channel {
  const channels: Channel[] = [];
  return () => {
    const channel: Channel = {
      onmessage: null,
      postMessage(data: unknown) {
        for (const other of channels) {
          if (other !== channel) other.onmessage?.({ data } as MessageEvent);
        }
      },
      close: () => void channels.splice(channels.indexOf(channel), 1),
    };
    channels.push(channel);
    return channel;
  };
}

it("what one tab shows is seen by all", () => {
  const open = street();
  const a = createSeen(open(), "a");
  const b = createSeen(open(), "b");
  a.show("cnv_1");
  expect(a.has("cnv_1")).toBe(true);
  expect(b.has("cnv_1")).toBe(true);
  a.show("cnv_2");
  expect(b.has("cnv_1")).toBe(false);
  a.show(null);
  expect(b.has("cnv_2")).toBe(false);
});

it("a tab that begins learns what the others show", () => {
  const open = street();
  const a = createSeen(open(), "a");
  a.show("cnv_1");
  const late = createSeen(open(), "late");
  expect(late.has("cnv_1")).toBe(true);
});

it("a tab that ends shows nothing", () => {
  const open = street();
  const a = createSeen(open(), "a");
  const b = createSeen(open(), "b");
  a.show("cnv_1");
  a.close();
  expect(b.has("cnv_1")).toBe(false);
});
