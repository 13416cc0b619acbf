import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** What the page brings, so that there is one of it. */
const EXTERNAL = /^(?:react|react-dom|@hoopoe\/sdk)(?:\/|$)/;

/** The kit as a package: `index.js` with its lazy parts beside it, and one style sheet. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    target: "es2023",
    sourcemap: true,
    lib: { entry: "src/index.ts", formats: ["es"], fileName: "index", cssFileName: "style" },
    rolldownOptions: {
      external: EXTERNAL,
      // Vite leaves white space in libraries; a page may load this one as it is.
      output: { minify: true, chunkFileNames: "[name]-[hash].js" },
    },
  },
});
