/**
 * What somebody has chosen for this device. It is kept in `localStorage`, where `theme.js` reads it
 * before the first paint, and is the same in all tabs. It holds nothing about what was written.
 */

import type { Observable } from "@hoopoe/sdk";
import { settable } from "./value.ts";

export type ThemeChoice = "system" | "light" | "dark" | "contrast";
export type LocaleChoice = "system" | "en" | "zh";
/** What an open page tells: nothing, what speaks to the user (and direct messages), everything. */
export type NotifyChoice = "off" | "mentions" | "all";

export interface Preferences {
  readonly theme: ThemeChoice;
  readonly locale: LocaleChoice;
  /** Enter sends and Shift+Enter breaks the line; `false`: Ctrl/⌘+Enter sends. */
  readonly enterSends: boolean;
  readonly notify: NotifyChoice;
  /** Notifications show what was written, not only who wrote. */
  readonly preview: boolean;
  readonly sound: boolean;
  /** Shortcuts of a single key without Ctrl, Alt or ⌘, such as `?`. */
  readonly singleKeys: boolean;
}

export const KEY = "hoopoe.preferences";

export const DEFAULTS: Preferences = {
  theme: "system",
  locale: "system",
  enterSends: true,
  notify: "off",
  preview: true,
  sound: true,
  singleKeys: true,
};

/** Where preferences are kept: `localStorage`, or what stands in for it. */
export type Store = Pick<Storage, "getItem" | "setItem">;

export interface PreferenceStore extends Observable<Preferences> {
  change(change: Partial<Preferences>): void;
}

/** Reads what was kept. What is missing or nonsense becomes the default, entry by entry. */
export function parse(text: string | null): Preferences {
  let kept: Record<string, unknown> = {};
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    if (typeof value === "object" && value !== null) kept = value as Record<string, unknown>;
  } catch {
    // Somebody else's text under our key: the defaults are all that is left.
  }
  const among = <T extends string>(name: keyof Preferences, allowed: readonly T[], other: T): T =>
    allowed.find((value) => value === kept[name]) ?? other;
  const flag = (name: keyof Preferences, other: boolean): boolean => {
    const value = kept[name];
    return typeof value === "boolean" ? value : other;
  };
  return {
    theme: among("theme", ["system", "light", "dark", "contrast"], "system"),
    locale: among("locale", ["system", "en", "zh"], "system"),
    enterSends: flag("enterSends", DEFAULTS.enterSends),
    notify: among("notify", ["off", "mentions", "all"], "off"),
    preview: flag("preview", DEFAULTS.preview),
    sound: flag("sound", DEFAULTS.sound),
    singleKeys: flag("singleKeys", DEFAULTS.singleKeys),
  };
}

/** The preferences in a store. Where it refuses (private windows), they last as long as the page. */
export function createPreferences(store: () => Store, events: EventTarget): PreferenceStore {
  const read = (): Preferences => {
    try {
      return parse(store().getItem(KEY));
    } catch {
      return DEFAULTS;
    }
  };
  const value = settable(read());
  // Another tab changed them; a `null` key is a store that was emptied.
  events.addEventListener("storage", (event) => {
    const key = (event as StorageEvent).key;
    if (key === KEY || key === null) value.set(read());
  });
  return {
    getSnapshot: value.getSnapshot,
    subscribe: value.subscribe,
    change(change) {
      value.set({ ...value.getSnapshot(), ...change });
      try {
        store().setItem(KEY, JSON.stringify(value.getSnapshot()));
      } catch {
        // Full or forbidden: the choice holds until the page is left.
      }
    },
  };
}

/** The language to speak: the choice, or the first of the browser's that there is. */
export function resolveLocale(choice: LocaleChoice, languages: readonly string[]): "en" | "zh" {
  if (choice !== "system") return choice;
  const first = languages.find((tag) => /^(?:en|zh)\b/i.test(tag));
  return first !== undefined && /^zh/i.test(first) ? "zh" : "en";
}
