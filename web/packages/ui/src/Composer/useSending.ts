import type { Content, ConversationHandle, Message } from "@hoopoe/sdk";
import { useState } from "react";
import { useProblemText } from "../hooks/index.ts";
import { useWords } from "../i18n/words.ts";
import { TEXT_BYTES_MAX, utf8Bytes } from "./bytes.ts";
import { MENTIONS_MAX } from "./ComposerHint.tsx";
import type { ComposerControl, ComposerState } from "./control.ts";
import type { DraftKeeper } from "./useDraft.ts";
import type { WrittenText } from "./useText.ts";

/** What {@link useSending} needs. */
export interface SendingParts {
  readonly handle: ConversationHandle;
  readonly control: ComposerControl;
  readonly state: ComposerState;
  readonly text: WrittenText;
  readonly draft: DraftKeeper;
}

/** Sending what is written, or keeping what is edited. */
export interface Sending {
  readonly can: boolean;
  /** An edit is under way to the server. */
  readonly busy: boolean;
  readonly problem: string | null;
  readonly bytes: number;
  submit(): void;
  /** The text has changed: what was wrong with the last one is over. */
  forget(): void;
}

/** Empty lines around it say nothing; blanks in the first line may be code. */
const trimmed = (text: string): string => text.replace(/^(?:[^\S\n]*\n)+/, "").trimEnd();

const sameUsers = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((user) => b.includes(user));

/** What is sent, without what says nothing. */
function contentOf(text: string, mentions: readonly string[], replyTo: number | null): Content {
  return {
    text,
    ...(mentions.length > 0 && { mentions }),
    ...(replyTo !== null && { replyTo }),
  };
}

/** Sends, or keeps the edit, and leaves the composer ready for the next one. */
export function useSending({ handle, control, state, text, draft }: SendingParts): Sending {
  const words = useWords().composer;
  const say = useProblemText();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const bytes = utf8Bytes(text.text);
  const isWithin = bytes <= TEXT_BYTES_MAX && text.model.mentions.length <= MENTIONS_MAX;
  const isEmpty = text.text.trim() === "";

  const send = () => {
    const content = contentOf(trimmed(text.text), text.model.mentions, state.replyTo);
    // A refusal shows at the message in the list, which stays there to be sent again.
    handle.send(content).catch(() => {});
    handle.setTyping(false);
    text.set("", []);
    control.reply(null);
    draft.clear();
    text.ref.current?.focus();
  };

  const save = async (message: Message, seq: number) => {
    const next = { text: trimmed(text.text), mentions: text.model.mentions };
    if (next.text !== message.text || !sameUsers(next.mentions, message.mentions)) {
      setBusy(true);
      try {
        await handle.edit(seq, next);
      } catch (error) {
        setProblem(say(error));
        return;
      } finally {
        setBusy(false);
      }
    }
    // Meanwhile somebody may have begun with another message.
    if (control.state.getSnapshot().editing === message) {
      control.edit(null);
    }
    text.ref.current?.focus();
  };

  const submit = () => {
    const { editing } = state;
    if (busy || !isWithin) {
      return;
    }
    if (editing === null) {
      if (!isEmpty) {
        send();
      }
    } else if (isEmpty) {
      setProblem(words.editEmpty);
    } else if (editing.seq !== null) {
      void save(editing, editing.seq);
    }
  };

  return {
    can: isWithin && !busy && !isEmpty,
    busy,
    problem,
    bytes,
    submit,
    forget: () => setProblem(null),
  };
}
