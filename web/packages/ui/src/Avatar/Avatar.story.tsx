import { people } from "../testing/people.ts";
import { Avatar } from "./Avatar.tsx";

export function Avatars() {
  return (
    <>
      {[64, 48, 40, 32, 24].map((size) => (
        <div key={size} className="story-row">
          {people.map((user, i) => (
            <Avatar
              key={user.id}
              id={user.id}
              name={user.name}
              url={user.avatarUrl}
              size={size}
              group={i % 5 === 4}
              presence={i % 3 === 0 ? "online" : "offline"}
            />
          ))}
        </div>
      ))}
    </>
  );
}
