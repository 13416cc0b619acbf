import "./Toasts.css";
import { useEffect, useRef, useState } from "react";
import { Button } from "../Button/Button.tsx";
import { useValue } from "../hooks/useValue.ts";
import { Icon, type IconName } from "../Icon/Icon.tsx";
import { IconButton } from "../IconButton/IconButton.tsx";
import { useWords } from "../i18n/words.ts";
import { dismissToast, type ToastEntry, toasts } from "./toast.ts";

const PLAIN_MS = 5_000;
const ACTION_MS = 8_000;
const icons = { info: "info", success: "check", danger: "alert" } as const satisfies Record<
  string,
  IconName
>;

/** Where toasts are shown; every `HoopoeProvider` has it already. */
export function Toasts() {
  const words = useWords();
  const shown = useValue(toasts);
  const [held, setHeld] = useState(false);
  const region = useRef<HTMLElement>(null);
  const newest = shown.at(-1)?.id;
  useEffect(() => {
    const element = region.current;
    // Above a dialog that is open as well: the newest in the top layer is in front.
    if (element?.showPopover === undefined) return;
    if (element.matches(":popover-open")) element.hidePopover();
    if (newest !== undefined) element.showPopover();
  }, [newest]);
  return (
    <section
      ref={region}
      className="hp-toasts"
      aria-label={words.common.notifications}
      popover="manual"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <div role="status" aria-live="polite" aria-relevant="additions" className="hp-toasts__list">
        {shown.map((entry) => (
          <Toast key={entry.id} entry={entry} held={held} />
        ))}
      </div>
    </section>
  );
}

function Toast({ entry, held }: { readonly entry: ToastEntry; readonly held: boolean }) {
  const words = useWords();
  const { id, text, tone = "info", action } = entry;
  const lastsMs =
    entry.durationMs === undefined ? (action ? ACTION_MS : PLAIN_MS) : entry.durationMs;
  useEffect(() => {
    if (held || lastsMs === null) return;
    const timer = setTimeout(() => dismissToast(id), lastsMs);
    return () => clearTimeout(timer);
  }, [held, id, lastsMs]);
  return (
    <div className={`hp-toast hp-toast--${tone}`}>
      <Icon name={icons[tone]} size={18} />
      <span className="hp-toast__text">{text}</span>
      {action && (
        <Button
          variant="ghost"
          size="sm"
          onClick={() => {
            dismissToast(id);
            action.onSelect();
          }}
        >
          {action.label}
        </Button>
      )}
      <IconButton
        label={words.common.close}
        icon="close"
        size="sm"
        onClick={() => dismissToast(id)}
      />
    </div>
  );
}
