import { defineConfig, mergeConfig } from "vitest/config";
import tests from "./vitest.config.ts";

/** The pictures of the documents, drawn anew: `npm run pictures` in web/. */
export default mergeConfig(tests, defineConfig({ test: { include: ["pictures.ts"] } }));
