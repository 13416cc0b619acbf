import { describe, expect, it } from "vitest";
import { createPreferences, DEFAULTS, KEY, parse, resolveLocale } from "./preferences.ts";

function memory(initial?: string): {
  getItem(): string | null;
  setItem(k: string, v: string): void;
} {
  let kept = initial ?? null;
  return {
    getItem: () => kept,
    setItem: (_key, value) => {
      kept = value;
    },
  };
}

describe("preferences", () => {
  it("become the defaults entry by entry where nonsense was kept", () => {
    expect(parse(null)).toEqual(DEFAULTS);
    expect(parse("not json")).toEqual(DEFAULTS);
    expect(parse("null")).toEqual(DEFAULTS);
    expect(parse('{"theme":"pink","sound":"yes","locale":"zh"}')).toEqual({
      ...DEFAULTS,
      locale: "zh",
    });
  });

  it("are kept when they change, and told", () => {
    const store = memory();
    const preferences = createPreferences(() => store, new EventTarget());
    let told = 0;
    preferences.subscribe(() => told++);
    preferences.change({ theme: "dark" });
    preferences.change({ sound: false });
    expect(told).toBe(2);
    expect(parse(store.getItem())).toEqual({ ...DEFAULTS, theme: "dark", sound: false });
  });

  it("follow another tab", () => {
    const store = memory();
    const events = new EventTarget();
    const preferences = createPreferences(() => store, events);
    store.setItem(KEY, '{"theme":"contrast"}');
    events.dispatchEvent(Object.assign(new Event("storage"), { key: KEY }));
    expect(preferences.getSnapshot().theme).toBe("contrast");
  });

  it("work without a store", () => {
    const preferences = createPreferences(() => {
      throw new Error("forbidden");
    }, new EventTarget());
    preferences.change({ theme: "dark" });
    expect(preferences.getSnapshot().theme).toBe("dark");
  });
});

describe("the language", () => {
  it("is the first of the browser's that there is", () => {
    expect(resolveLocale("system", ["fr-FR", "zh-TW", "en"])).toBe("zh");
    expect(resolveLocale("system", ["de"])).toBe("en");
    expect(resolveLocale("en", ["zh-CN"])).toBe("en");
  });
});
