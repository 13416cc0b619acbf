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
  // What both entries need is one module, and not one for each way in which it is needed.
  outputOptions: {
    codeSplitting: {
      groups: [
        {
          name: "base",
          test: /sdk\/src\/(storage|error|problems|line\/(options|value|socket|calls|pending|backoff)|tabs\/browser)[^.]*\.ts$/,
        },
      ],
    },
  },
  outExtensions: () => ({ js: ".js", dts: ".d.ts" }),
});
