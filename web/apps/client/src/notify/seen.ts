/**
 * Which conversations are before somebody's eyes, in any tab of this browser. Tabs tell each other
 * when that changes, and a tab that begins asks the others.
 */

/** What tabs say to each other through. */
export type Channel = Pick<BroadcastChannel, "postMessage" | "close"> & {
  onmessage: ((event: MessageEvent) => void) | null;
};

type Word =
  | { readonly type: "ask" }
  | { readonly type: "seen"; readonly tab: string; readonly conversation: string | null };

export interface Seen {
  /** What this tab shows now; `null`: nothing, or the tab is hidden. */
  show(conversation: string | null): void;
  has(conversation: string): boolean;
  close(): void;
}

/** `tab`: a name that no other tab has. */
export function createSeen(channel: Channel, tab: string): Seen {
  const others = new Map<string, string>();
  let own: string | null = null;

  const tell = (): void =>
    channel.postMessage({ type: "seen", tab, conversation: own } satisfies Word);

  channel.onmessage = (event) => {
    const word = event.data as Word;
    if (word.type === "ask") {
      if (own !== null) tell();
    } else if (word.type === "seen" && word.tab !== tab) {
      if (word.conversation === null) others.delete(word.tab);
      else others.set(word.tab, word.conversation);
    }
  };
  channel.postMessage({ type: "ask" } satisfies Word);

  return {
    show(conversation) {
      if (conversation === own) return;
      own = conversation;
      tell();
    },
    has: (conversation) => own === conversation || [...others.values()].includes(conversation),
    close() {
      if (own !== null) this.show(null);
      channel.close();
    },
  };
}
