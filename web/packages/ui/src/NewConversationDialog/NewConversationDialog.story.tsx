import { NewConversationDialog } from "./NewConversationDialog.tsx";

/** Before anybody is chosen. */
export function Open() {
  return <NewConversationDialog open onClose={() => {}} onCreated={() => {}} />;
}
