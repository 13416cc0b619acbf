import type { Conversation, Message } from "@hoopoe/sdk";
import { useConversation, useMe, useUser } from "../hooks/client.ts";
import { useValue } from "../hooks/useValue.ts";
import { Icon } from "../Icon/Icon.tsx";
import { useWords } from "../i18n/words.ts";
import { previewText } from "../util/preview.ts";

/** What {@link ConversationPreview} takes. */
export interface ConversationPreviewProps {
  readonly conversation: Conversation;
  /** It is open: its draft stands in the composer. */
  readonly selected: boolean;
}

/** The second line of a conversation in a list: what is being written, or was said last. */
export function ConversationPreview(props: ConversationPreviewProps) {
  const { conversation, selected } = props;
  const words = useWords().conversations;
  const typing = useValue(useConversation(conversation.id).typing);
  const { last, draft, mentioned } = conversation;
  if (typing.length > 0) return <Typing conversation={conversation} user={typing[0] ?? null} />;
  if (draft !== null && !selected) {
    return (
      <span className="hp-preview">
        <span className="hp-preview__mark">{words.draft}</span> {previewText(draft.text)}
      </span>
    );
  }
  if (last === null) return <span className="hp-preview">{words.noMessages}</span>;
  return (
    <span className="hp-preview">
      {mentioned && <span className="hp-preview__mark">{words.mentioned} </span>}
      <Said conversation={conversation} message={last} />
    </span>
  );
}

function Typing(props: { readonly conversation: Conversation; readonly user: string | null }) {
  const words = useWords().conversations;
  const name = useUser(props.user)?.name;
  const direct = props.conversation.kind === "direct" || name === undefined;
  return (
    <span className="hp-preview hp-preview__mark">
      {direct ? words.typingDirect : words.typing(name, 1)}
    </span>
  );
}

/** What the last message says, with its sender where that is not clear. */
function Said(props: { readonly conversation: Conversation; readonly message: Message }) {
  const { conversation, message } = props;
  const words = useWords().conversations;
  const me = useMe();
  const own = message.sender !== null && message.sender === me?.id;
  const sender = useUser(own ? null : message.sender);
  const name = sender?.name ?? message.sender ?? "";
  if (message.deleted) {
    if (!message.recalled) return words.deleted;
    return own ? words.recalledByYou : words.recalledBy(name);
  }
  const who = own ? words.you : conversation.kind === "group" && name ? words.says(name) : null;
  return (
    <>
      <StateMark message={message} />
      {who !== null && <span className="hp-preview__who">{who} </span>}
      {previewText(message.text) || words.unsupported}
    </>
  );
}

function StateMark({ message }: { readonly message: Message }) {
  const words = useWords().conversations;
  if (message.state === "failed") {
    return <Icon name="alert" size={14} label={words.failed} className="hp-preview__failed" />;
  }
  if (message.state === "sent") return null;
  return <Icon name="clock" size={14} label={words.sending} className="hp-preview__state" />;
}
