import "./Skeleton.css";
import { cx } from "../util/cx.ts";

/** What {@link Skeleton} takes. */
export interface SkeletonProps {
  /** CSS length or px; the whole line when left out. */
  readonly width?: number | string;
  /** CSS length or px; the height of a line of text when left out. */
  readonly height?: number | string;
  readonly round?: boolean;
  readonly className?: string;
}

/** The shape of what is loading. Silent: what is around it says that it loads. */
export function Skeleton({ width, height, round, className }: SkeletonProps) {
  return (
    <span
      className={cx("hp-skeleton", round && "hp-skeleton--round", className)}
      style={{ width, height }}
      aria-hidden="true"
    />
  );
}
