import { useClient } from "../hooks/client.ts";
import { useValue } from "../hooks/useValue.ts";
import { ConversationAvatar } from "./ConversationAvatar.tsx";

/** Those of all conversations of the fixture. */
export function Pictures() {
  const list = useValue(useClient().conversations.list);
  return (
    <div className="story-row">
      {list.map((conversation) => (
        <ConversationAvatar key={conversation.id} conversation={conversation} size={48} />
      ))}
    </div>
  );
}
