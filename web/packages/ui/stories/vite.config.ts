import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  resolve: { conditions: ["source", "browser", "module"] },
  server: { port: 6106 },
  build: { outDir: "dist" },
});
