import type { composer as en } from "../en/composer.ts";

export const composer: typeof en = {};
