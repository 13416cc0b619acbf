import { useEffect, useRef } from "react";
import { type Action, actionOf } from "./keys.ts";

/** Whether ⌘ takes the place of Ctrl. */
export function isMac(): boolean {
  return /Mac|iPhone|iPad/.test(navigator.platform);
}

/** `Ctrl + K`, `⌘K`. */
export function commandKey(key: string): string {
  return isMac() ? `⌘${key}` : `Ctrl + ${key}`;
}

/**
 * Hears the keys of the whole app. What a layer above (a dialog, a menu, the composer) has taken for
 * itself does not arrive here.
 */
export function useShortcuts(singleKeys: boolean, run: (action: Action) => void): void {
  const latest = useRef(run);
  useEffect(() => {
    latest.current = run;
  });
  useEffect(() => {
    const hear = (event: KeyboardEvent): void => {
      if (event.defaultPrevented) return;
      const action = actionOf(event, { mac: isMac(), typing: isTyping(event.target), singleKeys });
      if (action === null) return;
      // A window above the page is the topmost layer: only it hears Esc, and nothing moves beneath it.
      if (document.querySelector("dialog[open]") && action !== "switcher" && action !== "sheet") {
        return;
      }
      event.preventDefault();
      latest.current(action);
    };
    window.addEventListener("keydown", hear);
    return () => window.removeEventListener("keydown", hear);
  }, [singleKeys]);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches("input, textarea, select"))
  );
}
