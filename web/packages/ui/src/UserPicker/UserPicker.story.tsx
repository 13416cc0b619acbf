import { useState } from "react";
import { UserPicker } from "./UserPicker.tsx";

/** Two are chosen, one is in already. */
export function Chosen() {
  const [chosen, setChosen] = useState<readonly string[]>(["limei", "maximilian"]);
  return (
    <div className="story-column">
      <UserPicker chosen={chosen} onChange={setChosen} members={["ben"]} />
    </div>
  );
}
