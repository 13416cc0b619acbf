import { defineConfig } from "vitest/config";
import tests from "./vitest.config.ts";

/** The pictures of the documents, drawn anew: `npm run pictures` in web/. */
export default defineConfig({ ...tests, test: { ...tests.test, include: ["pictures.ts"] } });
