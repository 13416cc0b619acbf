import type { ConversationHandle, Message } from "@hoopoe/sdk";
import { useMemo } from "react";
import { useMe, useUser, useValue } from "../hooks/index.ts";
import { Icon } from "../Icon/Icon.tsx";
import { IconButton } from "../IconButton/IconButton.tsx";
import { useWords } from "../i18n/words.ts";
import { Skeleton } from "../Skeleton/Skeleton.tsx";

/** So much of a message says which one it is. */
const PREVIEW_CHARS_MAX = 200;

const preview = (message: Message): string =>
  message.text.slice(0, PREVIEW_CHARS_MAX).replace(/\s+/g, " ");

/** What {@link ReplyBar} takes. */
export interface ReplyBarProps {
  readonly handle: ConversationHandle;
  readonly seq: number;
  onClose(): void;
}

/** Above the text: the message that is answered. */
export function ReplyBar({ handle, seq, onClose }: ReplyBarProps) {
  const words = useWords().composer;
  const message = useValue(useMemo(() => handle.message(seq), [handle, seq]));
  const sender = useUser(message?.sender);
  const me = useMe();
  const name = sender?.name ?? message?.sender ?? "";
  const title =
    message?.sender != null && message.sender === me?.id
      ? words.replyToYourself
      : words.replyTo(name);
  const isGone = message === undefined || message?.deleted === true;
  return (
    <div className="hp-composer__bar">
      <Icon name="reply" size={18} className="hp-composer__bar-icon" />
      <div className="hp-composer__bar-body">
        <p className="hp-composer__bar-title">
          {message === null ? <Skeleton width={120} /> : title}
        </p>
        <p className="hp-composer__bar-text">
          {message === null && <Skeleton width="60%" />}
          {isGone ? words.quoteGone : message !== null && preview(message)}
        </p>
      </div>
      <IconButton label={words.cancelReply} icon="close" size="sm" onClick={onClose} />
    </div>
  );
}

/** What {@link EditBar} takes. */
export interface EditBarProps {
  readonly message: Message;
  onClose(): void;
}

/** Above the text: the message that is edited, as it was. */
export function EditBar({ message, onClose }: EditBarProps) {
  const words = useWords().composer;
  return (
    <div className="hp-composer__bar">
      <Icon name="edit" size={18} className="hp-composer__bar-icon" />
      <div className="hp-composer__bar-body">
        <p className="hp-composer__bar-title">{words.editing}</p>
        <p className="hp-composer__bar-text">{preview(message)}</p>
      </div>
      <IconButton label={words.cancelEdit} icon="close" size="sm" onClick={onClose} />
    </div>
  );
}
