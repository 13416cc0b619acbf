import react from "@vitejs/plugin-react";
import { defaultClientConditions, defineConfig } from "vite";
import { compress } from "./build/compress.ts";
import { serviceWorker } from "./build/service-worker.ts";

/** The server that a development page talks to. */
const server = process.env.HOOPOE_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react(), serviceWorker("src/sw.ts"), compress()],
  // The packages of this repository are built from their sources, so that one build is enough.
  resolve: { conditions: ["source", ...defaultClientConditions], dedupe: ["react", "react-dom"] },
  build: {
    target: "es2023",
    // Nothing is inlined as a `data:` address: fonts and the like would not pass the page's policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { "/v1": { target: server, changeOrigin: true, ws: true, rewriteWsOrigin: true } },
  },
});
