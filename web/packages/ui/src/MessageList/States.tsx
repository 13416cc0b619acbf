import type { Problem } from "@hoopoe/sdk";
import { Button } from "../Button/Button.tsx";
import { EmptyState } from "../EmptyState/EmptyState.tsx";
import { useProblemText } from "../hooks/useProblem.ts";
import { useWords } from "../i18n/words.ts";
import { Skeleton } from "../Skeleton/Skeleton.tsx";
import { useSlot } from "../slots/slots.ts";
import { cx } from "../util/cx.ts";

/** Widths of bubbles, as they might be. */
const SHAPES = [
  { isOwn: false, width: "46%", height: 38 },
  { isOwn: false, width: "62%", height: 60 },
  { isOwn: true, width: "38%", height: 38 },
  { isOwn: true, width: "54%", height: 38 },
  { isOwn: false, width: "34%", height: 38 },
  { isOwn: true, width: "60%", height: 82 },
  { isOwn: false, width: "52%", height: 38 },
];

/** While the first messages are loading. */
export function Loading() {
  const words = useWords();
  return (
    <div className="hp-list__loading" role="status" aria-label={words.messages.loading}>
      {SHAPES.map((shape) => (
        <Skeleton
          key={`${shape.width}${shape.height}`}
          width={shape.width}
          height={shape.height}
          className={cx("hp-list__shape", shape.isOwn && "hp-list__shape--own")}
        />
      ))}
    </div>
  );
}

/** Where nobody has said anything. */
export function Empty() {
  const words = useWords();
  const Slot = useSlot("EmptyState", EmptyState);
  return (
    <div className="hp-list__middle">
      <Slot icon="message" title={words.messages.emptyTitle} text={words.messages.emptyText} />
    </div>
  );
}

/** When the first messages could not be loaded. */
export function Failed({ failure, onRetry }: { failure: Problem; onRetry: () => void }) {
  const words = useWords();
  const say = useProblemText();
  const Slot = useSlot("EmptyState", EmptyState);
  return (
    <div className="hp-list__middle" role="alert">
      <Slot
        icon="warning"
        title={words.messages.failedTitle}
        text={say(failure)}
        action={
          <Button icon="refresh" onClick={onRetry}>
            {words.common.retry}
          </Button>
        }
      />
    </div>
  );
}

/** When more could not be loaded. */
export function MoreFailed({ onRetry }: { onRetry: () => void }) {
  const words = useWords();
  return (
    <div className="hp-list__notice" role="alert">
      <span>{words.messages.loadFailed}</span>
      <Button size="sm" variant="ghost" onClick={onRetry}>
        {words.common.retry}
      </Button>
    </div>
  );
}
