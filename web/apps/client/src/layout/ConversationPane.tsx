import type { ConversationHandle, Message } from "@hoopoe/sdk";
import {
  Composer,
  ConversationHeader,
  composerOf,
  EmojiPicker,
  MessageList,
  TypingLine,
  useClient,
  useConversation,
  useValue,
} from "@hoopoe/ui";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { useClientWords, usePreferences } from "../app/context.tsx";
import { NotFound } from "../app/NotFound.tsx";
import { paths } from "../app/routes.ts";
import { useDetails } from "./useDetails.ts";
import { useNarrow } from "./useViewport.ts";

const Details = lazy(() => import("./Details.tsx"));
const ReceiptsPart = lazy(() => import("./parts/ReceiptsPart.tsx"));

/** What the server takes as a reaction, in bytes of UTF-8. */
const EMOJI_BYTES_MAX = 32;

/** One conversation, with what belongs to it. */
export function ConversationPane({ id, seq }: { id: string; seq: number | null }) {
  const words = useClientWords().chats;
  const handle = useConversation(id);
  const conversation = useValue(handle.state);
  const [details] = useDetails();

  useJump(handle, seq);

  if (conversation === undefined) {
    return <NotFound title={words.notFound} text={words.notFoundText} />;
  }
  return (
    <div className={details ? "talk talk--details" : "talk"}>
      <Talk id={id} />
      {details && (
        <Suspense fallback={<aside className="details" />}>
          <Details id={id} />
        </Suspense>
      )}
    </div>
  );
}

function Talk({ id }: { id: string }) {
  const words = useClientWords().chats;
  const client = useClient();
  const narrow = useNarrow();
  const back = useBack();
  const [, navigate] = useLocation();
  const [details, setDetails] = useDetails();
  const [{ enterSends }] = usePreferences();
  const [receiptsOf, setReceiptsOf] = useState<number | null>(null);
  const composer = composerOf(client, id);
  return (
    <section className="talk__main" aria-label={words.pane}>
      <ConversationHeader
        conversation={id}
        onBack={narrow ? back : undefined}
        detailsOpen={details}
        onOpenDetails={() => setDetails(!details)}
      />
      <div className="talk__list">
        <MessageList
          conversation={id}
          onReply={(message: Message) => composer.reply(message.seq)}
          onEdit={(message: Message) => composer.edit(message)}
          onReedit={(content) => composer.compose(content)}
          onShowReceipts={setReceiptsOf}
          onOpenUser={(user) => navigate(paths.person(user))}
          renderEmojiPicker={(onPick) => <EmojiPicker onPick={onPick} bytesMax={EMOJI_BYTES_MAX} />}
        />
      </div>
      <div className="talk__foot">
        <TypingLine conversation={id} />
        <Composer conversation={id} sendWith={enterSends ? undefined : "ctrl-enter"} />
      </div>
      {receiptsOf !== null && (
        <Suspense fallback={null}>
          <ReceiptsPart conversation={id} seq={receiptsOf} onClose={() => setReceiptsOf(null)} />
        </Suspense>
      )}
    </section>
  );
}

/**
 * Leads to the message that the address names. A page that begins with it has no line yet, so it is
 * tried again when there is one.
 */
function useJump(handle: ConversationHandle, seq: number | null): void {
  const online = useValue(useClient().connection).status === "online";
  const reached = useRef<number | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `online` is what makes it worth another try
  useEffect(() => {
    if (seq === null || reached.current === seq) return;
    const note = (): void => {
      if (handle.timeline.getSnapshot().focus?.seq === seq) reached.current = seq;
    };
    // What goes wrong is in the timeline, where the list shows it.
    handle.jumpTo(seq).then(note, () => undefined);
  }, [handle, seq, online]);
}

/** To the list: back where one came from it, so that the way back does not lead through it twice. */
function useBack(): () => void {
  const [, navigate] = useLocation();
  return () => {
    if ((history.state as { inner?: boolean } | null)?.inner) history.back();
    else navigate(paths.home, { replace: true });
  };
}
