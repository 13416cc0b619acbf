import { ConversationList, Icon, IconButton } from "@hoopoe/ui";
import { useLocation } from "wouter";
import { useClientWords } from "../app/context.tsx";
import { paths } from "../app/routes.ts";
import { commandKey } from "../shortcuts/useShortcuts.ts";
import { openNewConversation, openSwitcher } from "./layers.ts";

/** The conversations, and the ways to find one and to begin one. */
export function ChatsColumn({ current }: { current: string | null }) {
  const words = useClientWords().chats;
  const [, navigate] = useLocation();
  return (
    <>
      <header className="column-head">
        <h1 className="column-head__title">{words.title}</h1>
        <IconButton icon="plus" label={words.newChat} onClick={openNewConversation} />
      </header>
      <button type="button" className="find" onClick={openSwitcher}>
        <Icon name="search" size={18} />
        <span className="find__text">{words.search}</span>
        <kbd className="find__key">{commandKey("K")}</kbd>
      </button>
      <ConversationList
        selected={current}
        onSelect={(id) => navigate(paths.conversation(id), { state: { inner: true } })}
        onStart={openNewConversation}
      />
    </>
  );
}
