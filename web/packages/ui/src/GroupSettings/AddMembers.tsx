import type { ConversationId, UserId } from "@hoopoe/sdk";
import { useMemo, useState } from "react";
import { Button } from "../Button/Button.tsx";
import { Dialog } from "../Dialog/Dialog.tsx";
import { useConversation } from "../hooks/client.ts";
import { useProblemText } from "../hooks/useProblem.ts";
import { useValue } from "../hooks/useValue.ts";
import { useWords } from "../i18n/words.ts";
import { toast } from "../Toasts/toast.ts";
import { UserPicker } from "../UserPicker/UserPicker.tsx";

interface AddMembersProps {
  readonly conversation: ConversationId;
  readonly open: boolean;
  readonly onClose: () => void;
}

/** Adds people to a group. */
export function AddMembers(props: AddMembersProps) {
  return props.open ? <Form {...props} /> : null;
}

function Form({ conversation, onClose }: AddMembersProps) {
  const all = useWords();
  const words = all.people;
  const handle = useConversation(conversation);
  const { items } = useValue(handle.members);
  const members = useMemo(() => items.map((member) => member.user), [items]);
  const say = useProblemText();
  const [chosen, setChosen] = useState<readonly UserId[]>([]);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);

  const add = async (): Promise<void> => {
    setBusy(true);
    setFailure(null);
    try {
      await handle.addMembers(chosen);
      toast({ text: words.added(chosen.length), tone: "success" });
      onClose();
    } catch (error) {
      setFailure(say(error));
      setBusy(false);
    }
  };

  return (
    <Dialog
      open
      onClose={onClose}
      title={words.add}
      footer={
        <>
          <Button onClick={onClose}>{all.common.cancel}</Button>
          <Button
            variant="primary"
            busy={busy}
            disabled={chosen.length === 0}
            onClick={() => void add()}
          >
            {chosen.length === 0 ? words.add : words.addCount(chosen.length)}
          </Button>
        </>
      }
    >
      <UserPicker chosen={chosen} onChange={setChosen} members={members} />
      {failure !== null && (
        <p className="hp-group__failure" role="alert">
          {failure}
        </p>
      )}
    </Dialog>
  );
}
