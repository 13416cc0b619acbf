import { useEffect, useSyncExternalStore } from "react";

/** One pane at a time up to this width. layout.css has the same number. */
const NARROW = "(max-width: 768px)";

/** Whether there is room for one pane only. */
export function useNarrow(): boolean {
  return useSyncExternalStore(watchWidth, isNarrow);
}

function isNarrow(): boolean {
  return matchMedia(NARROW).matches;
}

function watchWidth(listener: () => void): () => void {
  const query = matchMedia(NARROW);
  query.addEventListener("change", listener);
  return () => query.removeEventListener("change", listener);
}

/**
 * Keeps the app above the keyboard of a phone. Browsers that shrink the page by themselves
 * (`interactive-widget`) change nothing here; the others lay the keyboard over it.
 */
export function useKeyboardRoom(): void {
  useEffect(() => {
    const view = window.visualViewport;
    if (!view) return;
    const root = document.documentElement;
    const fit = (): void => {
      // Zoomed in, the visible part is small for another reason.
      const covered = view.scale === 1 ? window.innerHeight - view.height : 0;
      if (covered > 1) root.style.setProperty("--app-height", `${view.height}px`);
      else root.style.removeProperty("--app-height");
    };
    view.addEventListener("resize", fit);
    return () => {
      view.removeEventListener("resize", fit);
      root.style.removeProperty("--app-height");
    };
  }, []);
}
