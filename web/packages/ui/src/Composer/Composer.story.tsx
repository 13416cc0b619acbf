import type { ConversationId } from "@hoopoe/sdk";
import { useEffect } from "react";
import { useClient } from "../hooks/index.ts";
import { Composer } from "./Composer.tsx";
import { type ComposerControl, composerOf } from "./control.ts";

interface ShownProps {
  readonly conversation: ConversationId;
  readonly begin?: (control: ComposerControl) => void;
}

/** A composer at the foot of an empty pane, with something begun in it. */
function Shown({ conversation, begin }: ShownProps) {
  const client = useClient();
  useEffect(() => begin?.(composerOf(client, conversation)), [begin, client, conversation]);
  return (
    <div className="story-column" style={{ justifyContent: "flex-end", height: 460 }}>
      <Composer conversation={conversation} />
    </div>
  );
}

export const Empty = () => <Shown conversation="cnv_limei" />;

const long = (control: ComposerControl) =>
  control.compose({ text: "A first line\n\n- one\n- two\n\n```\nlet a = 1;\n```\nand an end" });
export const SeveralLines = () => <Shown conversation="cnv_limei" begin={long} />;

const answer = (control: ComposerControl) => control.reply(2);
export const Reply = () => <Shown conversation="cnv_limei" begin={answer} />;

const mention = (control: ComposerControl) => control.compose({ text: "What do you think, @" });
export const Mention = () => <Shown conversation="cnv_release" begin={mention} />;

const smile = (control: ComposerControl) => control.compose({ text: "Well done :smi" });
export const EmojiWords = () => <Shown conversation="cnv_release" begin={smile} />;

const tooLong = (control: ComposerControl) => control.compose({ text: "Too long. ".repeat(1_700) });
export const TooLong = () => <Shown conversation="cnv_release" begin={tooLong} />;

export function Editing() {
  const client = useClient();
  const begin = (control: ComposerControl) => {
    const timeline = client.conversations.get("cnv_limei").timeline.getSnapshot();
    const own = timeline.items.find((message) => message.sender === "ana");
    control.edit(own ?? null);
  };
  return <Shown conversation="cnv_limei" begin={begin} />;
}

export function Offline() {
  const { connection } = useClient() as ReturnType<typeof useClient> & {
    connection: { update?(change: (now: object) => object): void };
  };
  useEffect(() => connection.update?.((now) => ({ ...now, status: "waiting" })), [connection]);
  return <Shown conversation="cnv_limei" />;
}
