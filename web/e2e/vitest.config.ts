import { defineConfig } from "vitest/config";

/** One file after the other: they share the cores with a server and a browser. */
export default defineConfig({
  root: import.meta.dirname,
  test: {
    include: ["**/*.e2e.ts"],
    environment: "node",
    fileParallelism: false,
    // A test that fails sometimes has found something.
    retry: 0,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    reporters: ["verbose"],
  },
});
