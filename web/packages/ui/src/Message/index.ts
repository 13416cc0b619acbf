export { type Asker, actionsFor, type MessageAction } from "./actions.ts";
export type { MessageCommands, Spot } from "./commands.ts";
export { isSystem, type MessageLayout, type Progress as ProgressName } from "./layout.ts";
export { Message, type MessageProps } from "./Message.tsx";
export { Progress, type ProgressProps } from "./Progress.tsx";
