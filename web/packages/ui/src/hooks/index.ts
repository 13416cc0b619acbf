export * from "./client.ts";
export * from "./useContextMenu.ts";
export * from "./useNow.ts";
export * from "./useProblem.ts";
export * from "./useValue.ts";
