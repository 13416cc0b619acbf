import "./MessageMenu.css";
import type { Message } from "@hoopoe/sdk";
import type { IconName } from "../Icon/Icon.tsx";
import { useWords } from "../i18n/words.ts";
import { Menu, type MenuItem } from "../Menu/Menu.tsx";
import type { MessageAction } from "../Message/actions.ts";
import type { MessageCommands, Spot } from "../Message/commands.ts";
import { QuickReactions } from "./ReactionPicker.tsx";

/** What {@link MessageMenu} takes. */
export interface MessageMenuProps {
  readonly message: Message;
  readonly spot: Spot;
  readonly commands: MessageCommands;
  readonly onClose: () => void;
  /** Opens all emoji; absent where there is no picker. */
  readonly onMoreReactions?: () => void;
}

const ICONS: Record<MessageAction, IconName> = {
  reply: "reply",
  react: "react",
  edit: "edit",
  copy: "copy",
  select: "select",
  unread: "unread",
  readBy: "eye",
  recall: "undo",
  deleteForMe: "trash",
  deleteForAll: "trash",
  retry: "refresh",
  discard: "trash",
};

const SHORTCUTS: Partial<Record<MessageAction, string>> = {
  reply: "R",
  react: "+",
  edit: "E",
  copy: "C",
  deleteForMe: "Del",
  discard: "Del",
};

const DANGER: ReadonlySet<MessageAction> = new Set([
  "recall",
  "deleteForMe",
  "deleteForAll",
  "discard",
]);

/** What can be done with a message, with the usual reactions on top. */
export function MessageMenu(props: MessageMenuProps) {
  const { message, spot, commands, onClose, onMoreReactions } = props;
  const words = useWords();
  const allowed = commands.allowed(message);
  const shown = allowed.filter((action) => action !== "react" || onMoreReactions !== undefined);
  const items = shown.map((action, i): MenuItem => {
    const isDanger = DANGER.has(action);
    return {
      id: action,
      label: words.messages.actions[action],
      icon: ICONS[action],
      shortcut: SHORTCUTS[action],
      danger: isDanger,
      separated: isDanger && !DANGER.has(shown[i - 1] ?? action),
      onSelect: () =>
        action === "react" ? onMoreReactions?.() : commands.run(action, message, spot),
    };
  });
  const place = "point" in spot ? { point: spot.point } : { anchor: spot.anchor };
  return (
    <Menu
      {...place}
      open
      onClose={onClose}
      label={words.messages.menu}
      items={items}
      header={
        allowed.includes("react") ? (
          <QuickReactions
            mine={message.reactions.filter((one) => one.me).map((one) => one.emoji)}
            onPick={(emoji) => {
              onClose();
              commands.react(message, emoji);
            }}
          />
        ) : undefined
      }
    />
  );
}
