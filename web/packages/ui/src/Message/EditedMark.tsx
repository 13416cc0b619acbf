import type { Message } from "@hoopoe/sdk";
import { useCallback, useState } from "react";
import { Button } from "../Button/Button.tsx";
import { useFormat } from "../i18n/format.ts";
import { useWords } from "../i18n/words.ts";
import { Markdown } from "../Markdown/index.ts";
import { Popover } from "../Popover/Popover.tsx";
import { Spinner } from "../Spinner/Spinner.tsx";
import type { MessageCommands } from "./commands.ts";
import { usePages } from "./usePages.ts";

interface EditedMarkProps {
  readonly message: Message;
  readonly commands: MessageCommands;
  readonly tabIndex: 0 | -1;
}

/** "edited", and what the message said before when it is pressed. */
export function EditedMark({ message, commands, tabIndex }: EditedMarkProps) {
  const words = useWords();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  return (
    <>
      <button
        type="button"
        className="hp-message__edited"
        tabIndex={tabIndex}
        aria-expanded={anchor !== null}
        aria-haspopup="dialog"
        onClick={(event) => {
          const button = event.currentTarget;
          setAnchor((before) => (before === null ? button : null));
        }}
      >
        {words.messages.edited}
      </button>
      {anchor !== null && message.seq !== null && (
        <Popover
          anchor={anchor}
          open
          onClose={() => setAnchor(null)}
          placement="top"
          label={words.messages.history}
        >
          <Versions seq={message.seq} commands={commands} />
        </Popover>
      )}
    </>
  );
}

function Versions({ seq, commands }: { seq: number; commands: MessageCommands }) {
  const words = useWords();
  const format = useFormat();
  const fetch = useCallback((cursor?: string) => commands.versions(seq, cursor), [commands, seq]);
  const pages = usePages(fetch);
  return (
    <div className="hp-versions">
      <h3 className="hp-versions__title">{words.messages.history}</h3>
      <ol className="hp-versions__list">
        {pages.items.map((version) => (
          <li key={version.editedAt ?? 0}>
            <span className="hp-versions__when">
              {version.editedAt === null
                ? words.messages.original
                : words.messages.editedAt(format.full(version.editedAt))}
            </span>
            <Markdown text={version.text} />
          </li>
        ))}
      </ol>
      {pages.failure !== null && <p role="alert">{words.messages.historyFailed}</p>}
      {pages.isLoading && <Spinner size={20} label={words.common.loading} />}
      {!pages.isLoading && (pages.hasMore || pages.failure !== null) && (
        <Button size="sm" variant="ghost" onClick={pages.more}>
          {pages.failure === null ? words.common.loadMore : words.common.retry}
        </Button>
      )}
    </div>
  );
}
