import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["source"] },
  ssr: { resolve: { conditions: ["source"] } },
  test: {
    include: ["{packages,apps}/*/src/**/*.test.{ts,tsx}"],
    environment: "happy-dom",
    restoreMocks: true,
    // Busy machines are slow ones; nothing waits for the clock.
    testTimeout: 30_000,
  },
});
