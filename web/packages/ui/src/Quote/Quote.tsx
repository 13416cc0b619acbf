import "./Quote.css";
import { useMemo } from "react";
import { useUser, useValue } from "../hooks/index.ts";
import { useWords } from "../i18n/words.ts";
import { plainText } from "../Markdown/index.ts";
import type { MessageCommands } from "../Message/commands.ts";
import { Skeleton } from "../Skeleton/Skeleton.tsx";
import { hueOf } from "../util/initials.ts";

/** What {@link Quote} takes. */
export interface QuoteProps {
  /** The message that is answered. */
  readonly seq: number;
  readonly commands: Pick<MessageCommands, "quoted" | "jump">;
  readonly tabIndex?: 0 | -1;
}

/** More of a quoted message is cut off by its two lines anyway. */
const QUOTE_CHARS_MAX = 240;

/** The message that another one answers: who, and its beginning. Pressing it goes there. */
export function Quote({ seq, commands, tabIndex }: QuoteProps) {
  const words = useWords();
  const message = useValue(useMemo(() => commands.quoted(seq), [commands, seq]));
  const sender = useUser(message?.sender);
  const text = useMemo(
    () => plainText((message?.text ?? "").slice(0, QUOTE_CHARS_MAX * 2)).slice(0, QUOTE_CHARS_MAX),
    [message?.text],
  );
  if (message === null) {
    return (
      <span className="hp-quote">
        <Skeleton width="6em" />
        <Skeleton width="12em" />
      </span>
    );
  }
  if (message === undefined || message.deleted) {
    return <span className="hp-quote hp-quote--gone">{words.messages.quoteGone}</span>;
  }
  const name = sender?.name ?? message.sender ?? words.messages.someone;
  return (
    <button
      type="button"
      className={`hp-quote hp-hue-${hueOf(message.sender ?? "")}`}
      tabIndex={tabIndex}
      title={words.messages.quoteOf(name)}
      onClick={() => commands.jump(seq)}
    >
      <span className="hp-quote__name">{name}</span>
      <span className="hp-quote__text">{text}</span>
    </button>
  );
}
