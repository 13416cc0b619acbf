import { ConfirmDialog, useClient, useValue } from "@hoopoe/ui";
import { useApp, useClientWords } from "../app/context.tsx";

/** Asks before signing out, and says what would be lost. */
export function SignOutDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const words = useClientWords().signOut;
  const { session } = useApp();
  const list = useValue(useClient().conversations.list);
  // What waits to be sent is the last of its conversation, until the server has it.
  const unsent = list.filter((item) => item.last !== null && item.last.state !== "sent").length;
  return (
    <ConfirmDialog
      open={open}
      onClose={onClose}
      title={words.title}
      text={unsent > 0 ? `${words.unsent(unsent)} ${words.text}` : words.text}
      confirm={words.action}
      danger={unsent > 0}
      onConfirm={() => session.signOut()}
    />
  );
}
