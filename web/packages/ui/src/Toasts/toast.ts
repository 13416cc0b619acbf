/** What a toast says. */
export interface ToastOptions {
  readonly text: string;
  readonly tone?: "info" | "success" | "danger";
  /** What can be done about it: undo. */
  readonly action?: { readonly label: string; readonly onSelect: () => void };
  /** How long it stays; 5 s, or 8 s with an action, when left out. `null`: until it is closed. */
  readonly durationMs?: number | null;
}

/** A toast that is shown. */
export interface ToastEntry extends ToastOptions {
  readonly id: number;
}

/** Older ones make room. */
const SHOWN_MAX = 3;

let entries: readonly ToastEntry[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function set(next: readonly ToastEntry[]) {
  entries = next;
  for (const listener of listeners) listener();
}

/** What is shown; `Toasts` draws it. */
export const toasts = {
  getSnapshot: () => entries,
  subscribe(listener: () => void) {
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  },
};

/** Says something in passing, from anywhere; the result takes it away. */
export function toast(message: string | ToastOptions): () => void {
  const options = typeof message === "string" ? { text: message } : message;
  lastId += 1;
  const id = lastId;
  set([...entries, { ...options, id }].slice(-SHOWN_MAX));
  return () => {
    if (entries.some((entry) => entry.id === id)) set(entries.filter((entry) => entry.id !== id));
  };
}

/** Takes one away, or all. */
export function dismissToast(id?: number) {
  set(id === undefined ? [] : entries.filter((entry) => entry.id !== id));
}
