import { ClientContext } from "../hooks/client.ts";
import { createDoubleClient } from "../testing/client.ts";
import { ConversationHeader } from "./ConversationHeader.tsx";

const nothing = () => {};
const unknown = createDoubleClient();
unknown.conversations.get("cnv_limei").state.set(null);

/** Somebody who is there, somebody who was, a group, a long name, and one that loads. */
export function Headers() {
  return (
    <>
      <ConversationHeader conversation="cnv_limei" onOpenDetails={nothing} />
      <ConversationHeader conversation="cnv_ben" onOpenDetails={nothing} detailsOpen />
      <ConversationHeader conversation="cnv_release" onBack={nothing} onOpenDetails={nothing} />
      <ConversationHeader conversation="cnv_max" onBack={nothing} onOpenDetails={nothing} />
      <ConversationHeader conversation="cnv_nameless" />
      <ClientContext value={unknown}>
        <ConversationHeader conversation="cnv_limei" />
      </ClientContext>
    </>
  );
}
