import type { Client, Content, Conversation, ConversationHandle, Message } from "@hoopoe/sdk";
import { useEffect, useMemo, useRef } from "react";
import { useClock } from "../hooks/useNow.ts";
import { useProblemText } from "../hooks/useProblem.ts";
import { useWords } from "../i18n/words.ts";
import { actionsFor, type MessageAction } from "../Message/actions.ts";
import type { MessageCommands, Spot } from "../Message/commands.ts";
import { toast } from "../Toasts/toast.ts";

/** What the app does with messages; what it does not is not offered. */
export interface MessageListCallbacks {
  /** The composer answers this message. */
  readonly onReply?: (message: Message) => void;
  /** The composer edits this message. */
  readonly onEdit?: (message: Message) => void;
  /** The composer takes back what a recalled message said. */
  readonly onReedit?: (content: Content) => void;
  /** Shows who has read a message. */
  readonly onShowReceipts?: (seq: number) => void;
  /** Shows somebody. */
  readonly onOpenUser?: (user: string) => void;
}

/** What the list itself does. */
export interface ListCommands {
  readonly menu: (message: Message, spot: Spot) => void;
  readonly pick: (message: Message, spot: Spot) => void;
  readonly confirm: (action: "recall" | "deleteForMe" | "deleteForAll", message: Message) => void;
  readonly select: (message: Message) => void;
  readonly toggle: (message: Message, range: boolean) => void;
  readonly suspendReading: () => void;
}

interface CommandsOptions {
  readonly client: Client;
  readonly handle: ConversationHandle;
  readonly state: Conversation | null | undefined;
  readonly callbacks: MessageListCallbacks;
  readonly list: ListCommands;
}

/** What messages of a list can have done: one object for as long as the list stands. */
export function useCommands(options: CommandsOptions): MessageCommands {
  const { client, handle } = options;
  const clock = useClock();
  const say = useProblemText();
  const words = useWords();
  const latest = useRef({ ...options, clock, say, words });
  useEffect(() => {
    latest.current = { ...options, clock, say, words };
  });
  const has = {
    reedit: options.callbacks.onReedit !== undefined,
    openUser: options.callbacks.onOpenUser !== undefined,
    showReceipts: options.callbacks.onShowReceipts !== undefined,
  };
  return useMemo<MessageCommands>(() => {
    const attempt = (doing: Promise<unknown>) => {
      doing.catch((error: unknown) => toast({ text: latest.current.say(error), tone: "danger" }));
    };
    return {
      allowed(message) {
        const { callbacks, state, clock } = latest.current;
        return allowedBy(callbacks, message, {
          me: client.me.getSnapshot()?.id ?? null,
          role: state?.role ?? "guest",
          app: client.app.getSnapshot(),
          now: clock(),
        });
      },
      run: (action, message, spot) => run(action, message, spot, latest.current, attempt),
      menu: (message, spot) => latest.current.list.menu(message, spot),
      react(message, emoji) {
        if (message.seq === null) return;
        const isMine = message.reactions.some((one) => one.emoji === emoji && one.me);
        attempt(isMine ? handle.unreact(message.seq, emoji) : handle.react(message.seq, emoji));
      },
      jump: (seq) => attempt(handle.jumpTo(seq)),
      reedit: has.reedit ? (content) => latest.current.callbacks.onReedit?.(content) : undefined,
      openUser: has.openUser ? (user) => latest.current.callbacks.onOpenUser?.(user) : undefined,
      showReceipts: has.showReceipts
        ? (seq) => latest.current.callbacks.onShowReceipts?.(seq)
        : undefined,
      toggle: (message, range) => latest.current.list.toggle(message, range),
      quoted: (seq) => handle.message(seq),
      versions: (seq, cursor) => handle.edits(seq, cursor),
      reactors: (seq, cursor) => handle.reactions(seq, cursor),
    };
  }, [client, handle, has.reedit, has.openUser, has.showReceipts]);
}

/** What may be done, less what the app has nothing for. */
function allowedBy(
  callbacks: MessageListCallbacks,
  message: Message,
  asker: Parameters<typeof actionsFor>[1],
): readonly MessageAction[] {
  return actionsFor(message, asker).filter((action) => {
    if (action === "reply") return callbacks.onReply !== undefined;
    if (action === "edit") return callbacks.onEdit !== undefined;
    if (action === "readBy") return callbacks.onShowReceipts !== undefined;
    return true;
  });
}

type Latest = CommandsOptions & { readonly words: ReturnType<typeof useWords> };

function run(
  action: MessageAction,
  message: Message,
  spot: Spot,
  { handle, callbacks, list, words }: Latest,
  attempt: (doing: Promise<unknown>) => void,
) {
  const { seq } = message;
  switch (action) {
    case "retry":
      return handle.retry(message.clientId);
    case "discard":
      return handle.discard(message.clientId);
    case "copy":
      return copyToClipboard(message.text, words);
    case "react":
      return list.pick(message, spot);
    case "reply":
      return callbacks.onReply?.(message);
    case "edit":
      return callbacks.onEdit?.(message);
    case "select":
      return list.select(message);
    case "recall":
    case "deleteForMe":
    case "deleteForAll":
      return list.confirm(action, message);
    case "readBy":
      return seq === null ? undefined : callbacks.onShowReceipts?.(seq);
    case "unread":
      if (seq === null) return;
      list.suspendReading();
      return attempt(handle.markUnread(seq));
  }
}

/** Copies, and says so; or says that it was not allowed. */
export function copyToClipboard(text: string, words: ReturnType<typeof useWords>): void {
  const write = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error("no clipboard"));
  write.then(
    () => toast({ text: words.messages.copied, tone: "success" }),
    () => toast({ text: words.messages.copyFailed, tone: "danger" }),
  );
}
