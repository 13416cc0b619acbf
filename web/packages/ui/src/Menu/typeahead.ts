import { useRef } from "react";
import { useClock } from "../hooks/useNow.ts";

/** After so long without a key, the next one begins a new word. */
const PAUSE_MS = 700;

/** Finds the line that begins with what was typed; the one after the current for one letter. */
export function useTypeahead() {
  const clock = useClock();
  const state = useRef({ text: "", atMs: 0 });
  return (key: string, lines: readonly HTMLElement[], current: number): HTMLElement | undefined => {
    const nowMs = clock();
    const { text, atMs } = state.current;
    const sought = (nowMs - atMs > PAUSE_MS ? "" : text) + key.toLocaleLowerCase();
    state.current = { text: sought, atMs: nowMs };
    const from = sought.length > 1 ? current : current + 1;
    const order = [...lines.slice(Math.max(0, from)), ...lines.slice(0, Math.max(0, from))];
    return order.find((line) => line.textContent.trim().toLocaleLowerCase().startsWith(sought));
  };
}
