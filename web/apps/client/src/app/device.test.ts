import { expect, it } from "vitest";
import { describeAgent, deviceId } from "./device.ts";

const agents: [string, string, string][] = [
  [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
    "Edge · Windows",
    "windows",
  ],
  [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
    "Safari · iPhone",
    "ios",
  ],
  [
    "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
    "Chrome · Android",
    "android",
  ],
  [
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Firefox · Linux",
    "linux",
  ],
  ["curl/8", "", "web"],
];

it.each(agents)("%s", (agent, name, platform) => {
  expect(describeAgent(agent)).toEqual({ name, platform });
});

it("the id of a device stays the same", () => {
  const kept = new Map<string, string>();
  const store = () => ({
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  });
  const first = deviceId(store, () => "one");
  expect(deviceId(store, () => "two")).toBe(first);
});

it("without a store a device is new each time", () => {
  const store = () => {
    throw new Error("forbidden");
  };
  expect(deviceId(store, () => "one")).toBe("one");
});
