import "./GroupSettings.css";
import type { Conversation, ConversationId, UserId } from "@hoopoe/sdk";
import { type FormEvent, useState } from "react";
import { Button } from "../Button/Button.tsx";
import { ConfirmDialog } from "../ConfirmDialog/ConfirmDialog.tsx";
import { ConversationAvatar } from "../ConversationAvatar/ConversationAvatar.tsx";
import { useConversation, useConversationState, useConversationTitle } from "../hooks/client.ts";
import { useProblemText } from "../hooks/useProblem.ts";
import { IconButton } from "../IconButton/IconButton.tsx";
import { useWords } from "../i18n/words.ts";
import { MemberList } from "../MemberList/MemberList.tsx";
import { useSlot } from "../slots/slots.ts";
import { TextField } from "../TextField/TextField.tsx";
import { toast } from "../Toasts/toast.ts";
import { rightsOf } from "../util/rights.ts";
import { AddMembers } from "./AddMembers.tsx";

/** What {@link GroupSettings} takes. */
export interface GroupSettingsProps {
  readonly conversation: ConversationId;
  /** Shows somebody. */
  readonly onOpenUser?: (user: UserId) => void;
  /** The user has left the group. */
  readonly onLeft?: () => void;
}

/** What a group is called, and who is in it. */
export function GroupSettings(props: GroupSettingsProps) {
  const conversation = useConversationState(props.conversation);
  return conversation ? <Settings {...props} state={conversation} /> : null;
}

function Settings(props: GroupSettingsProps & { readonly state: Conversation }) {
  const { conversation, state, onOpenUser, onLeft } = props;
  const all = useWords();
  const words = all.conversations;
  const handle = useConversation(conversation);
  const rights = rightsOf(state.role);
  const [adding, setAdding] = useState(false);
  const [leaving, setLeaving] = useState(false);
  return (
    <div className="hp-group">
      <Name state={state} />
      <section className="hp-group__section">
        <div className="hp-group__head">
          <h3 className="hp-group__title">{all.people.memberCount(state.memberCount)}</h3>
          {rights.add && (
            <Button size="sm" variant="ghost" icon="user-plus" onClick={() => setAdding(true)}>
              {all.people.add}
            </Button>
          )}
        </div>
        <MemberList conversation={conversation} onOpenUser={onOpenUser} />
      </section>
      <Button icon="logout" onClick={() => setLeaving(true)}>
        {words.leave}
      </Button>
      <AddMembers conversation={conversation} open={adding} onClose={() => setAdding(false)} />
      <ConfirmDialog
        open={leaving}
        onClose={() => setLeaving(false)}
        danger
        title={words.leaveTitle}
        text={words.leaveText}
        confirm={words.leave}
        onConfirm={() =>
          handle.leave().then(() => {
            toast(words.left);
            onLeft?.();
          })
        }
      />
    </div>
  );
}

/** Characters of a group's name. */
const NAME_MAX = 100;

function Name({ state }: { readonly state: Conversation }) {
  const all = useWords();
  const words = all.conversations;
  const handle = useConversation(state.id);
  const Picture = useSlot("ConversationAvatar", ConversationAvatar);
  const title = useConversationTitle(state);
  const say = useProblemText();
  const [text, setText] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);

  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (text === null || busy) return;
    setBusy(true);
    setFailure(null);
    try {
      await handle.update({ name: text.trim() });
      toast({ text: words.renamed, tone: "success" });
      setText(null);
    } catch (error) {
      setFailure(say(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <div className="hp-group__name">
      <Picture conversation={state} size={72} />
      {text === null ? (
        <div className="hp-group__shown">
          <h3 className="hp-group__called">{title}</h3>
          {rightsOf(state.role).update && (
            <IconButton
              icon="edit"
              size="sm"
              label={words.rename}
              onClick={() => setText(state.name ?? "")}
            />
          )}
        </div>
      ) : (
        <form className="hp-group__form" onSubmit={(event) => void save(event)}>
          <TextField
            label={words.groupName}
            value={text}
            error={failure}
            maxLength={NAME_MAX}
            autoFocus
            onChange={(event) => setText(event.target.value)}
          />
          <div className="hp-group__buttons">
            <Button size="sm" onClick={() => setText(null)}>
              {all.common.cancel}
            </Button>
            <Button size="sm" type="submit" variant="primary" busy={busy}>
              {all.common.save}
            </Button>
          </div>
        </form>
      )}
    </div>
  );
}
