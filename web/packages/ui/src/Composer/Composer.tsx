import "./Composer.css";
import type { ConversationHandle, ConversationId } from "@hoopoe/sdk";
import { useEffect, useId } from "react";
import { EmojiSuggestions } from "../EmojiPicker/EmojiSuggestions.tsx";
import {
  useClient,
  useClock,
  useConversation,
  useConversationTitle,
  useMe,
  useValue,
} from "../hooks/index.ts";
import { IconButton } from "../IconButton/IconButton.tsx";
import { useFormat } from "../i18n/format.ts";
import { useWords } from "../i18n/words.ts";
import { MentionList } from "../MentionList/MentionList.tsx";
import { useSlot } from "../slots/slots.ts";
import { VisuallyHidden } from "../VisuallyHidden/VisuallyHidden.tsx";
import { EditBar, ReplyBar } from "./ComposerBar.tsx";
import { ComposerHint } from "./ComposerHint.tsx";
import { isTouch } from "./device.ts";
import { EmojiButton } from "./EmojiButton.tsx";
import { type Completion, useCompletion } from "./useCompletion.ts";
import { lastEditable, type SendKey, useComposerKeys } from "./useComposerKeys.ts";
import { type Parts, useParts } from "./useParts.ts";
import { useSending } from "./useSending.ts";

/** What {@link Composer} takes. */
export interface ComposerProps {
  readonly conversation: ConversationId;
  /** Which key sends. Left out: Enter, and on touch screens the button only. */
  readonly sendWith?: SendKey;
  /** Starts with the focus; left out: except on touch screens. */
  readonly autoFocus?: boolean;
}

/**
 * Where one writes. Other parts of the page speak to it through {@link composerOf}: reply, edit, write
 * anew. What is begun is kept as the draft of the conversation.
 */
export function Composer({ conversation, sendWith, autoFocus }: ComposerProps) {
  // What was begun belongs to its conversation: another one gets a composer of its own.
  return (
    <ConversationComposer
      key={conversation}
      conversation={conversation}
      sendWith={sendWith}
      autoFocus={autoFocus}
    />
  );
}

/** The list that is open at the caret. */
function Offered({ id, completion }: { readonly id: string; readonly completion: Completion }) {
  const { offer, active, point, choose } = completion;
  const People = useSlot("MentionList", MentionList);
  if (offer === null) {
    return null;
  }
  const shared = { id, active, onPoint: point, onChoose: choose };
  return (
    <div className="hp-composer__offer">
      {offer.kind === "people" ? (
        <People {...shared} users={offer.users} loading={offer.loading} />
      ) : (
        <EmojiSuggestions {...shared} emoji={offer.emoji} />
      )}
    </div>
  );
}

/** What a field says to screen readers while a list is open at its caret. */
function comboboxOf(listId: string, { offer, active, count }: Completion) {
  if (offer === null) {
    return { "aria-autocomplete": "list" } as const;
  }
  return {
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-expanded": true,
    "aria-haspopup": "listbox",
    "aria-controls": listId,
    "aria-activedescendant": count > 0 ? `${listId}-${active}` : undefined,
  } as const;
}

/** Leaves editing, or else the reply. */
function leave({ control, state }: Parts): boolean {
  if (state.editing !== null) {
    control.edit(null);
    return true;
  }
  if (state.replyTo !== null) {
    control.reply(null);
    return true;
  }
  return false;
}

/** Edits the own last message, as long as that may be done. */
function useEditLast(handle: ConversationHandle, { control, state }: Parts): () => boolean {
  const { app } = useClient();
  const me = useMe();
  const now = useClock();
  return () => {
    const timeline = handle.timeline.getSnapshot();
    const message = lastEditable(timeline, me?.id ?? null, app.getSnapshot(), now());
    if (state.editing !== null || message === null) {
      return false;
    }
    control.edit(message);
    return true;
  };
}

function ConversationComposer({ conversation: id, sendWith, autoFocus }: ComposerProps) {
  const handle = useConversation(id);
  const conversation = useValue(handle.state);
  const title = useConversationTitle(conversation);
  const words = useWords().composer;
  const { number } = useFormat();
  const own = useId();
  const parts = useParts(handle, () => sending.forget());
  const { state, text, control } = parts;
  const sending = useSending({ handle, ...parts });
  const completion = useCompletion(handle, text, conversation?.kind === "group");
  const editLast = useEditLast(handle, parts);
  const { submit } = sending;
  const keys = useComposerKeys({
    text,
    sendWith,
    complete: completion.onKey,
    submit,
    leave: () => leave(parts),
    editLast,
  });
  const startsFocused = autoFocus ?? !isTouch();

  useEffect(() => {
    if (startsFocused) {
      text.ref.current?.focus({ preventScroll: true });
    }
  }, [startsFocused, text.ref]);

  if (conversation === undefined || conversation?.role === "guest") {
    return <p className="hp-composer__closed">{words.readOnly}</p>;
  }
  const listId = `${own}list`;
  const hintId = `${own}hint`;
  const isEditing = state.editing !== null;
  return (
    <div className="hp-composer">
      <Offered id={listId} completion={completion} />
      <div className="hp-composer__box">
        {state.editing !== null && (
          <EditBar message={state.editing} onClose={() => control.edit(null)} />
        )}
        {state.editing === null && state.replyTo !== null && (
          <ReplyBar handle={handle} seq={state.replyTo} onClose={() => control.reply(null)} />
        )}
        <div className="hp-composer__row">
          <EmojiButton text={text} />
          <textarea
            ref={text.ref}
            className="hp-composer__input"
            data-testid="composer-input"
            rows={1}
            value={text.text}
            placeholder={title === "" ? "" : words.placeholder(title)}
            aria-label={words.label(title)}
            aria-describedby={hintId}
            enterKeyHint={sendWith === "enter" || !isTouch() ? "send" : "enter"}
            autoComplete="off"
            dir="auto"
            onChange={text.onChange}
            onSelect={text.onSelect}
            {...keys}
            {...comboboxOf(listId, completion)}
          />
          <IconButton
            label={isEditing ? words.saveEdit : words.send}
            icon={isEditing ? "check" : "send"}
            tone={sending.can ? "accent" : "plain"}
            className="hp-composer__send"
            data-testid="composer-send"
            disabled={!sending.can}
            // Without this the field would lose the focus, and a phone its keyboard.
            onMouseDown={(event) => event.preventDefault()}
            onClick={submit}
          />
        </div>
      </div>
      <ComposerHint
        id={hintId}
        bytes={sending.bytes}
        mentions={text.model.mentions.length}
        problem={sending.problem}
      />
      <VisuallyHidden>
        <span aria-live="polite">
          {completion.count > 0 && words.suggestions(number(completion.count))}
        </span>
      </VisuallyHidden>
    </div>
  );
}
