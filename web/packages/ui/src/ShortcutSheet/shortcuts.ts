/** The keys of the client, as the sheet shows them. */

import type { Messages } from "../i18n/words.ts";

type Name = keyof Messages["composer"]["shortcut"];
type Group = keyof Messages["composer"]["shortcutGroups"];

/** What one presses: keys at once; `mod` is ⌘ on Apple's machines and Ctrl elsewhere. */
export type Keys = readonly string[];

/** One thing to do, and the ways to do it. */
export interface Shortcut {
  readonly name: Name;
  readonly ways: readonly Keys[];
}

/** All shortcuts, by where they work. */
export const SHORTCUTS: readonly { readonly group: Group; readonly items: readonly Shortcut[] }[] =
  [
    {
      group: "general",
      items: [
        { name: "switcher", ways: [["mod", "K"]] },
        { name: "sheet", ways: [["mod", "/"], ["?"]] },
        { name: "previous", ways: [["alt", "↑"]] },
        { name: "next", ways: [["alt", "↓"]] },
        { name: "previousUnread", ways: [["alt", "shift", "↑"]] },
        { name: "nextUnread", ways: [["alt", "shift", "↓"]] },
        { name: "close", ways: [["Esc"]] },
        { name: "readAll", ways: [["shift", "Esc"]] },
      ],
    },
    {
      group: "list",
      items: [
        { name: "move", ways: [["↑"], ["↓"], ["J"], ["K"]] },
        { name: "scroll", ways: [["PgUp"], ["PgDn"], ["Home"], ["End"]] },
        { name: "reply", ways: [["R"]] },
        { name: "edit", ways: [["E"]] },
        { name: "react", ways: [["+"]] },
      ],
    },
    {
      group: "writing",
      items: [
        { name: "send", ways: [["Enter"]] },
        { name: "newline", ways: [["shift", "Enter"]] },
        { name: "editLast", ways: [["↑"]] },
        { name: "bold", ways: [["mod", "B"]] },
        { name: "italic", ways: [["mod", "I"]] },
        { name: "code", ways: [["mod", "E"]] },
        { name: "strike", ways: [["mod", "shift", "X"]] },
        { name: "mention", ways: [["@"]] },
        { name: "emoji", ways: [[":"]] },
      ],
    },
  ];

const APPLE: Readonly<Record<string, string>> = { mod: "⌘", alt: "⌥", shift: "⇧" };
const OTHER: Readonly<Record<string, string>> = { mod: "Ctrl", alt: "Alt", shift: "Shift" };

/** What is printed on a key. */
export function keyName(key: string, mac: boolean): string {
  return (mac ? APPLE : OTHER)[key] ?? key;
}

/** A shortcut in a few signs, for tips: `Ctrl+K`, `⌘K`. */
export function shortcutText(keys: Keys, mac: boolean): string {
  return keys.map((key) => keyName(key, mac)).join(mac ? "" : "+");
}
