import type { ConversationHandle } from "@hoopoe/sdk";
import { ConfirmDialog } from "../ConfirmDialog/ConfirmDialog.tsx";
import { useWords } from "../i18n/words.ts";
import type { MessageCommands, Spot } from "../Message/commands.ts";
import { MessageMenu } from "../MessageMenu/MessageMenu.tsx";
import { QuickReactions, type RenderEmojiPicker } from "../MessageMenu/ReactionPicker.tsx";
import { pointAnchor } from "../Popover/anchor.ts";
import { Popover } from "../Popover/Popover.tsx";
import { useSlot } from "../slots/slots.ts";
import type { Floats, Question } from "./useListState.ts";

interface FloatingProps {
  readonly floats: Floats;
  readonly handle: ConversationHandle;
  readonly commands: MessageCommands;
  readonly onClose: (what: keyof Floats) => void;
  /** Opens all emoji for a message. */
  readonly onPick: (message: NonNullable<Floats["picker"]>["message"], spot: Spot) => void;
  readonly renderEmojiPicker: RenderEmojiPicker | undefined;
  /** What was asked about was done. */
  readonly onDone: () => void;
}

/** What floats above a list: one menu for all its messages, all emoji, a question. */
export function Floating(props: FloatingProps) {
  const { floats, commands, onClose, onPick, renderEmojiPicker } = props;
  const { menu, question } = floats;
  const Actions = useSlot("MessageMenu", MessageMenu);
  if (menu !== null) {
    return (
      <Actions
        message={menu.message}
        spot={menu.spot}
        commands={commands}
        onClose={() => onClose("menu")}
        onMoreReactions={
          renderEmojiPicker === undefined ? undefined : () => onPick(menu.message, menu.spot)
        }
      />
    );
  }
  if (question !== null) return <Ask {...props} question={question} />;
  return <Picker {...props} />;
}

function Picker({ floats, commands, onClose, renderEmojiPicker }: FloatingProps) {
  const words = useWords();
  if (floats.picker === null) return null;
  const { message, spot } = floats.picker;
  const pick = (emoji: string) => {
    onClose("picker");
    commands.react(message, emoji);
  };
  return (
    <Popover
      anchor={"point" in spot ? pointAnchor(spot.point) : spot.anchor}
      open
      onClose={() => onClose("picker")}
      placement="top"
      label={words.messages.react}
    >
      {renderEmojiPicker === undefined ? (
        <QuickReactions
          mine={message.reactions.filter((one) => one.me).map((one) => one.emoji)}
          onPick={pick}
        />
      ) : (
        renderEmojiPicker(pick)
      )}
    </Popover>
  );
}

function Ask({ question, handle, onClose, onDone }: FloatingProps & { question: Question }) {
  const words = useWords().messages;
  const { action, messages } = question;
  const text = {
    recall: { title: words.confirmRecall.title, text: words.confirmRecall.text },
    deleteForMe: {
      title: words.confirmDeleteMe.title(messages.length),
      text: words.confirmDeleteMe.text,
    },
    deleteForAll: { title: words.confirmDeleteAll.title, text: words.confirmDeleteAll.text },
  }[action];
  return (
    <ConfirmDialog
      open
      onClose={() => onClose("question")}
      title={text.title}
      text={text.text}
      confirm={action === "recall" ? words.recall : words.delete}
      danger
      onConfirm={async () => {
        await Promise.all(
          messages.map(({ seq }) => (seq === null ? undefined : take(handle, action, seq))),
        );
        onDone();
      }}
    />
  );
}

function take(handle: ConversationHandle, action: Question["action"], seq: number) {
  if (action === "recall") return handle.recall(seq);
  return handle.delete(seq, action === "deleteForMe" ? "me" : "all");
}
