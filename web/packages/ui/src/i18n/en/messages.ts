import { plural } from "../plural.ts";

export const messages = {
  /** The name of the region. */
  list: "Messages",
  loading: "Loading messages…",
  emptyTitle: "No messages yet",
  emptyText: "Say hello 👋",
  failedTitle: "The messages could not be loaded",
  loadFailed: "More messages could not be loaded.",
  unread: "New messages",
  jumpLatest: "Jump to the latest message",
  newBelow: (n: number) => plural("en", n, { one: "# new message", other: "# new messages" }),
  /** Said to screen readers when several came at once. */
  announceMany: (n: number) => plural("en", n, { one: "# new message", other: "# new messages" }),
  announceOne: (name: string, text: string) => `${name}: ${text}`,
  code: "Code",
  edited: "edited",
  editedAt: (time: string) => `Edited ${time}`,
  history: "Earlier versions",
  original: "As it was sent",
  historyFailed: "The earlier versions could not be loaded.",
  recalledByYou: "You recalled a message",
  recalledBy: (name: string) => `${name} recalled a message`,
  reedit: "Edit again",
  deleted: "This message was deleted",
  someone: "Somebody",
  unsupported: "This kind of message cannot be shown here yet.",
  progress: {
    queued: "Waiting to be sent",
    sending: "Sending",
    failed: "Not sent",
    sent: "Sent",
    delivered: "Delivered",
    read: "Read",
  },
  readBy: (n: number) => plural("en", n, { one: "Read by #", other: "Read by #" }),
  readByWhom: "Read by…",
  retry: "Try again",
  discard: "Delete",
  quoteGone: "This message is gone",
  quoteOf: (name: string) => `Answer to ${name}. Go to the message`,
  react: "React",
  reactWith: (emoji: string) => `React with ${emoji}`,
  moreReactions: "More emoji",
  reactions: "Reactions",
  reaction: (emoji: string, n: number) =>
    plural("en", n, { one: `${emoji} # person`, other: `${emoji} # people` }),
  reactionMine: (emoji: string, n: number) =>
    plural("en", n, { one: `${emoji} # person: you`, other: `${emoji} # people, you among them` }),
  whoReacted: "Who reacted",
  reactionsFailed: "It could not be loaded who reacted.",
  actions: {
    reply: "Reply",
    react: "React",
    edit: "Edit",
    copy: "Copy text",
    select: "Select",
    unread: "Mark unread from here",
    readBy: "Read by…",
    recall: "Recall",
    deleteForMe: "Delete for me",
    deleteForAll: "Delete for everybody",
    retry: "Try again",
    discard: "Delete",
  },
  more: "More actions",
  menu: "Message actions",
  toolbar: "Quick actions",
  copied: "Copied",
  copyFailed: "Copying was not allowed.",
  confirmDeleteMe: {
    title: (n: number) =>
      plural("en", n, { one: "Delete this message for you?", other: "Delete # messages for you?" }),
    text: "Others keep it. This cannot be undone.",
  },
  confirmDeleteAll: {
    title: "Delete this message for everybody?",
    text: "What it said is gone for all. This cannot be undone.",
  },
  confirmRecall: {
    title: "Recall this message?",
    text: "Everybody sees that a message was recalled, and not what it said.",
  },
  delete: "Delete",
  recall: "Recall",
  selected: (n: number) => plural("en", n, { one: "# selected", other: "# selected" }),
  selectMessage: "Select message",
  selection: "Selected messages",
  typing: (names: readonly string[], more: number) => {
    if (more > 0) return `${names.join(", ")} and ${more} more are typing…`;
    const last = names.at(-1) ?? "";
    if (names.length <= 1) return `${last} is typing…`;
    return `${names.slice(0, -1).join(", ")} and ${last} are typing…`;
  },
};
