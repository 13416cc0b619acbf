import { describe, expect, it } from "vitest";
import { parseRoute, paths, SETTINGS_PAGES } from "./routes.ts";

describe("an address", () => {
  it("leads where it was made for", () => {
    expect(parseRoute(paths.home)).toEqual({ name: "home" });
    expect(parseRoute(paths.conversation("cnv_1"))).toEqual({
      name: "conversation",
      conversation: "cnv_1",
      seq: null,
    });
    expect(parseRoute(paths.message("cnv_1", 42))).toEqual({
      name: "conversation",
      conversation: "cnv_1",
      seq: 42,
    });
    expect(parseRoute(paths.person("a/b@c.d"))).toEqual({ name: "person", user: "a/b@c.d" });
    for (const page of SETTINGS_PAGES) {
      expect(parseRoute(paths.settings(page))).toEqual({ name: "settings", page });
    }
    expect(parseRoute("/settings/")).toEqual({ name: "settings", page: null });
  });

  it.each([
    "/c",
    "/c/cnv_1/m",
    "/c/cnv_1/m/0",
    "/c/cnv_1/m/-1",
    "/c/cnv_1/m/1e3",
    "/c/cnv_1/x/1",
    "/c/cnv_1/m/1/more",
    "/c/%E0%A4%A",
    "/settings/secret",
    "/settings/profile/more",
    "/people",
    "/elsewhere",
  ])("that is none is unknown: %s", (path) => {
    expect(parseRoute(path)).toEqual({ name: "unknown" });
  });
});
