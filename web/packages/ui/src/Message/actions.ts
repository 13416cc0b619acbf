/** What may be done with a message. The server decides; this keeps it from being asked in vain. */

import type { AppInfo, Message, Role, UserId } from "@hoopoe/sdk";
import { isSystem } from "./layout.ts";

/** Something that can be done with a message. */
export type MessageAction =
  | "reply"
  | "react"
  | "edit"
  | "copy"
  | "select"
  | "unread"
  | "readBy"
  | "recall"
  | "deleteForMe"
  | "deleteForAll"
  | "retry"
  | "discard";

/** Who asks. */
export interface Asker {
  readonly me: UserId | null;
  readonly role: Role;
  /** What the app allows; `null` until it is known: then nothing that ends by time is offered. */
  readonly app: Pick<AppInfo, "recallWindowS" | "editWindowS"> | null;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What `asker` may do with a message, in the order of the menu. */
export function actionsFor(message: Message, asker: Asker): MessageAction[] {
  const isOwn = message.sender !== null && message.sender === asker.me;
  if (message.state !== "sent" || message.seq === null) {
    const actions: MessageAction[] = ["copy"];
    if (message.state === "failed") actions.push("retry");
    if (message.state !== "sending") actions.push("discard");
    return actions;
  }
  if (isSystem(message)) return message.text === "" ? ["unread"] : ["copy", "unread"];
  const actions: MessageAction[] = [];
  if (!message.deleted) {
    const writes = asker.role !== "guest";
    if (writes) actions.push("reply", "react");
    if (isOwn && writes && isText(message) && isWithin(message, asker, "editWindowS")) {
      actions.push("edit");
    }
    if (message.text !== "") actions.push("copy");
    actions.push("select");
  }
  actions.push("unread");
  if (isOwn && !message.deleted) actions.push("readBy");
  if (!message.deleted && mayTakeBack(message, isOwn, asker)) {
    actions.push("recall", "deleteForMe", "deleteForAll");
  } else {
    actions.push("deleteForMe");
  }
  return actions;
}

function isText(message: Message): boolean {
  return message.kind === "text";
}

/** Owners and admins at any time; authors within the app's window. */
function mayTakeBack(message: Message, isOwn: boolean, asker: Asker): boolean {
  if (asker.role === "owner" || asker.role === "admin") return true;
  return isOwn && isWithin(message, asker, "recallWindowS");
}

function isWithin(message: Message, asker: Asker, window: "recallWindowS" | "editWindowS") {
  return asker.app !== null && asker.now < message.createdAt + asker.app[window] * 1000;
}
