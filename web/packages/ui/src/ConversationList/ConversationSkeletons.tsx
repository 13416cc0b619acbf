import "./ConversationItem.css";
import { useWords } from "../i18n/words.ts";
import { Skeleton } from "../Skeleton/Skeleton.tsx";
import { VisuallyHidden } from "../VisuallyHidden/VisuallyHidden.tsx";

/** Widths in %, so that lines do not look printed. */
const WIDTHS = [52, 38, 64, 45, 58, 34, 49, 61, 42];

/** The shape of conversations that are loading. */
export function ConversationSkeletons({ count }: { readonly count: number }) {
  const words = useWords();
  return (
    <div className="hp-conversations__loading" role="status">
      <VisuallyHidden>{words.common.loading}</VisuallyHidden>
      {WIDTHS.slice(0, count).map((width) => (
        <div key={width} className="hp-conversation" aria-hidden="true">
          <Skeleton round width={44} height={44} />
          <span className="hp-conversation__text hp-conversation__text--loading">
            <Skeleton width={`${width}%`} />
            <Skeleton width={`${width + 30}%`} height="0.65em" />
          </span>
        </div>
      ))}
    </div>
  );
}
