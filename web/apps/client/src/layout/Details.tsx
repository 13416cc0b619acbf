import { GroupSettings, IconButton, ProfileCard, useConversationState } from "@hoopoe/ui";
import { useLocation } from "wouter";
import { useClientWords } from "../app/context.tsx";
import { paths } from "../app/routes.ts";
import { useDetails } from "./useDetails.ts";
import { useNarrow } from "./useViewport.ts";

/** Who and what a conversation is: beside it, or in its place. */
export default function Details({ id }: { id: string }) {
  const words = useClientWords().chats;
  const conversation = useConversationState(id);
  const narrow = useNarrow();
  const [, navigate] = useLocation();
  const [, setDetails] = useDetails();
  return (
    <aside className="details" aria-label={words.details}>
      <header className="details__head">
        <h2 className="details__title">
          {conversation?.kind === "direct" ? words.people : words.details}
        </h2>
        <IconButton
          icon={narrow ? "arrow-left" : "close"}
          label={words.closeDetails}
          onClick={() => setDetails(false)}
        />
      </header>
      <div className="details__body">
        {conversation?.kind === "group" && (
          <GroupSettings
            conversation={id}
            onOpenUser={(user) => navigate(paths.person(user))}
            onLeft={() => navigate(paths.home, { replace: true })}
          />
        )}
        {conversation?.peer && <ProfileCard user={conversation.peer} />}
      </div>
    </aside>
  );
}
