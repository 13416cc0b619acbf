import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { utf8Bytes } from "../Composer/bytes.ts";
import { isTouch } from "../Composer/device.ts";
import type { IconName } from "../Icon/Icon.tsx";
import { IconButton } from "../IconButton/IconButton.tsx";
import { useFormat } from "../i18n/format.ts";
import { useWords } from "../i18n/words.ts";
import { VisuallyHidden } from "../VisuallyHidden/VisuallyHidden.tsx";
import type { EmojiData } from "./data.ts";
import { EmojiGrid, type EmojiGridHandle } from "./EmojiGrid.tsx";
import type { EmojiPickerProps } from "./EmojiPicker.tsx";
import { findEmoji } from "./find.ts";
import { noteEmoji, recentEmoji, setSkinTone, skinTone } from "./recent.ts";
import { type Cell, gridOf, gridOfFound, type SectionId, sectionAt } from "./rows.ts";
import { TonePicker } from "./TonePicker.tsx";
import { type Tone, toned } from "./tone.ts";

/** What {@link EmojiPanel} takes. */
export interface EmojiPanelProps extends EmojiPickerProps {
  readonly data: EmojiData;
}

const ICONS: Readonly<Record<Exclude<SectionId, "found">, IconName>> = {
  recent: "clock",
  smileys: "smile",
  people: "user",
  nature: "leaf",
  food: "apple",
  travel: "car",
  activities: "ball",
  objects: "bulb",
  symbols: "heart",
  flags: "flag",
};
const SECTIONS = Object.keys(ICONS) as Exclude<SectionId, "found">[];

/** How a cell looks in a tone. */
export const drawn = ({ emoji, shown }: Cell, tone: Tone): string =>
  shown ?? toned(emoji.emoji, emoji.tone, tone);

/** The picker itself; comes in a chunk of its own. */
export function EmojiPanel({ data, onPick, bytesMax }: EmojiPanelProps) {
  const words = useWords();
  const { number } = useFormat();
  const [query, setQuery] = useState("");
  const sought = query.trim();
  const [recent] = useState(recentEmoji);
  const [tone, setTone] = useState(skinTone);
  const [preview, setPreview] = useState<Cell | null>(null);
  const [section, setSection] = useState<SectionId | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const handle = useRef<EmojiGridHandle>(null);
  const grid = useMemo(
    () =>
      sought === "" ? gridOf(data, recent) : gridOfFound(findEmoji(data, sought, 200, recent)),
    [data, recent, sought],
  );
  const isSearch = sought !== "";

  useEffect(() => {
    // What opened the picker gave the focus to its skeleton, which had no field yet. On a touch screen
    // the keyboard would cover what is to be chosen from.
    if (!isTouch()) {
      field.current?.focus({ preventScroll: true });
    }
  }, []);

  const pick = (cell: Cell) => {
    const emoji = drawn(cell, tone);
    const isTooLong = bytesMax !== undefined && utf8Bytes(emoji) > bytesMax;
    const picked = isTooLong ? cell.emoji.emoji : emoji;
    noteEmoji(picked);
    onPick(picked);
  };

  const onSearchKey = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing || event.nativeEvent.keyCode === 229) {
      return;
    }
    const first = grid.cells[0];
    if (event.key === "ArrowDown") {
      event.preventDefault();
      handle.current?.focus();
    } else if (event.key === "Enter" && isSearch && first !== undefined) {
      event.preventDefault();
      pick(first);
    } else if (event.key === "Escape" && query !== "") {
      event.preventDefault();
      setQuery("");
    }
  };

  const chooseTone = (next: Tone) => {
    setTone(next);
    setSkinTone(next);
  };

  return (
    <div className="hp-emoji">
      <input
        ref={field}
        type="search"
        className="hp-emoji__search"
        value={query}
        placeholder={words.emoji.search}
        aria-label={words.emoji.search}
        autoComplete="off"
        enterKeyHint="done"
        onChange={(event) => setQuery(event.target.value)}
        onKeyDown={onSearchKey}
      />
      <nav className="hp-emoji__groups" aria-label={words.emoji.categories}>
        {SECTIONS.filter((id) => id !== "recent" || recent.length > 0).map((id) => (
          <IconButton
            key={id}
            size="sm"
            icon={ICONS[id]}
            label={id === "recent" ? words.emoji.recent : words.emoji.groups[id]}
            pressed={!isSearch && id === (section ?? sectionAt(grid, 0))}
            onClick={() => {
              setQuery("");
              handle.current?.show(id);
            }}
          />
        ))}
      </nav>
      <EmojiGrid
        ref={handle}
        grid={grid}
        tone={tone}
        onPick={pick}
        onPreview={setPreview}
        onSection={setSection}
        onLeave={() => field.current?.focus()}
      />
      <div className="hp-emoji__foot">
        <span className="hp-emoji__preview" aria-hidden="true">
          {preview !== null && (
            <>
              <span className="hp-emoji__preview-glyph">{drawn(preview, tone)}</span>
              <span className="hp-emoji__preview-name">{preview.emoji.name}</span>
            </>
          )}
        </span>
        <TonePicker tone={tone} onChoose={chooseTone} />
      </div>
      <VisuallyHidden>
        <span role="status">
          {isSearch &&
            (grid.cells.length > 0
              ? words.emoji.results(number(grid.cells.length))
              : words.emoji.none)}
        </span>
      </VisuallyHidden>
    </div>
  );
}
