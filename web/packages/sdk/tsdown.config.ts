import { defineConfig } from "tsdown";

export default defineConfig({
  entry: "src/index.ts",
  platform: "neutral",
  target: "es2022",
  // One file that a page can load as it is; what it is made of is in the map.
  minify: true,
  sourcemap: true,
  dts: { sourcemap: false, eager: true },
  deps: { alwaysBundle: [/.*/] },
  outExtensions: () => ({ js: ".js", dts: ".d.ts" }),
});
