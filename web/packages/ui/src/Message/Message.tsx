import "./Message.css";
import type { Message as MessageData, User } from "@hoopoe/sdk";
import { memo, useMemo } from "react";
import { Avatar } from "../Avatar/Avatar.tsx";
import { useUsers } from "../hooks/index.ts";
import { Icon } from "../Icon/Icon.tsx";
import { useFormat } from "../i18n/format.ts";
import { useWords } from "../i18n/words.ts";
import { Markdown } from "../Markdown/index.ts";
import { Quote } from "../Quote/Quote.tsx";
import { Reactions } from "../Reactions/Reactions.tsx";
import { useSlot } from "../slots/slots.ts";
import { cx } from "../util/cx.ts";
import { VisuallyHidden } from "../VisuallyHidden/VisuallyHidden.tsx";
import type { MessageCommands } from "./commands.ts";
import { EditedMark } from "./EditedMark.tsx";
import { isSystem, type Progress as ProgressName } from "./layout.ts";
import { Progress } from "./Progress.tsx";
import { Tombstone } from "./Tombstone.tsx";

/** What {@link Message} takes, and whatever stands in its slot. */
export interface MessageProps {
  readonly message: MessageData;
  /** Who wrote it; `null` until known, and for what the server writes. */
  readonly sender: User | null;
  readonly me: string | null;
  readonly isOwn: boolean;
  /** The conversation has more than two people: names and pictures are shown. */
  readonly isGroup: boolean;
  /** Begins a group of messages of one sender; `isLast`: ends it. */
  readonly isFirst: boolean;
  readonly isLast: boolean;
  /** How far an own message has come; `null` for those of others. */
  readonly progress: ProgressName | null;
  /** How many have read it, where that is known and to be shown. */
  readonly readCount: number | null;
  /** It has the place in the tab order: what is inside it can be reached. */
  readonly isActive: boolean;
  /** Names its parts: `{id}-who`, `{id}-text`, `{id}-time`. */
  readonly id: string;
  readonly commands: MessageCommands;
}

/** One message: a bubble with what belongs to it, a line of the server, or the place where one was. */
export const Message = memo(function Message(props: MessageProps) {
  const { message } = props;
  if (isSystem(message)) return <SystemLine {...props} />;
  if (message.deleted) return <Tombstone {...props} />;
  return <Bubble {...props} />;
});

function SystemLine({ message, id }: MessageProps) {
  return (
    <div className="hp-message hp-message--system">
      <span id={`${id}-text`}>{message.text}</span>
    </div>
  );
}

function Bubble(props: MessageProps) {
  const { message, isOwn, isGroup, isFirst, isLast, commands, id } = props;
  const words = useWords();
  const QuoteSlot = useSlot("Quote", Quote);
  const ReactionsSlot = useSlot("Reactions", Reactions);
  const tabIndex = props.isActive ? 0 : -1;
  const name = props.sender?.name ?? message.sender ?? words.messages.someone;
  return (
    <div
      className={cx(
        "hp-message",
        isOwn ? "hp-message--own" : "hp-message--other",
        isFirst && "hp-message--first",
        isLast && "hp-message--last",
        message.state === "failed" && "hp-message--failed",
        isGroup && !isOwn && "hp-message--pictured",
      )}
    >
      {isGroup && !isOwn && isLast && <Picture {...props} name={name} />}
      <div className="hp-message__body">
        {isGroup && !isOwn && isFirst && (
          <span className="hp-message__name" aria-hidden="true">
            {name}
          </span>
        )}
        <div className="hp-message__bubble">
          {message.replyTo !== null && (
            <QuoteSlot seq={message.replyTo} commands={commands} tabIndex={tabIndex} />
          )}
          <div className="hp-message__text" id={`${id}-text`}>
            <Text {...props} tabIndex={tabIndex} />
          </div>
          <Meta {...props} tabIndex={tabIndex} />
        </div>
        {message.reactions.length > 0 && (
          <ReactionsSlot message={message} commands={commands} tabIndex={tabIndex} />
        )}
        {message.state === "failed" && <Failed {...props} tabIndex={tabIndex} />}
        {isOwn && isGroup && <ReadBy {...props} tabIndex={tabIndex} />}
      </div>
    </div>
  );
}

/** When, whether it was edited, how far it has come. Within a group only what is out of the ordinary. */
function Meta({ message, isLast, isGroup, progress, commands, id, tabIndex }: Inner) {
  const when = <Time atMs={message.createdAt} id={`${id}-time`} />;
  const mark = progress !== null && (
    <Progress progress={progress} isNamed={isLast && !isGroup && progress === "read"} />
  );
  const edited = message.editedAt !== null && (
    <EditedMark message={message} commands={commands} tabIndex={tabIndex} />
  );
  if (isLast || message.state === "failed") {
    return (
      <span className="hp-message__meta">
        {edited}
        {when}
        {mark}
      </span>
    );
  }
  const isUnderWay = message.state !== "sent";
  return (
    <>
      {(edited || isUnderWay) && (
        <span className="hp-message__meta">
          {edited}
          {isUnderWay && mark}
        </span>
      )}
      <span className="hp-message__aside">
        {when}
        {!isUnderWay && mark}
      </span>
    </>
  );
}

/** The time; the whole date shows while it is pointed at or its message has the focus. */
function Time({ atMs, id }: { atMs: number; id: string }) {
  const format = useFormat();
  return (
    <time
      id={id}
      className="hp-message__time"
      dateTime={new Date(atMs).toISOString()}
      data-full={format.full(atMs)}
    >
      {format.time(atMs)}
    </time>
  );
}

function Picture(props: MessageProps & { name: string }) {
  const { message, sender, commands, name } = props;
  const Picture = useSlot("Avatar", Avatar);
  const avatar = (
    <Picture id={message.sender ?? ""} name={name} url={sender?.avatarUrl} size={32} />
  );
  const { openUser } = commands;
  if (openUser === undefined || message.sender === null) {
    return <span className="hp-message__avatar">{avatar}</span>;
  }
  const user = message.sender;
  return (
    <button
      type="button"
      className="hp-message__avatar"
      tabIndex={props.isActive ? 0 : -1}
      onClick={() => openUser(user)}
    >
      {avatar}
      <VisuallyHidden>{name}</VisuallyHidden>
    </button>
  );
}

type Inner = MessageProps & { readonly tabIndex: 0 | -1 };

function Text(props: Inner) {
  const { message } = props;
  const words = useWords();
  if (message.text === "") return <em>{words.messages.unsupported}</em>;
  return message.mentions.length > 0 ? <TextWithMentions {...props} /> : <PlainText {...props} />;
}

function PlainText({ message, me, tabIndex }: Inner) {
  const Formatted = useSlot("Markdown", Markdown);
  return <Formatted text={message.text} me={me} tabIndex={tabIndex} />;
}

function TextWithMentions({ message, me, commands, tabIndex }: Inner) {
  // The same array until somebody's name changes.
  const users = useUsers(message.mentions);
  const Formatted = useSlot("Markdown", Markdown);
  const people = useMemo(() => users.filter((user) => user !== null), [users]);
  return (
    <Formatted
      text={message.text}
      people={people}
      me={me}
      onMention={commands.openUser}
      tabIndex={tabIndex}
    />
  );
}

function Failed({ message, commands, tabIndex }: Inner) {
  const words = useWords();
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
    <div className="hp-message__failed" role="group" aria-label={words.messages.progress.failed}>
      <Icon name="alert" size={16} />
      <span>{words.messages.progress.failed}</span>
      {(["retry", "discard"] as const).map((action) => (
        <button
          key={action}
          type="button"
          className="hp-message__link"
          tabIndex={tabIndex}
          onClick={(event) => commands.run(action, message, { anchor: event.currentTarget })}
        >
          {words.messages[action]}
        </button>
      ))}
    </div>
  );
}

function ReadBy({ message, commands, readCount, tabIndex }: Inner) {
  const words = useWords();
  const { showReceipts } = commands;
  const { seq } = message;
  if (readCount === null || readCount === 0 || seq === null || showReceipts === undefined)
    return null;
  return (
    <button
      type="button"
      className="hp-message__link hp-message__read-by"
      tabIndex={tabIndex}
      onClick={() => showReceipts(seq)}
    >
      {words.messages.readBy(readCount)}
    </button>
  );
}
