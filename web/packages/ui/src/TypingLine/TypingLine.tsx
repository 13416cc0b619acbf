import "./TypingLine.css";
import type { ConversationId } from "@hoopoe/sdk";
import { useConversation, useUsers, useValue } from "../hooks/index.ts";
import { useWords } from "../i18n/words.ts";

/** More are counted. */
const NAMES_MAX = 3;

/** What {@link TypingLine} takes. */
export interface TypingLineProps {
  readonly conversation: ConversationId;
}

/** Who writes now. It always takes its line, so that nothing moves when somebody begins. */
export function TypingLine({ conversation }: TypingLineProps) {
  const words = useWords();
  const who = useValue(useConversation(conversation).typing);
  const users = useUsers(who.slice(0, NAMES_MAX));
  const names = users.map((user, i) => user?.name ?? who[i] ?? "");
  return (
    <div className="hp-typing" data-testid="typing">
      {names.length > 0 && (
        <>
          <span className="hp-typing__dots" aria-hidden="true">
            <span />
            <span />
            <span />
          </span>
          <span className="hp-typing__text">
            {words.messages.typing(names, who.length - names.length)}
          </span>
        </>
      )}
    </div>
  );
}
