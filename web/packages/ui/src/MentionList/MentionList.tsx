import type { User } from "@hoopoe/sdk";
import { Avatar } from "../Avatar/Avatar.tsx";
import { useWords } from "../i18n/words.ts";
import { useSlot } from "../slots/slots.ts";
import { Suggestions } from "./Suggestions.tsx";

/** What {@link MentionList} takes. */
export interface MentionListProps {
  readonly id: string;
  readonly users: readonly User[];
  readonly active: number;
  readonly loading: boolean;
  onPoint(index: number): void;
  onChoose(index: number): void;
}

/** Whether an id says something beside the name: those that the server made do not. */
const isTelling = (user: User): boolean => !user.id.startsWith("usr_") && user.id !== user.name;

/** The people whom an `@` may mean. */
export function MentionList(props: MentionListProps) {
  const { id, users, active, loading, onPoint, onChoose } = props;
  const words = useWords().composer;
  const Picture = useSlot("Avatar", Avatar);
  const options = users.map((user) => ({
    key: user.id,
    content: (
      <span className="hp-mention">
        <Picture id={user.id} name={user.name} url={user.avatarUrl} size={24} />
        <span className="hp-mention__name">{user.name}</span>
        {isTelling(user) && <span className="hp-mention__id">{user.id}</span>}
      </span>
    ),
  }));
  return (
    <Suggestions
      id={id}
      label={words.people}
      options={options}
      active={active}
      onPoint={onPoint}
      onChoose={onChoose}
      empty={loading ? words.loadingPeople : words.noPeople}
    />
  );
}
