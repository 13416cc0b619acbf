import { useWords } from "../i18n/words.ts";
import type { MessageProps } from "./Message.tsx";

/** The place where a message was, and for its author the way back to what it said. */
export function Tombstone({ message, sender, isOwn, isActive, commands, id }: MessageProps) {
  const words = useWords();
  const name = sender?.name ?? message.sender ?? words.messages.someone;
  const { recalledContent } = message;
  const { reedit } = commands;
  return (
    <div className="hp-message hp-message--system">
      <span id={`${id}-text`}>{sayGone()}</span>
      {recalledContent !== null && reedit !== undefined && (
        <>
          <span aria-hidden="true"> · </span>
          <button
            type="button"
            className="hp-message__link"
            tabIndex={isActive ? 0 : -1}
            onClick={() => reedit(recalledContent)}
          >
            {words.messages.reedit}
          </button>
        </>
      )}
    </div>
  );

  function sayGone() {
    if (!message.recalled) return words.messages.deleted;
    return isOwn ? words.messages.recalledByYou : words.messages.recalledBy(name);
  }
}
