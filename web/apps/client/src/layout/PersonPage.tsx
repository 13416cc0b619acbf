import { IconButton, ProfileCard } from "@hoopoe/ui";
import { useLocation } from "wouter";
import { useClientWords } from "../app/context.tsx";
import { paths } from "../app/routes.ts";

/** Somebody, and the way to write to them. */
export default function PersonPage({ user }: { user: string }) {
  const words = useClientWords().chats;
  const [, navigate] = useLocation();
  return (
    <div className="person">
      <header className="details__head">
        <IconButton icon="arrow-left" label={words.back} onClick={() => history.back()} />
      </header>
      <ProfileCard user={user} onMessage={(id) => navigate(paths.conversation(id))} />
    </div>
  );
}
