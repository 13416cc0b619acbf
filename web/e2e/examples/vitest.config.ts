import { defineConfig } from "vitest/config";

/** What the `package.json` of each example runs. */
export default defineConfig({
  root: import.meta.dirname,
  test: {
    include: ["*.proof.ts"],
    globalSetup: "built.ts",
    environment: "node",
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ["verbose"],
  },
});
