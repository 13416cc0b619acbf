import { describe, expect, it } from "vitest";
import { message } from "../testing/fixture.ts";
import { type Asker, actionsFor } from "./actions.ts";
import { layoutAt, progressOf } from "./layout.ts";

const NOON = new Date(2026, 10, 25, 12).getTime();
const MINUTE = 60_000;
const sameDay = (a: number, b: number) => new Date(a).toDateString() === new Date(b).toDateString();
const say = (seq: number | null, sender: string | null, minutes: number, more = {}) =>
  message("c", seq, sender, "x", { createdAt: NOON + minutes * MINUTE, ...more });

/** First, last, day, unread: a letter for each that holds. */
function flags(items: readonly ReturnType<typeof say>[], unread: number | null = null) {
  return items.map((_, i) => {
    const layout = layoutAt(items, i, unread, sameDay);
    return `${layout.first ? "f" : ""}${layout.last ? "l" : ""}${layout.day ? "d" : ""}${layout.unread ? "u" : ""}`;
  });
}

describe("messages stand together", () => {
  it("when one sender wrote them within five minutes of each other", () => {
    expect(flags([say(1, "a", 0), say(2, "a", 5), say(3, "a", 10), say(4, "b", 10)])).toEqual([
      "fd",
      "",
      "l",
      "fl",
    ]);
    expect(flags([say(1, "a", 0), say(2, "a", 6)])).toEqual(["fld", "fl"]);
  });

  it("but not across a day, what is unread, or a line of the server", () => {
    const midnight = 12 * 60;
    expect(flags([say(1, "a", midnight - 1), say(2, "a", midnight + 1)])).toEqual(["fld", "fld"]);
    expect(flags([say(1, "a", 0), say(2, "a", 1), say(3, "a", 2)], 2)).toEqual(["fld", "fu", "l"]);
    expect(flags([say(1, "a", 0), say(2, null, 1), say(3, "a", 2)])).toEqual(["fld", "fl", "fl"]);
  });

  it("and unread begins at the first that is left of what was unread", () => {
    expect(flags([say(1, "a", 0), say(5, "b", 1)], 3)).toEqual(["fld", "flu"]);
    expect(flags([say(5, "a", 0)], 3)).toEqual(["fld"]);
    expect(flags([say(3, "a", 0)], 3)).toEqual(["fldu"]);
    expect(flags([say(1, "a", 0), say(null, "b", 1)], 3)).toEqual(["fld", "fl"]);
  });
});

it("an own message is as far as the others are", () => {
  const marks = { deliveredSeq: 2, readSeq: 1 };
  expect([1, 2, 3].map((seq) => progressOf(say(seq, "a", 0), marks))).toEqual([
    "read",
    "delivered",
    "sent",
  ]);
  expect(progressOf(say(null, "a", 0, { state: "queued" }), marks)).toBe("queued");
});

describe("what may be done", () => {
  const asker: Asker = {
    me: "a",
    role: "member",
    app: { recallWindowS: 120, editWindowS: 86_400 },
    now: NOON + MINUTE,
  };

  it("with an own message ends with the app's windows", () => {
    expect(actionsFor(say(1, "a", 0), asker)).toEqual([
      "reply",
      "react",
      "edit",
      "copy",
      "select",
      "unread",
      "readBy",
      "recall",
      "deleteForMe",
      "deleteForAll",
    ]);
    const late = { ...asker, now: NOON + 2 * MINUTE };
    expect(actionsFor(say(1, "a", 0), late)).not.toContain("recall");
    expect(actionsFor(say(1, "a", 0), late)).toContain("edit");
    expect(actionsFor(say(1, "a", 0), { ...asker, app: null })).not.toContain("edit");
    expect(
      actionsFor(say(1, "a", 0), { ...asker, app: { recallWindowS: 0, editWindowS: 0 } }),
    ).not.toContain("recall");
  });

  it("with those of others is more for owners and admins", () => {
    expect(actionsFor(say(1, "b", -9999), asker)).not.toContain("recall");
    expect(actionsFor(say(1, "b", -9999), { ...asker, role: "admin" })).toContain("recall");
    expect(actionsFor(say(1, "b", 0), { ...asker, role: "owner" })).not.toContain("edit");
  });

  it("is little for guests, with tombstones, with lines of the server, and before it is sent", () => {
    const guest = actionsFor(say(1, "b", 0), { ...asker, role: "guest" });
    expect(guest).not.toContain("reply");
    expect(guest).not.toContain("react");
    expect(actionsFor(say(1, "b", 0, { deleted: true, text: "" }), asker)).toEqual([
      "unread",
      "deleteForMe",
    ]);
    expect(actionsFor(say(1, null, 0), asker)).toEqual(["copy", "unread"]);
    expect(actionsFor(say(null, "a", 0, { state: "failed" }), asker)).toEqual([
      "copy",
      "retry",
      "discard",
    ]);
    expect(actionsFor(say(null, "a", 0, { state: "sending" }), asker)).toEqual(["copy"]);
  });
});
