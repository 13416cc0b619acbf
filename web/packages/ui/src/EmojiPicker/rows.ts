/** The picker's grid as rows of equal height, so that only those in view are drawn. */

import { type Emoji, type EmojiData, GROUPS } from "./data.ts";
import { plain } from "./tone.ts";

export const COLUMNS = 8;
export const CELL_PX = 36;
export const HEAD_PX = 32;
/** So much beyond the edges is drawn as well. */
const MARGIN_PX = 180;

/** What a group is called: one of the data's, the recent ones, or what was found. */
export type SectionId = (typeof GROUPS)[number] | "recent" | "found";

/** An emoji in the grid; `shown` is fixed where it was used in a tone. */
export interface Cell {
  readonly emoji: Emoji;
  readonly shown: string | null;
}

/** A line of the grid. */
export type Row = { readonly top: number; readonly height: number; readonly section: SectionId } & (
  | { readonly kind: "head" }
  | { readonly kind: "cells"; readonly first: number; readonly cells: readonly Cell[] }
);

/** All lines, and how high they are together. */
export interface Grid {
  readonly rows: readonly Row[];
  readonly cells: readonly Cell[];
  readonly height: number;
}

interface Section {
  readonly id: SectionId;
  readonly cells: readonly Cell[];
}

function layout(sections: readonly Section[], hasHeads: boolean): Grid {
  const rows: Row[] = [];
  const all: Cell[] = [];
  let top = 0;
  for (const { id, cells } of sections) {
    if (hasHeads) {
      rows.push({ kind: "head", section: id, top, height: HEAD_PX });
      top += HEAD_PX;
    }
    for (let at = 0; at < cells.length; at += COLUMNS) {
      const part = cells.slice(at, at + COLUMNS);
      rows.push({
        kind: "cells",
        section: id,
        top,
        height: CELL_PX,
        first: all.length,
        cells: part,
      });
      all.push(...part);
      top += CELL_PX;
    }
  }
  return { rows, cells: all, height: top };
}

const cellOf = (emoji: Emoji): Cell => ({ emoji, shown: null });

/** Everything, the recent ones first. */
export function gridOf(data: EmojiData, recent: readonly string[]): Grid {
  const used: Cell[] = [];
  for (const shown of recent) {
    const emoji = data.byPlain.get(plain(shown));
    if (emoji !== undefined) {
      used.push({ emoji, shown });
    }
  }
  const sections: Section[] = used.length > 0 ? [{ id: "recent", cells: used }] : [];
  for (const [index, group] of data.groups.entries()) {
    const id = GROUPS[index];
    if (id !== undefined) {
      sections.push({ id, cells: group.map(cellOf) });
    }
  }
  return layout(sections, true);
}

/** What was found, without heads. */
export const gridOfFound = (found: readonly Emoji[]): Grid =>
  layout([{ id: "found", cells: found.map(cellOf) }], false);

/** The rows in view, and the one that has the focus. */
export function rowsInView(grid: Grid, scrollTop: number, viewPx: number, active: number): Row[] {
  const from = scrollTop - MARGIN_PX;
  const to = scrollTop + viewPx + MARGIN_PX;
  return grid.rows.filter(
    (row) => (row.top + row.height > from && row.top < to) || holds(row, active),
  );
}

const holds = (row: Row, index: number): boolean =>
  row.kind === "cells" && index >= row.first && index < row.first + row.cells.length;

/** The section that stands at the top. */
export function sectionAt(grid: Grid, scrollTop: number): SectionId | null {
  return grid.rows.findLast((row) => row.top <= scrollTop + 1)?.section ?? null;
}

/** The row of a cell. */
export const rowOf = (grid: Grid, index: number): Row | undefined =>
  grid.rows.find((row) => holds(row, index));

/** Where an arrow key leads from a cell. */
export function moved(grid: Grid, index: number, key: string): number | null {
  const last = grid.cells.length - 1;
  const lines = grid.rows.filter((row) => row.kind === "cells");
  const line = lines.findIndex((row) => holds(row, index));
  const own = lines[line];
  if (own === undefined) {
    return null;
  }
  const column = index - own.first;
  const inLine = (to: number): number | null => {
    const other = lines[Math.max(0, Math.min(lines.length - 1, to))];
    return other === undefined ? null : other.first + Math.min(column, other.cells.length - 1);
  };
  switch (key) {
    case "ArrowRight":
      return Math.min(last, index + 1);
    case "ArrowLeft":
      return Math.max(0, index - 1);
    case "ArrowDown":
      return inLine(line + 1);
    case "ArrowUp":
      return line === 0 ? null : inLine(line - 1);
    case "PageDown":
      return inLine(line + 6);
    case "PageUp":
      return inLine(line - 6);
    case "Home":
      return own.first;
    case "End":
      return own.first + own.cells.length - 1;
    default:
      return null;
  }
}
