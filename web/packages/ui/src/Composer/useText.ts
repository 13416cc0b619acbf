import type { Client, UserId } from "@hoopoe/sdk";
import {
  type ChangeEvent,
  type RefObject,
  type SyntheticEvent,
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import type { Edit } from "./format.ts";
import { MentionText } from "./mentionText.ts";

/** The text that is being written, and the field that it is written in. */
export interface WrittenText {
  readonly ref: RefObject<HTMLTextAreaElement | null>;
  readonly text: string;
  /** Where the caret is; `null` while something is selected. */
  readonly caret: number | null;
  readonly model: MentionText;
  onChange(event: ChangeEvent<HTMLTextAreaElement>): void;
  onSelect(event: SyntheticEvent<HTMLTextAreaElement>): void;
  /** Edits as if it was typed: undo takes it back. */
  apply(edit: Edit): void;
  /** Shows another text, with the caret at its end. */
  set(text: string, mentions: readonly UserId[]): void;
}

interface Shown {
  readonly text: string;
  readonly caret: number | null;
}

const caretOf = (field: HTMLTextAreaElement): number | null =>
  field.selectionStart === field.selectionEnd ? field.selectionStart : null;

/** Types into the field: the browser's own way keeps its list of what can be undone. */
function type(field: HTMLTextAreaElement, { from, to, insert, start, end }: Edit): void {
  field.focus();
  field.setSelectionRange(from, to);
  const before = field.value;
  const command = insert === "" ? "delete" : "insertText";
  const isTyped = document.execCommand?.(command, false, insert) ?? false;
  if (!isTyped && field.value === before) {
    field.setRangeText(insert, from, to, "end");
  }
  field.setSelectionRange(start, end);
}

/** Learns the names of those whom a draft mentions, as soon as they are known. */
function watchNames(client: Client, model: MentionText): () => void {
  const ends = model.nameless.map((id) => {
    const user = client.users.get(id);
    const learn = () => {
      const name = user.getSnapshot()?.name;
      if (name !== undefined) {
        model.learn(id, name);
      }
    };
    const end = user.subscribe(learn);
    learn();
    return end;
  });
  return () => {
    for (const end of ends) {
      end();
    }
  };
}

/** The text of a composer. `onEdit` is called when the user has changed it. */
export function useText(client: Client, onEdit: () => void): WrittenText {
  const ref = useRef<HTMLTextAreaElement>(null);
  const [model] = useState(() => new MentionText());
  const [shown, setShown] = useState<Shown>({ text: "", caret: 0 });
  const names = useRef<(() => void) | null>(null);
  const caretToSet = useRef<number | null>(null);

  useEffect(() => () => names.current?.(), []);

  useLayoutEffect(() => {
    if (caretToSet.current !== null) {
      ref.current?.setSelectionRange(caretToSet.current, caretToSet.current);
      caretToSet.current = null;
    }
  });

  const edited = useRef(onEdit);
  edited.current = onEdit;

  const take = useCallback(
    (field: HTMLTextAreaElement) => {
      if (model.text !== field.value) {
        model.change(field.value);
        edited.current();
      }
      setShown({ text: field.value, caret: caretOf(field) });
    },
    [model],
  );

  const onChange = (event: ChangeEvent<HTMLTextAreaElement>) => take(event.currentTarget);

  const onSelect = (event: SyntheticEvent<HTMLTextAreaElement>) => {
    const caret = caretOf(event.currentTarget);
    // The text is not taken from the field: React tells of the selection in the middle of a key that
    // may just have emptied it.
    setShown((last) => (last.caret === caret ? last : { ...last, caret }));
  };

  const apply = useCallback(
    (edit: Edit) => {
      const field = ref.current;
      if (field !== null) {
        type(field, edit);
        take(field);
      }
    },
    [take],
  );

  const set = useCallback(
    (text: string, mentions: readonly UserId[]) => {
      model.set(text, mentions, (id) => client.users.get(id).getSnapshot()?.name ?? null);
      names.current?.();
      names.current = watchNames(client, model);
      caretToSet.current = text.length;
      setShown({ text, caret: text.length });
    },
    [client, model],
  );

  return { ref, ...shown, model, onChange, onSelect, apply, set };
}
