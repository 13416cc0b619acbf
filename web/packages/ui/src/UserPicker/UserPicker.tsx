import "./UserPicker.css";
import type { UserId } from "@hoopoe/sdk";

import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { useDirectoryClosed, useMe, useUser } from "../hooks/client.ts";

import { useProblemText } from "../hooks/useProblem.ts";
import { Icon } from "../Icon/Icon.tsx";
import { useWords } from "../i18n/words.ts";
import { useSlot } from "../slots/slots.ts";
import { TextField } from "../TextField/TextField.tsx";
import { UserRow } from "../UserRow/UserRow.tsx";
import { cx } from "../util/cx.ts";
import { VisuallyHidden } from "../VisuallyHidden/VisuallyHidden.tsx";
import { useFound } from "./useFound.ts";

/** What {@link UserPicker} takes. */
export interface UserPickerProps {
  readonly chosen: readonly UserId[];
  readonly onChange: (chosen: readonly UserId[]) => void;
  /** Who cannot be chosen, because they are in already. */
  readonly members?: readonly UserId[];
  readonly autoFocus?: boolean;
}

const NOBODY: readonly UserId[] = [];

/** Finds people and chooses several, by mouse and by keys. */
export function UserPicker(props: UserPickerProps) {
  const { chosen, onChange, members = NOBODY } = props;
  const words = useWords().people;
  const closed = useDirectoryClosed();
  const me = useMe();
  const id = useId();
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const found = useFound(query);
  const ids = found.ids.filter((user) => user !== me?.id);
  const at = Math.min(active, ids.length - 1);

  const toggle = (user: UserId): void => {
    if (members.includes(user)) return;
    const without = chosen.filter((one) => one !== user);
    onChange(without.length < chosen.length ? without : [...chosen, user]);
    if (query !== "") setQuery("");
    setActive(0);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "ArrowDown") setActive(Math.max(0, Math.min(at + 1, ids.length - 1)));
    else if (event.key === "ArrowUp") setActive(Math.max(at - 1, 0));
    else if (event.key === "Backspace" && query === "" && chosen.length > 0) {
      onChange(chosen.slice(0, -1));
    } else if (event.key === "Enter") {
      const user = ids[at];
      // What stands there while a search runs was found for other letters.
      if (user !== undefined && !found.loading) toggle(user);
    } else return;
    event.preventDefault();
  };

  return (
    <div className="hp-picker">
      {chosen.length > 0 && (
        <ul className="hp-picker__chosen" aria-label={words.chosen}>
          {chosen.map((user) => (
            <Chip key={user} user={user} onRemove={() => toggle(user)} />
          ))}
        </ul>
      )}
      <TextField
        label={closed ? words.searchId : words.search}
        hint={closed ? words.searchIdHint : words.searchHint}
        icon="search"
        type="search"
        role="combobox"
        aria-expanded={ids.length > 0}
        aria-controls={`${id}-list`}
        aria-activedescendant={at >= 0 ? `${id}-${at}` : undefined}
        aria-autocomplete="list"
        autoComplete="off"
        spellCheck={false}
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          setActive(0);
        }}
        onClear={() => setQuery("")}
        onKeyDown={onKeyDown}
        data-autofocus={props.autoFocus === false ? undefined : ""}
      />
      <Answer query={query} found={found} count={ids.length} />
      <div
        id={`${id}-list`}
        role="listbox"
        aria-label={closed ? words.searchId : words.search}
        aria-multiselectable="true"
        className="hp-picker__list"
      >
        {ids.map((user, index) => (
          <Option
            key={user}
            id={`${id}-${index}`}
            user={user}
            active={index === at}
            chosen={chosen.includes(user)}
            member={members.includes(user)}
            onChoose={() => toggle(user)}
          />
        ))}
      </div>
    </div>
  );
}

function Answer(props: {
  readonly query: string;
  readonly found: ReturnType<typeof useFound>;
  readonly count: number;
}) {
  const { query, found, count } = props;
  const words = useWords().people;
  const closed = useDirectoryClosed();
  const say = useProblemText();
  if (found.failure !== null) {
    return (
      <p className="hp-picker__answer" role="alert">
        {say(found.failure)}
      </p>
    );
  }
  const asked = query.trim() !== "";
  const none = asked && !found.loading && count === 0;
  return (
    <div role="status">
      {none ? (
        <p className="hp-picker__answer">
          {closed ? words.nobodyIdText(query.trim()) : words.nobodyText(query.trim())}
        </p>
      ) : (
        asked && (
          <VisuallyHidden>{found.loading ? words.searching : words.found(count)}</VisuallyHidden>
        )
      )}
    </div>
  );
}

function Option(props: {
  readonly id: string;
  readonly user: UserId;
  readonly active: boolean;
  readonly chosen: boolean;
  readonly member: boolean;
  readonly onChoose: () => void;
}) {
  const { id, user, active, chosen, member, onChoose } = props;
  const words = useWords().people;
  const Row = useSlot("UserRow", UserRow);
  const line = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (active) line.current?.scrollIntoView({ block: "nearest" });
  }, [active]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the field above hears the keys
    <div
      ref={line}
      id={id}
      role="option"
      tabIndex={-1}
      data-user={user}
      aria-selected={chosen}
      aria-disabled={member || undefined}
      className={cx("hp-picker__option", active && "hp-picker__option--active")}
      // The focus stays in the field.
      onPointerDown={(event) => event.preventDefault()}
      onClick={onChoose}
    >
      <Row user={user} note={member ? words.alreadyIn : user} presence>
        <span className={cx("hp-picker__mark", chosen && "hp-picker__mark--on")}>
          {chosen && <Icon name="check" size={14} />}
        </span>
      </Row>
    </div>
  );
}

function Chip({ user: id, onRemove }: { readonly user: UserId; readonly onRemove: () => void }) {
  const words = useWords().people;
  const name = useUser(id)?.name ?? id;
  return (
    <li>
      <button
        type="button"
        className="hp-picker__chip"
        aria-label={words.unchoose(name)}
        onClick={onRemove}
      >
        {name}
        <Icon name="close" size={14} />
      </button>
    </li>
  );
}
