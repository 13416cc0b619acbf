export type * from "./client.ts";
export type * from "./line.ts";
export type * from "./model.ts";
export type * from "./signin.ts";
export type * from "./storage.ts";
