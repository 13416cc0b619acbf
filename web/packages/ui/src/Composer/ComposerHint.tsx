import { useClient, useValue } from "../hooks/index.ts";
import { useFormat } from "../i18n/format.ts";
import { useWords } from "../i18n/words.ts";
import { TEXT_BYTES_MAX, TEXT_BYTES_WARN } from "./bytes.ts";

/** The people that one message may mention: the server's `MENTIONS_MAX`. */
export const MENTIONS_MAX = 50;

/** What {@link ComposerHint} takes. */
export interface ComposerHintProps {
  readonly id: string;
  readonly bytes: number;
  readonly mentions: number;
  /** What went wrong when it was last tried. */
  readonly problem: string | null;
}

/** Under the text: what stands in the way of sending it, or what will happen to it. */
export function ComposerHint({ id, bytes, mentions, problem }: ComposerHintProps) {
  const words = useWords().composer;
  const format = useFormat();
  const { status } = useValue(useClient().connection);
  const isOffline = status === "waiting" || status === "stopped";
  let text = "";
  let tone = "muted";
  if (bytes > TEXT_BYTES_MAX) {
    text = words.tooLong(format.number(bytes - TEXT_BYTES_MAX));
    tone = "danger";
  } else if (mentions > MENTIONS_MAX) {
    text = words.tooManyMentions(format.number(MENTIONS_MAX));
    tone = "danger";
  } else if (problem !== null) {
    text = problem;
    tone = "danger";
  } else if (bytes > TEXT_BYTES_WARN) {
    text = words.bytesLeft(format.number(TEXT_BYTES_MAX - bytes));
  } else if (isOffline) {
    text = words.offline;
  }
  return (
    <p id={id} role="status" className={`hp-composer__hint hp-composer__hint--${tone}`}>
      {text}
    </p>
  );
}
