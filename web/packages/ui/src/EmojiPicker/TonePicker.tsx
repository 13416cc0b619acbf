import { useState } from "react";
import { useWords } from "../i18n/words.ts";
import { cx } from "../util/cx.ts";
import { TONES, type Tone, toned } from "./tone.ts";

/** What {@link TonePicker} takes. */
export interface TonePickerProps {
  readonly tone: Tone;
  onChoose(tone: Tone): void;
}

const HAND = "✋";

/** Chooses the skin tone of this device. */
export function TonePicker({ tone, onChoose }: TonePickerProps) {
  const words = useWords().emoji;
  const [open, setOpen] = useState(false);
  const shown = open ? TONES : [tone];
  return (
    // biome-ignore lint/a11y/useSemanticElements: a <fieldset> would want a legend that is seen
    <span className="hp-emoji__tones" role="group" aria-label={words.tone}>
      {shown.map((one) => (
        <button
          key={one}
          type="button"
          className={cx("hp-emoji__tone", open && one === tone && "hp-emoji__tone--chosen")}
          aria-label={open ? words.tones[one] : `${words.tone}: ${words.tones[one]}`}
          aria-expanded={open ? undefined : false}
          aria-pressed={open ? one === tone : undefined}
          onClick={() => {
            if (open) {
              onChoose(one);
            }
            setOpen(!open);
          }}
        >
          {toned(HAND, 1, one)}
        </button>
      ))}
    </span>
  );
}
