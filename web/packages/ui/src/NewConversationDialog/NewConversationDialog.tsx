import "./NewConversationDialog.css";
import type { ConversationId, UserId } from "@hoopoe/sdk";
import { type KeyboardEvent, useState } from "react";
import { Button } from "../Button/Button.tsx";
import { Dialog } from "../Dialog/Dialog.tsx";
import { useClient } from "../hooks/client.ts";
import { useProblemText } from "../hooks/useProblem.ts";
import { useWords } from "../i18n/words.ts";
import { Switch } from "../Switch/Switch.tsx";
import { TextField } from "../TextField/TextField.tsx";
import { UserPicker } from "../UserPicker/UserPicker.tsx";

/** What {@link NewConversationDialog} takes. */
export interface NewConversationDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  /** It is there, new or of before. */
  readonly onCreated: (conversation: ConversationId) => void;
}

/** Characters of a group's name. */
const NAME_MAX = 100;

/** Begins a conversation: one person is a private chat, several are a group. */
export function NewConversationDialog(props: NewConversationDialogProps) {
  return props.open ? <Form {...props} /> : null;
}

function Form({ onClose, onCreated }: NewConversationDialogProps) {
  const all = useWords();
  const words = all.conversations;
  const { conversations } = useClient();
  const say = useProblemText();
  const [chosen, setChosen] = useState<readonly UserId[]>([]);
  const [name, setName] = useState("");
  const [showsAll, setShowsAll] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  // Whoever names it wants a group, be it of two.
  const group = chosen.length > 1 || name.trim() !== "";

  const begin = async (): Promise<void> => {
    const [first] = chosen;
    if (first === undefined || busy) return;
    setBusy(true);
    setFailure(null);
    try {
      const handle = group
        ? await conversations.create({
            members: chosen,
            name: name.trim() || undefined,
            history: showsAll ? "all" : "joined",
          })
        : await conversations.direct(first);
      onCreated(handle.id);
    } catch (error) {
      setFailure(say(error));
      setBusy(false);
    }
  };

  const onNameKey = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && !event.nativeEvent.isComposing) void begin();
  };

  return (
    <Dialog
      open
      onClose={onClose}
      title={words.start}
      footer={
        <>
          <Button onClick={onClose}>{all.common.cancel}</Button>
          <Button
            variant="primary"
            busy={busy}
            disabled={chosen.length === 0}
            onClick={() => void begin()}
          >
            {group ? words.startGroup : words.startDirect}
          </Button>
        </>
      }
    >
      <div className="hp-new">
        <p className="hp-new__hint">{words.startHint}</p>
        <UserPicker chosen={chosen} onChange={setChosen} />
        {chosen.length > 0 && (
          <TextField
            label={words.groupName}
            hint={words.groupNameHint}
            value={name}
            maxLength={NAME_MAX}
            onChange={(event) => setName(event.target.value)}
            onKeyDown={onNameKey}
          />
        )}
        {group && (
          <Switch
            label={words.history}
            hint={words.historyHint}
            checked={showsAll}
            onChange={setShowsAll}
          />
        )}
        {failure !== null && (
          <p className="hp-new__failure" role="alert">
            {failure}
          </p>
        )}
      </div>
    </Dialog>
  );
}
