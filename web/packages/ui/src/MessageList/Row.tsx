import type { Message as MessageData } from "@hoopoe/sdk";
import { memo, type PointerEvent, type Ref, useState } from "react";
import { useUser } from "../hooks/index.ts";
import { useFormat } from "../i18n/format.ts";
import { useWords } from "../i18n/words.ts";
import type { MessageCommands } from "../Message/commands.ts";
import { isSystem, type Progress } from "../Message/layout.ts";
import { Message } from "../Message/Message.tsx";
import { HoverBar } from "../MessageMenu/HoverBar.tsx";
import { isSelectable } from "../Selection/selection.ts";
import { useSlot } from "../slots/slots.ts";
import { cx } from "../util/cx.ts";

/** What {@link Row} takes: nothing that changes without need, as there are dozens of them. */
export interface RowProps {
  readonly message: MessageData;
  readonly index: number;
  readonly listId: string;
  readonly me: string | null;
  readonly isGroup: boolean;
  readonly hasDay: boolean;
  readonly hasUnread: boolean;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  readonly progress: Progress | null;
  readonly readCount: number | null;
  /** It has the list's place in the tab order. */
  readonly isActive: boolean;
  /** It was jumped to. */
  readonly isHighlighted: boolean;
  /** Whether it is selected; `null` while nothing is being selected. */
  readonly isSelected: boolean | null;
  readonly commands: MessageCommands;
  readonly measure: Ref<HTMLElement>;
  /** Whether the list scrolls: rows that pass under a pointer do not show their tools. */
  readonly isScrolling: () => boolean;
}

/** A message in its place, with what stands above it. */
export const Row = memo(function Row(props: RowProps) {
  const { message, index, me, commands } = props;
  const sender = useUser(message.sender);
  const words = useWords();
  const [isHovered, setHovered] = useState(false);
  const Tools = useSlot("HoverBar", HoverBar);
  const Day = useSlot("DayLine", DayLine);
  const MessageSlot = useSlot("Message", Message);
  const isOwn = message.sender !== null && message.sender === me;
  const id = `${props.listId}-${message.key}`;
  const isSelecting = props.isSelected !== null;
  const hasTools = (isHovered || props.isActive) && !isSelecting && hasToolsAtAll(message);
  const who = isOwn ? words.common.you : (sender?.name ?? message.sender ?? "");
  return (
    <article
      ref={props.measure}
      className={cx(
        "hp-row",
        isOwn && "hp-row--own",
        props.isFirst && "hp-row--first",
        props.isHighlighted && "hp-row--highlighted",
        props.isSelected === true && "hp-row--selected",
        isSelecting && "hp-row--selecting",
        props.isGroup && !isOwn && "hp-row--pictured",
      )}
      data-testid="message"
      data-index={index}
      data-key={message.key}
      data-seq={message.seq ?? undefined}
      data-state={message.state}
      aria-posinset={index + 1}
      aria-setsize={-1}
      aria-labelledby={`${id}-who ${id}-text ${id}-time`}
      tabIndex={props.isActive ? 0 : -1}
      onPointerMove={(event: PointerEvent) => {
        if (!isHovered && event.pointerType === "mouse" && !props.isScrolling()) setHovered(true);
      }}
      onPointerLeave={() => setHovered(false)}
    >
      {props.hasDay && <Day atMs={message.createdAt} />}
      {props.hasUnread && <UnreadLine />}
      <span className="hp-visually-hidden" id={`${id}-who`}>
        {who}
      </span>
      <div className="hp-row__line">
        {isSelecting && <Check {...props} isSelectable={isSelectable(message)} />}
        <div className="hp-row__content">
          {hasTools && <Tools message={message} commands={commands} />}
          <MessageSlot
            message={message}
            sender={sender}
            me={me}
            isOwn={isOwn}
            isGroup={props.isGroup}
            isFirst={props.isFirst}
            isLast={props.isLast}
            progress={props.progress}
            readCount={props.readCount}
            isActive={props.isActive}
            id={id}
            commands={commands}
          />
        </div>
      </div>
    </article>
  );
});

function hasToolsAtAll(message: MessageData): boolean {
  return !isSystem(message) && !message.deleted;
}

function Check(props: RowProps & { readonly isSelectable: boolean }) {
  const words = useWords();
  return (
    <input
      type="checkbox"
      className="hp-row__check"
      aria-label={words.messages.selectMessage}
      checked={props.isSelected === true}
      disabled={!props.isSelectable}
      tabIndex={props.isActive ? 0 : -1}
      // The whole row is pressed; see the list.
      readOnly
    />
  );
}

/** What {@link DayLine} takes. */
export interface DayLineProps {
  /** A time of that day, in milliseconds since 1970. */
  readonly atMs: number;
}

/** The day, between two messages. */
export function DayLine({ atMs }: DayLineProps) {
  const format = useFormat();
  return (
    <div className="hp-day">
      <time className="hp-day__label" dateTime={new Date(atMs).toLocaleDateString("sv-SE")}>
        {format.day(atMs)}
      </time>
    </div>
  );
}

function UnreadLine() {
  const words = useWords();
  return (
    <div className="hp-unread" data-testid="unread-divider">
      <span className="hp-unread__label">{words.messages.unread}</span>
    </div>
  );
}
