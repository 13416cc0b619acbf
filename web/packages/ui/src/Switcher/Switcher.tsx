import "./Switcher.css";
import type { ConversationId } from "@hoopoe/sdk";
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { Avatar } from "../Avatar/Avatar.tsx";
import { Badge } from "../Badge/Badge.tsx";
import { ImeGuard } from "../Composer/ime.ts";
import { Dialog } from "../Dialog/Dialog.tsx";
import { EmptyState } from "../EmptyState/EmptyState.tsx";
import { useClient, useDirectoryClosed, useProblemText } from "../hooks/index.ts";
import { useFormat } from "../i18n/format.ts";
import { useWords } from "../i18n/words.ts";
import { useSlot } from "../slots/slots.ts";
import { toast } from "../Toasts/toast.ts";
import { VisuallyHidden } from "../VisuallyHidden/VisuallyHidden.tsx";
import type { Target } from "./entries.ts";
import { useTargets } from "./useTargets.ts";

/** What {@link Switcher} takes. */
export interface SwitcherProps {
  readonly open: boolean;
  onClose(): void;
  /** A conversation was chosen; with a person, it exists by then. */
  onOpen(conversation: ConversationId): void;
  /** The one that is open already: not offered before anything is typed. */
  readonly current?: ConversationId | null;
}

/** Goes to a person or a group by a few letters, in pinyin as well. */
export function Switcher({ open, onClose, onOpen, current = null }: SwitcherProps) {
  const words = useWords().composer;
  return (
    <Dialog open={open} onClose={onClose} title={words.switcher} className="hp-switcher">
      <Search onClose={onClose} onOpen={onOpen} current={current} />
    </Dialog>
  );
}

interface SearchProps {
  readonly current: ConversationId | null;
  onClose(): void;
  onOpen(conversation: ConversationId): void;
}

interface LineProps {
  readonly id: string;
  readonly target: Target;
  readonly active: boolean;
  onPoint(): void;
  onChoose(): void;
}

function Line({ id, target, active, onPoint, onChoose }: LineProps) {
  const words = useWords().composer;
  const { number } = useFormat();
  const Picture = useSlot("Avatar", Avatar);
  const Count = useSlot("Badge", Badge);
  const user = target.kind === "person" ? target.user : target.peer;
  const group =
    target.kind === "conversation" && target.conversation.kind === "group"
      ? target.conversation
      : null;
  const line = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (active) {
      line.current?.scrollIntoView?.({ block: "nearest" });
    }
  }, [active]);

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the field, which has the focus
    <div
      ref={line}
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={active}
      className="hp-switcher__option"
      onPointerMove={() => !active && onPoint()}
      onMouseDown={(event) => event.preventDefault()}
      onClick={onChoose}
    >
      <Picture
        id={user?.id ?? target.id}
        name={target.title}
        url={group?.avatarUrl ?? user?.avatarUrl ?? null}
        size={32}
        group={group !== null}
      />
      <span className="hp-switcher__name">{target.title}</span>
      {group !== null && (
        <span className="hp-switcher__note">{words.memberCount(number(group.memberCount))}</span>
      )}
      {target.kind === "conversation" && <Count count={target.conversation.unread} />}
    </div>
  );
}

/** Keys that the list takes from the field; `null` for those that it leaves. */
function step(key: string, active: number, count: number): number | null {
  if (count === 0) {
    return null;
  }
  switch (key) {
    case "ArrowDown":
      return (active + 1) % count;
    case "ArrowUp":
      return (active + count - 1) % count;
    case "PageDown":
      return Math.min(count - 1, active + 8);
    case "PageUp":
      return Math.max(0, active - 8);
    default:
      return null;
  }
}

/** Opens what was chosen; with a person, the conversation is made first. */
function useGo({ onClose, onOpen }: SearchProps): (target: Target) => void {
  const { conversations } = useClient();
  const say = useProblemText();
  return (target) => {
    if (target.kind === "conversation") {
      onClose();
      onOpen(target.id);
      return;
    }
    conversations.direct(target.id).then(
      (handle) => {
        onClose();
        onOpen(handle.id);
      },
      (error: unknown) => toast({ text: say(error), tone: "danger" }),
    );
  };
}

function Search(props: SearchProps) {
  const words = useWords().composer;
  const { number } = useFormat();
  const id = useId();
  const closed = useDirectoryClosed();
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState(0);
  const [ime] = useState(() => new ImeGuard());
  const go = useGo(props);
  const { conversations, people, asking } = useTargets(query, props.current);
  const all = [...conversations, ...people];
  const active = Math.min(chosen, Math.max(0, all.length - 1));
  const isRecent = query.trim() === "";

  const onKeyDown = (event: KeyboardEvent) => {
    const { isComposing, keyCode, timeStamp } = event.nativeEvent;
    if (ime.owns({ isComposing, keyCode, timeStamp })) {
      return;
    }
    const next = step(event.key, active, all.length);
    const target = all[active];
    if (next !== null) {
      event.preventDefault();
      setChosen(next);
    } else if (event.key === "Enter" && target !== undefined) {
      event.preventDefault();
      go(target);
    }
  };

  const lines = (targets: readonly Target[], first: number) =>
    targets.map((target, index) => (
      <Line
        key={`${target.kind} ${target.id}`}
        id={`${id}-${first + index}`}
        target={target}
        active={first + index === active}
        onPoint={() => setChosen(first + index)}
        onChoose={() => go(target)}
      />
    ));

  return (
    <div className="hp-switcher__body" data-testid="switcher">
      <input
        type="text"
        role="combobox"
        className="hp-switcher__input"
        data-autofocus
        value={query}
        placeholder={words.switcherPlaceholder}
        aria-label={words.switcherPlaceholder}
        aria-autocomplete="list"
        aria-expanded={all.length > 0}
        aria-controls={`${id}-list`}
        aria-activedescendant={all.length > 0 ? `${id}-${active}` : undefined}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => {
          setQuery(event.target.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
        onKeyUp={() => ime.released()}
        onCompositionEnd={(event) => ime.ended(event.timeStamp)}
      />
      <div
        id={`${id}-list`}
        role="listbox"
        aria-label={words.switcher}
        className="hp-switcher__list"
      >
        <Section title={isRecent ? words.switcherRecent : words.switcherConversations}>
          {lines(conversations, 0)}
        </Section>
        <Section title={words.switcherPeople}>{lines(people, conversations.length)}</Section>
      </div>
      {all.length === 0 && !asking && (
        <EmptyState
          icon="search"
          title={words.switcherEmpty}
          text={isRecent ? undefined : closed ? words.switcherEmptyClosed : words.switcherEmptyHint}
        />
      )}
      <p className="hp-switcher__keys" aria-hidden="true">
        <kbd className="hp-switcher__key">↑</kbd> <kbd className="hp-switcher__key">↓</kbd>{" "}
        {words.switcherMove}
        <kbd className="hp-switcher__key">↵</kbd> {words.switcherOpen}
        <kbd className="hp-switcher__key">Esc</kbd> {words.switcherClose}
      </p>
      <VisuallyHidden>
        <span role="status">
          {!isRecent &&
            (all.length > 0 ? words.suggestions(number(all.length)) : words.switcherEmpty)}
        </span>
      </VisuallyHidden>
    </div>
  );
}

function Section({
  title,
  children,
}: {
  readonly title: string;
  readonly children: readonly ReactNode[];
}) {
  const id = useId();
  if (children.length === 0) {
    return null;
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: inside of a listbox a group is no fieldset
    <div role="group" aria-labelledby={id}>
      <p id={id} className="hp-switcher__title">
        {title}
      </p>
      {children}
    </div>
  );
}
