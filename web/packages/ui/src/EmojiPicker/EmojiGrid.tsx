// biome-ignore-all lint/a11y/useSemanticElements: a table has no words for rows that are out of view
// biome-ignore-all lint/a11y/useFocusableInteractive: of a grid, one cell has the focus, and no row
import {
  type KeyboardEvent,
  memo,
  type Ref,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { EmptyState } from "../EmptyState/EmptyState.tsx";
import { useWords } from "../i18n/words.ts";
import {
  type Cell,
  COLUMNS,
  type Grid,
  HEAD_PX,
  moved,
  type Row,
  rowOf,
  rowsInView,
  type SectionId,
  sectionAt,
} from "./rows.ts";
import { type Tone, toned } from "./tone.ts";

/** What the panel asks of the grid. */
export interface EmojiGridHandle {
  /** Gives the focus to the active emoji. */
  focus(): void;
  /** Scrolls to a group. */
  show(section: SectionId): void;
}

/** What {@link EmojiGrid} takes. */
export interface EmojiGridProps {
  readonly ref: Ref<EmojiGridHandle>;
  readonly grid: Grid;
  readonly tone: Tone;
  onPick(cell: Cell): void;
  /** The pointer or the focus is on an emoji. */
  onPreview(cell: Cell): void;
  onSection(section: SectionId | null): void;
  /** Up from the first row, or a letter: the search takes over. */
  onLeave(): void;
}

/** The height where nothing has been measured yet. */
const VIEW_PX = 288;

interface LineProps {
  readonly row: Row;
  readonly index: number;
  readonly label: string;
  readonly tone: Tone;
  /** The active cell, when it is in this row. */
  readonly active: number | null;
}

/** One row. The events are heard by the grid, so that a row is drawn anew only when it changes. */
const Line = memo(function Line({ row, index, label, tone, active }: LineProps) {
  const style = { transform: `translateY(${row.top}px)`, height: row.height };
  if (row.kind === "head") {
    return (
      <div role="row" aria-rowindex={index} className="hp-emoji__head" style={style}>
        <span role="rowheader">{label}</span>
      </div>
    );
  }
  return (
    <div role="row" aria-rowindex={index} className="hp-emoji__row" style={style}>
      {row.cells.map(({ emoji, shown }, column) => (
        <button
          key={shown ?? emoji.emoji}
          type="button"
          role="gridcell"
          className="hp-emoji__cell"
          data-index={row.first + column}
          tabIndex={active === row.first + column ? 0 : -1}
          aria-label={emoji.name}
          aria-colindex={column + 1}
        >
          {shown ?? toned(emoji.emoji, emoji.tone, tone)}
        </button>
      ))}
    </div>
  );
});

/** The cell that an event happened at. */
function cellAt(grid: Grid, target: EventTarget): { index: number; cell: Cell } | null {
  const button = target instanceof Element ? target.closest<HTMLElement>("[data-index]") : null;
  const index = Number(button?.dataset.index ?? -1);
  const cell = grid.cells[index];
  return cell === undefined ? null : { index, cell };
}

/** The emoji in rows; only those in view are drawn. One of them can be reached by Tab, arrows do the rest. */
export function EmojiGrid(props: EmojiGridProps) {
  const { ref, grid, tone, onPick, onPreview, onSection, onLeave } = props;
  const words = useWords().emoji;
  const box = useRef<HTMLDivElement>(null);
  const [scrollTop, setScrollTop] = useState(0);
  const [active, setActive] = useState(0);
  const toFocus = useRef(false);
  const [drawnGrid, setDrawnGrid] = useState(grid);

  if (drawnGrid !== grid) {
    // Another search: from its beginning.
    setDrawnGrid(grid);
    setActive(0);
    setScrollTop(0);
  }

  const viewPx = box.current?.clientHeight || VIEW_PX;

  const reveal = (index: number) => {
    const row = rowOf(grid, index);
    const element = box.current;
    if (row !== undefined && element !== null) {
      const above = row.top - HEAD_PX;
      const below = row.top + row.height - viewPx;
      element.scrollTop = Math.max(below, Math.min(element.scrollTop, above));
      setScrollTop(element.scrollTop);
    }
  };

  const focusCell = (index: number): boolean => {
    const cell = box.current?.querySelector<HTMLElement>(`[data-index="${index}"]`);
    cell?.focus({ preventScroll: true });
    return cell != null;
  };

  const go = (index: number) => {
    setActive(index);
    reveal(index);
    // A cell that is out of view is not there before the next drawing.
    toFocus.current = !focusCell(index);
  };

  useLayoutEffect(() => {
    if (toFocus.current) {
      toFocus.current = false;
      focusCell(active);
    }
  });

  useLayoutEffect(() => {
    if (box.current !== null && grid.rows.length > 0) {
      box.current.scrollTop = 0;
    }
  }, [grid]);

  useImperativeHandle(ref, () => ({
    focus: () => go(active),
    show: (section) => {
      const row = grid.rows.find((one) => one.section === section);
      if (row !== undefined && box.current !== null) {
        box.current.scrollTop = row.top;
        setScrollTop(row.top);
        onSection(section);
      }
    },
  }));

  const onKeyDown = (event: KeyboardEvent) => {
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    const next = isPlain ? moved(grid, active, event.key) : null;
    if (next !== null) {
      event.preventDefault();
      go(next);
    } else if (event.key === "ArrowUp") {
      event.preventDefault();
      onLeave();
    } else if (isPlain && event.key.length === 1 && event.key !== " ") {
      // The letter is typed into the search, which has the focus by then.
      onLeave();
    }
  };

  const onScroll = () => {
    const top = box.current?.scrollTop ?? 0;
    setScrollTop(top);
    onSection(sectionAt(grid, top));
  };

  if (grid.cells.length === 0) {
    return (
      <div className="hp-emoji__box" ref={box}>
        <EmptyState icon="search" title={words.none} />
      </div>
    );
  }
  return (
    <div ref={box} className="hp-emoji__box" onScroll={onScroll}>
      <div
        role="grid"
        tabIndex={-1}
        aria-label={words.title}
        aria-rowcount={grid.rows.length}
        aria-colcount={COLUMNS}
        className="hp-emoji__grid"
        style={{ height: grid.height }}
        onKeyDown={onKeyDown}
        onClick={(event) => {
          const at = cellAt(grid, event.target);
          if (at !== null) {
            setActive(at.index);
            onPick(at.cell);
          }
        }}
        onPointerOver={(event) => {
          const at = cellAt(grid, event.target);
          if (at !== null) {
            onPreview(at.cell);
          }
        }}
        onFocus={(event) => {
          const at = cellAt(grid, event.target);
          if (at !== null) {
            onPreview(at.cell);
          }
        }}
      >
        {rowsInView(grid, scrollTop, viewPx, active).map((row) => (
          <Line
            key={`${row.section}-${row.top}`}
            row={row}
            index={grid.rows.indexOf(row) + 1}
            label={
              row.section === "recent" || row.section === "found"
                ? words.recent
                : words.groups[row.section]
            }
            tone={tone}
            active={
              row.kind === "cells" && active >= row.first && active < row.first + row.cells.length
                ? active
                : null
            }
          />
        ))}
      </div>
    </div>
  );
}
