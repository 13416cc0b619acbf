export type * from "./client.ts";
export { type ClientOptions, createClient } from "./create.ts";
export type { Logger } from "./engine/core.ts";
export { HoopoeError } from "./error.ts";
export type * from "./line.ts";
export type * from "./model.ts";
export type * from "./signin.ts";
export type * from "./storage.ts";
