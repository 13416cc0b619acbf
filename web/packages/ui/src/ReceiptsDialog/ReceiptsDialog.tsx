import "./ReceiptsDialog.css";
import type { ConversationId, ReceiptPage } from "@hoopoe/sdk";
import { useCallback, useEffect, useState } from "react";
import { Button } from "../Button/Button.tsx";
import { Dialog } from "../Dialog/Dialog.tsx";
import { useConversation } from "../hooks/client.ts";
import { useProblemText } from "../hooks/useProblem.ts";
import { useWords } from "../i18n/words.ts";
import { Spinner } from "../Spinner/Spinner.tsx";
import { useSlot } from "../slots/slots.ts";
import { Tabs } from "../Tabs/Tabs.tsx";
import { UserRow } from "../UserRow/UserRow.tsx";

/** What {@link ReceiptsDialog} takes. */
export interface ReceiptsDialogProps {
  readonly conversation: ConversationId;
  /** The message; `null`: closed. */
  readonly seq: number | null;
  readonly onClose: () => void;
}

type Side = "read" | "unread";

/** Who has read a message, and who has not. */
export function ReceiptsDialog({ conversation, seq, onClose }: ReceiptsDialogProps) {
  return seq === null ? null : (
    <Lists key={seq} conversation={conversation} seq={seq} onClose={onClose} />
  );
}

interface Loaded {
  readonly page: ReceiptPage | null;
  readonly loading: boolean;
  readonly failure: unknown;
}

function useReceipts(conversation: ConversationId, seq: number, state: Side) {
  const handle = useConversation(conversation);
  const [loaded, setLoaded] = useState<Loaded>({ page: null, loading: true, failure: null });
  const load = useCallback(
    (cursor: string | null) => {
      setLoaded((before) => ({ ...before, loading: true, failure: null }));
      handle.receiptsOf(seq, { state, ...(cursor === null ? {} : { cursor }) }).then(
        (page) =>
          setLoaded((before) => ({
            page:
              cursor === null
                ? page
                : { ...page, items: [...(before.page?.items ?? []), ...page.items] },
            loading: false,
            failure: null,
          })),
        (failure: unknown) => setLoaded((before) => ({ ...before, loading: false, failure })),
      );
    },
    [handle, seq, state],
  );
  useEffect(() => load(null), [load]);
  return { ...loaded, load };
}

function Lists(props: ReceiptsDialogProps & { readonly seq: number }) {
  const { conversation, seq, onClose } = props;
  const words = useWords().people;
  const [side, setSide] = useState<Side>("read");
  const read = useReceipts(conversation, seq, "read");
  const unread = useReceipts(conversation, seq, "unread");
  const counts = read.page ?? unread.page;
  const of = (label: string, n: number | undefined): string =>
    n === undefined ? label : words.tabCount(label, n);
  // The author is a member too, and counts on neither side.
  const notRead = counts ? counts.memberCount - counts.readCount : undefined;
  return (
    <Dialog open onClose={onClose} title={words.readBy(counts?.readCount ?? 0)} size="sm">
      <Tabs
        label={words.read}
        value={side}
        onChange={setSide}
        tabs={[
          { id: "read", label: of(words.read, counts?.readCount) },
          { id: "unread", label: of(words.notRead, notRead) },
        ]}
      >
        <List
          {...(side === "read" ? read : unread)}
          empty={side === "read" ? words.nobodyRead : words.everybodyRead}
        />
      </Tabs>
    </Dialog>
  );
}

function List(props: Loaded & { readonly load: (cursor: string | null) => void; empty: string }) {
  const { page, loading, failure, load, empty } = props;
  const all = useWords();
  const Row = useSlot("UserRow", UserRow);
  const say = useProblemText();
  const next = page?.nextCursor ?? null;
  return (
    <div className="hp-receipts">
      {page?.items.length === 0 && <p className="hp-receipts__empty">{empty}</p>}
      <ul className="hp-receipts__list">
        {page?.items.map((item) => (
          <li key={item.user} className="hp-receipts__row">
            <Row
              user={item.user}
              note={item.delivered && !item.read ? all.people.delivered : undefined}
            />
          </li>
        ))}
      </ul>
      {page === null && loading && <Spinner label={all.common.loading} />}
      {failure !== null && <p role="alert">{say(failure)}</p>}
      {(next !== null || failure !== null) && (
        <Button size="sm" busy={loading} onClick={() => load(next)}>
          {failure === null ? all.common.loadMore : all.common.retry}
        </Button>
      )}
    </div>
  );
}
