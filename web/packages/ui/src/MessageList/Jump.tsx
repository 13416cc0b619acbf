import { Icon } from "../Icon/Icon.tsx";
import { useWords } from "../i18n/words.ts";

/** What {@link Jump} takes. */
export interface JumpProps {
  /** New messages below. */
  readonly count: number;
  readonly onJump: () => void;
}

/** The way back to the newest message, with the number of those that are new. */
export function Jump({ count, onJump }: JumpProps) {
  const words = useWords();
  const label = words.messages.jumpLatest;
  const news = count > 0 ? words.messages.newBelow(count) : null;
  return (
    <button
      type="button"
      className={news === null ? "hp-jump" : "hp-jump hp-jump--news"}
      data-testid="jump-latest"
      aria-label={news === null ? label : `${label} · ${news}`}
      onClick={onJump}
    >
      <Icon name="arrow-down" size={18} />
      {news !== null && <span>{news}</span>}
    </button>
  );
}
