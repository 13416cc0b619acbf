import { NewConversationDialog } from "@hoopoe/ui";

/** Beginning a conversation, in a part of its own so that the page begins without it. */
export default function NewConversationPart(props: {
  onClose: () => void;
  onCreated: (id: string) => void;
}) {
  return <NewConversationDialog open onClose={props.onClose} onCreated={props.onCreated} />;
}
