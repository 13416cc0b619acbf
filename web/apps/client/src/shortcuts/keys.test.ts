import { describe, expect, it } from "vitest";
import { type Action, actionOf, type Key, neighbour } from "./keys.ts";

const key = (change: Partial<Key>): Key => ({
  key: "",
  code: "",
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  isComposing: false,
  keyCode: 0,
  ...change,
});
const plain = { mac: false, typing: false, singleKeys: true };

describe("a key", () => {
  const cases: [Partial<Key>, Action | null][] = [
    [{ key: "k", ctrlKey: true }, "switcher"],
    [{ key: "k", metaKey: true }, null],
    [{ key: "K", ctrlKey: true, shiftKey: true }, null],
    [{ key: "ArrowUp", altKey: true }, "previous"],
    [{ key: "ArrowDown", altKey: true }, "next"],
    [{ key: "ArrowUp", altKey: true, shiftKey: true }, "previousUnread"],
    [{ key: "ArrowDown", altKey: true, shiftKey: true }, "nextUnread"],
    [{ key: "Escape" }, "escape"],
    [{ key: "Escape", shiftKey: true }, "readAll"],
    [{ key: "/", ctrlKey: true }, "sheet"],
    [{ key: "?" }, "sheet"],
    [{ key: "Escape", isComposing: true }, null],
    [{ key: "Escape", keyCode: 229 }, null],
    [{ key: "a" }, null],
  ];
  it.each(cases)("%j asks for %s", (event, action) => {
    expect(actionOf(key(event), plain)).toBe(action);
  });

  it("with ⌘ counts on a Mac", () => {
    const mac = { ...plain, mac: true };
    expect(actionOf(key({ key: "k", metaKey: true }), mac)).toBe("switcher");
    expect(actionOf(key({ key: "k", ctrlKey: true }), mac)).toBeNull();
  });

  it("alone does nothing where text is typed, or where single keys are off", () => {
    expect(actionOf(key({ key: "?" }), { ...plain, typing: true })).toBeNull();
    expect(actionOf(key({ key: "?" }), { ...plain, singleKeys: false })).toBeNull();
  });
});

describe("the neighbour in the list", () => {
  const list = [
    { id: "a", unread: 0, unreadFrom: null },
    { id: "b", unread: 2, unreadFrom: null },
    { id: "c", unread: 0, unreadFrom: null },
    { id: "d", unread: 0, unreadFrom: 7 },
  ];
  it("goes around the ends", () => {
    expect(neighbour(list, "a", 1, false)).toBe("b");
    expect(neighbour(list, "d", 1, false)).toBe("a");
    expect(neighbour(list, "a", -1, false)).toBe("d");
  });
  it("is the first or the last when nothing is open", () => {
    expect(neighbour(list, null, 1, false)).toBe("a");
    expect(neighbour(list, null, -1, false)).toBe("d");
  });
  it("can be the next unread one", () => {
    expect(neighbour(list, "b", 1, true)).toBe("d");
    expect(neighbour(list, "b", -1, true)).toBe("d");
    expect(neighbour(list, "a", -1, true)).toBe("d");
  });
  it("is nobody where there is none", () => {
    expect(neighbour([], null, 1, false)).toBeNull();
    expect(neighbour(list.slice(0, 1), "a", 1, false)).toBeNull();
    expect(neighbour(list.slice(0, 1), null, 1, true)).toBeNull();
  });
});
