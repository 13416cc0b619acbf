/** Which messages an open page tells about, and what it says. No screen, no clock, no permission dialog. */

import type { Conversation, Message, UserId } from "@hoopoe/sdk";
import type { NotifyChoice } from "../app/preferences.ts";

export interface Circumstances {
  readonly choice: NotifyChoice;
  readonly permission: NotificationPermission;
  readonly me: UserId | null;
  /** This tab is the one that tells. */
  readonly notifier: boolean;
  /** The conversation is before somebody's eyes, in this tab or another one. */
  readonly visible: boolean;
  /** When the page came to know everything that happened while it was away, in ms since 1970; `null`: not yet. */
  readonly syncedAt: number | null;
}

/** What a message's arrival on this device leads to. */
export function shouldNotify(
  message: Message,
  conversation: Conversation | null | undefined,
  now: Circumstances,
): boolean {
  if (now.choice === "off" || now.permission !== "granted" || !now.notifier) return false;
  if (now.visible || now.me === null || !conversation) return false;
  if (message.sender === null || message.sender === now.me) return false;
  if (message.deleted || message.recalled || message.seq === null) return false;
  // Read on another device before it came here.
  if (message.seq <= conversation.readSeq) return false;
  // What was missed is shown by the counts; telling it one by one would be a storm.
  if (now.syncedAt === null || message.createdAt < now.syncedAt - CLOCKS_DIFFER_MS) return false;
  if (now.choice === "all") return true;
  return conversation.kind === "direct" || message.mentions.includes(now.me);
}

/** The server's clock and this one may differ by so much. */
const CLOCKS_DIFFER_MS = 60_000;

/** The words that a notification is made of. */
export interface NotificationWords {
  newMessage: string;
  /** `Ann in Trip` */
  inGroup(person: string, group: string): string;
}

/** Longer texts are cut by the system anyway; some of them cut badly. */
const TEXT_CHARS_MAX = 180;

/** Title and text. Without preview it says that somebody wrote, and not what. */
export function composeNotification(
  message: Message,
  names: { readonly sender: string; readonly group: string | null },
  preview: boolean,
  words: NotificationWords,
): { title: string; body: string } {
  const title = names.group ? words.inGroup(names.sender, names.group) : names.sender;
  if (!preview || message.text === "") return { title, body: words.newMessage };
  const characters = Array.from(message.text.replace(/\s+/g, " ").trim());
  const body =
    characters.length > TEXT_CHARS_MAX
      ? `${characters.slice(0, TEXT_CHARS_MAX - 1).join("")}…`
      : characters.join("");
  return { title, body: body || words.newMessage };
}
