import { useWords } from "../i18n/words.ts";
import { UserRow } from "./UserRow.tsx";

/** With and without something under the name. */
export function Rows() {
  const { roles, alreadyIn } = useWords().people;
  return (
    <div className="story-column">
      <UserRow user="limei" presence note={roles.owner} />
      <UserRow user="ben" note={alreadyIn} />
      <UserRow user="maximilian" presence />
      <UserRow user="nobody.known" />
    </div>
  );
}
