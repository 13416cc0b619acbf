import "./Reactions.css";
import type { Message } from "@hoopoe/sdk";
import { useCallback, useEffect, useRef, useState } from "react";
import { Avatar } from "../Avatar/Avatar.tsx";
import { Button } from "../Button/Button.tsx";
import { useUser } from "../hooks/index.ts";
import { Icon } from "../Icon/Icon.tsx";
import { useFormat } from "../i18n/format.ts";
import { useWords } from "../i18n/words.ts";
import type { MessageCommands } from "../Message/commands.ts";
import { usePages } from "../Message/usePages.ts";
import { Popover } from "../Popover/Popover.tsx";
import { Spinner } from "../Spinner/Spinner.tsx";
import { useSlot } from "../slots/slots.ts";
import { cx } from "../util/cx.ts";

/** What {@link Reactions} takes. */
export interface ReactionsProps {
  readonly message: Message;
  readonly commands: Pick<MessageCommands, "react" | "reactors" | "allowed">;
  readonly tabIndex?: 0 | -1;
}

/** So long a pointer rests on a reaction before it says who. */
const REST_MS = 600;

/** How people reacted: a button for each emoji that puts one's own there or takes it away, and who. */
export function Reactions({ message, commands, tabIndex }: ReactionsProps) {
  const words = useWords();
  const format = useFormat();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const rest = useRest(setAnchor);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
    <div
      className="hp-reactions"
      role="group"
      aria-label={words.messages.reactions}
      onPointerLeave={rest.end}
    >
      {message.reactions.map(({ emoji, count, me }) => (
        <button
          key={emoji}
          type="button"
          className={cx("hp-reaction", me && "hp-reaction--me")}
          aria-pressed={me}
          aria-label={
            me ? words.messages.reactionMine(emoji, count) : words.messages.reaction(emoji, count)
          }
          tabIndex={tabIndex}
          onPointerEnter={(event) => rest.begin(event)}
          onClick={() => {
            rest.end();
            if (commands.allowed(message).includes("react")) commands.react(message, emoji);
          }}
        >
          <span className="hp-reaction__emoji">{emoji}</span>
          <span className="hp-reaction__count">{format.number(count)}</span>
        </button>
      ))}
      <button
        type="button"
        className="hp-reaction hp-reaction--who"
        aria-label={words.messages.whoReacted}
        aria-haspopup="dialog"
        aria-expanded={anchor !== null}
        tabIndex={tabIndex}
        onClick={(event) => setAnchor(event.currentTarget)}
      >
        <Icon name="users" size={14} />
      </button>
      {anchor !== null && message.seq !== null && (
        <Popover
          anchor={anchor}
          open
          onClose={() => setAnchor(null)}
          placement="top"
          label={words.messages.whoReacted}
        >
          <Reactors seq={message.seq} commands={commands} />
        </Popover>
      )}
    </div>
  );
}

function useRest(show: (element: HTMLElement) => void) {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const end = useCallback(() => clearTimeout(timer.current), []);
  useEffect(() => end, [end]);
  const begin = (event: React.PointerEvent<HTMLElement>) => {
    const element = event.currentTarget;
    end();
    if (event.pointerType === "mouse") timer.current = setTimeout(() => show(element), REST_MS);
  };
  return { begin, end };
}

function Reactors({ seq, commands }: { seq: number; commands: Pick<MessageCommands, "reactors"> }) {
  const words = useWords();
  const fetch = useCallback((cursor?: string) => commands.reactors(seq, cursor), [commands, seq]);
  const pages = usePages(fetch);
  return (
    <div className="hp-reactors">
      <h3 className="hp-reactors__title">{words.messages.whoReacted}</h3>
      <ul className="hp-reactors__list">
        {pages.items.map(({ user, emoji }) => (
          <Reactor key={`${user} ${emoji}`} user={user} emoji={emoji} />
        ))}
      </ul>
      {pages.failure !== null && <p role="alert">{words.messages.reactionsFailed}</p>}
      {pages.isLoading && <Spinner size={20} label={words.common.loading} />}
      {!pages.isLoading && (pages.hasMore || pages.failure !== null) && (
        <Button size="sm" variant="ghost" onClick={pages.more}>
          {pages.failure === null ? words.common.loadMore : words.common.retry}
        </Button>
      )}
    </div>
  );
}

function Reactor({ user: id, emoji }: { user: string; emoji: string }) {
  const user = useUser(id);
  const Picture = useSlot("Avatar", Avatar);
  const name = user?.name ?? id;
  return (
    <li className="hp-reactor">
      <Picture id={id} name={name} url={user?.avatarUrl} size={24} />
      <span className="hp-reactor__name">{name}</span>
      <span className="hp-reactor__emoji">{emoji}</span>
    </li>
  );
}
