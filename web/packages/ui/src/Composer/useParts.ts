import type { ConversationHandle, Message } from "@hoopoe/sdk";
import { type RefObject, useEffect, useLayoutEffect, useRef } from "react";
import { useClient, useClock, useValue } from "../hooks/index.ts";
import { type ComposerControl, type ComposerState, composerOf } from "./control.ts";
import { type DraftContent, type DraftKeeper, useDraft } from "./useDraft.ts";
import { useText, type WrittenText } from "./useText.ts";

/** The text, its draft, and what is replied to or edited: one whole. */
export interface Parts {
  readonly control: ComposerControl;
  readonly state: ComposerState;
  readonly text: WrittenText;
  readonly draft: DraftKeeper;
}

/** Fields that grow by themselves need no help. */
const growsItself = (): boolean => globalThis.CSS?.supports?.("field-sizing", "content") ?? false;

/** Lets the field be as high as its text, in browsers that do not do so by themselves. */
function useGrowth({ ref, text }: WrittenText): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the text is what makes it grow
  useLayoutEffect(() => {
    const field = ref.current;
    if (field !== null && !growsItself()) {
      field.style.height = "auto";
      field.style.height = `${field.scrollHeight}px`;
    }
  }, [ref, text]);
}

/** Does what other parts of the page ask for. */
function useCommands(control: ComposerControl, text: WrittenText, onEdit: () => void): void {
  const latest = useRef({ text, onEdit });
  latest.current = { text, onEdit };
  useEffect(
    () =>
      control.listen((command) => {
        const { text: own, onEdit: edited } = latest.current;
        const field = own.ref.current;
        if (command.do === "compose") {
          own.set(command.content.text ?? "", command.content.mentions ?? []);
          edited();
        } else if (command.do === "insert" && field !== null) {
          const from = field.selectionStart;
          const end = from + command.text.length;
          own.apply({ from, to: field.selectionEnd, insert: command.text, start: end, end });
        }
        field?.focus();
      }),
    [control],
  );
}

/** The draft waits here while a message is edited in its place. */
type Aside = RefObject<DraftContent | null>;

/** Shows a message that is edited in place of the draft, and the draft again afterwards. */
function useEditing({ state, text, draft }: Parts, aside: Aside): void {
  const shown = useRef<Message | null>(null);
  useEffect(() => {
    const { editing, replyTo } = state;
    if (editing === shown.current) {
      return;
    }
    if (editing !== null) {
      if (aside.current === null) {
        draft.flush();
        aside.current = { text: text.model.text, mentions: text.model.mentions, replyTo };
      }
      text.set(editing.text, editing.mentions);
    } else if (aside.current !== null) {
      text.set(aside.current.text, aside.current.mentions);
      aside.current = null;
    }
    shown.current = editing;
  }, [state, text, draft, aside]);
}

/** A quote belongs to the draft: it is kept when it is put up or taken away. */
function useQuoteInDraft({ state, draft }: Parts): void {
  const { replyTo } = state;
  const last = useRef(replyTo);
  const { changed } = draft;
  useEffect(() => {
    if (last.current !== replyTo) {
      last.current = replyTo;
      changed();
    }
  }, [replyTo, changed]);
}

/** What a conversation's composer works with. `onEdit` hears when the user has changed the text. */
export function useParts(handle: ConversationHandle, onEdit: () => void): Parts {
  const client = useClient();
  const now = useClock();
  const control = composerOf(client, handle.id);
  const state = useValue(control.state);
  const edited = useRef(() => {});
  const aside = useRef<DraftContent | null>(null);
  const text = useText(client, () => edited.current());

  const draft = useDraft(handle, {
    now,
    read: () => {
      const { replyTo } = control.state.getSnapshot();
      if (aside.current !== null) {
        return { ...aside.current, replyTo };
      }
      return { text: text.model.text, mentions: text.model.mentions, replyTo };
    },
    show: (content) => {
      if (aside.current === null) {
        text.set(content.text, content.mentions);
      } else {
        aside.current = content;
      }
      // A reply that was asked for before the draft came goes on; one that was sent elsewhere is over.
      const isGone = content.text === "" && content.replyTo === null;
      const asked = control.state.getSnapshot().replyTo;
      control.restore(isGone ? null : (content.replyTo ?? asked));
    },
  });

  edited.current = () => {
    onEdit();
    if (control.state.getSnapshot().editing === null) {
      draft.changed();
      handle.setTyping(text.model.text.trim() !== "");
    }
  };

  const parts = { control, state, text, draft };
  useEditing(parts, aside);
  useQuoteInDraft(parts);
  useCommands(control, text, () => edited.current());
  useGrowth(text);
  useEffect(() => () => handle.setTyping(false), [handle]);
  return parts;
}
