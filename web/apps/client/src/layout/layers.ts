/** What lies above the page: one thing at a time, opened from anywhere. */

import { settable } from "../app/value.ts";

export type Layer = "none" | "switcher" | "sheet" | "newConversation";

export const layer = settable<Layer>("none");

export const openSwitcher = (): void => layer.set("switcher");
export const openSheet = (): void => layer.set("sheet");
export const openNewConversation = (): void => layer.set("newConversation");
export const closeLayer = (): void => layer.set("none");
