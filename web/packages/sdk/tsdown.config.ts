import { defineConfig } from "tsdown";

export default defineConfig({
  entry: { index: "src/index.ts", signin: "src/signin/index.ts" },
  platform: "neutral",
  target: "es2022",
  // Modules that a page can load as they are; what they are made of is in the map.
  minify: true,
  sourcemap: true,
  dts: { sourcemap: false, eager: true },
  deps: { alwaysBundle: [/.*/] },
  outExtensions: () => ({ js: ".js", dts: ".d.ts" }),
});
