import "./MessageMenu.css";
import type { Message } from "@hoopoe/sdk";
import { IconButton } from "../IconButton/IconButton.tsx";
import { useWords } from "../i18n/words.ts";
import type { MessageCommands } from "../Message/commands.ts";
import { QuickReactions } from "./ReactionPicker.tsx";

/** What {@link HoverBar} takes. */
export interface HoverBarProps {
  readonly message: Message;
  readonly commands: MessageCommands;
}

/** The usual things to do with a message, beside it while it is pointed at or has the focus. */
export function HoverBar({ message, commands }: HoverBarProps) {
  const words = useWords();
  const allowed = commands.allowed(message);
  return (
    <div className="hp-hover-bar" role="toolbar" aria-label={words.messages.toolbar}>
      {allowed.includes("react") && (
        <QuickReactions
          mine={message.reactions.filter((one) => one.me).map((one) => one.emoji)}
          onPick={(emoji) => commands.react(message, emoji)}
        />
      )}
      {allowed.includes("reply") && (
        <IconButton
          label={words.messages.actions.reply}
          icon="reply"
          size="sm"
          shortcut="R"
          onClick={(event) => commands.run("reply", message, { anchor: event.currentTarget })}
        />
      )}
      <IconButton
        label={words.messages.more}
        icon="more"
        size="sm"
        aria-haspopup="menu"
        onClick={(event) => commands.menu(message, { anchor: event.currentTarget })}
      />
    </div>
  );
}
