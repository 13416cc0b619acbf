/** What this device is called in the list of devices. */

import type { Store } from "./preferences.ts";

export interface DeviceName {
  readonly id: string;
  /** `Firefox on Linux` */
  readonly name: string;
  readonly platform: string;
}

const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:e|A|iOS)?\//, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\bSamsungBrowser\//, "Samsung Internet"],
  [/\bMicroMessenger\//, "WeChat"],
  [/\b(?:Firefox|FxiOS)\//, "Firefox"],
  [/\b(?:(?:Headless)?Chrome|CriOS|Chromium)\//, "Chrome"],
  [/\bSafari\//, "Safari"],
];

const SYSTEMS: readonly (readonly [RegExp, name: string, platform: string])[] = [
  [/\biPhone\b/, "iPhone", "ios"],
  [/\biPad\b/, "iPad", "ios"],
  [/\bAndroid\b/, "Android", "android"],
  [/\bCrOS\b/, "ChromeOS", "chromeos"],
  [/\bWindows\b/, "Windows", "windows"],
  [/\bMac OS X\b/, "macOS", "macos"],
  [/\bLinux\b/, "Linux", "linux"],
];

/** Browser and system by the user agent. Brands are the same in all languages. */
export function describeAgent(agent: string): Omit<DeviceName, "id"> {
  const browser = BROWSERS.find(([pattern]) => pattern.test(agent))?.[1];
  const system = SYSTEMS.find(([pattern]) => pattern.test(agent));
  const name = [browser, system?.[1]].filter(Boolean).join(" · ");
  return { name, platform: system?.[2] ?? "web" };
}

const KEY = "hoopoe.device";

/** An id that stays with this browser, so that signing in again is the same device. */
export function deviceId(store: () => Store, random: () => string): string {
  try {
    const kept = store().getItem(KEY);
    if (kept !== null && kept !== "") return kept;
    const made = random();
    store().setItem(KEY, made);
    return made;
  } catch {
    return random();
  }
}
