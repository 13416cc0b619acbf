import { defineConfig } from "tsdown";

/** The declarations only: the code is Vite's, which knows style sheets. */
export default defineConfig({
  entry: "src/index.ts",
  platform: "browser",
  clean: false,
  loader: { ".css": "empty" },
  dts: { emitDtsOnly: true, sourcemap: false },
  deps: { neverBundle: [/^react/, /^@hoopoe\/sdk/] },
  outExtensions: () => ({ dts: ".d.ts" }),
});
