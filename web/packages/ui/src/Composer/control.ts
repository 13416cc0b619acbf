/** How other parts of the page speak to the composer of a conversation. */

import type { Client, Content, ConversationId, Message, Observable } from "@hoopoe/sdk";

/** What the composer is doing besides taking text. */
export interface ComposerState {
  /** The `seq` of the message that will be quoted. */
  readonly replyTo: number | null;
  /** The own message that is being edited. */
  readonly editing: Message | null;
}

/** What is asked of the composer on the page. */
export type ComposerCommand =
  | { readonly do: "focus" }
  | { readonly do: "insert"; readonly text: string }
  | { readonly do: "compose"; readonly content: Content };

/** Speaks to the composer of one conversation, whether it is on the page or comes later. */
export interface ComposerControl {
  readonly state: Observable<ComposerState>;
  /** Quotes a message in what is written next; `null` takes the quote away. Ends editing. */
  reply(seq: number | null): void;
  /** Shows a quote that was begun earlier: without ending what goes on, or taking the focus. */
  restore(replyTo: number | null): void;
  /** Edits an own message; `null` leaves editing, and the draft comes back. */
  edit(message: Message | null): void;
  /** Puts a content into the composer in place of what stands there: to write a recalled message anew. */
  compose(content: Content): void;
  /** Writes `text` where the caret is. */
  insert(text: string): void;
  focus(): void;
  /** The composer on the page hears what is asked, and what was asked before it came. */
  listen(listener: (command: ComposerCommand) => void): () => void;
}

const IDLE: ComposerState = Object.freeze({ replyTo: null, editing: null });

class Control implements ComposerControl {
  #state = IDLE;
  readonly #watchers = new Set<() => void>();
  #listener: ((command: ComposerCommand) => void) | null = null;
  #waiting: ComposerCommand[] = [];

  readonly state: Observable<ComposerState> = {
    getSnapshot: () => this.#state,
    subscribe: (watcher) => {
      this.#watchers.add(watcher);
      return () => this.#watchers.delete(watcher);
    },
  };

  reply(seq: number | null): void {
    this.#become({ replyTo: seq, editing: null });
    if (seq !== null) {
      this.focus();
    }
  }

  restore(replyTo: number | null): void {
    this.#become({ ...this.#state, replyTo });
  }

  edit(message: Message | null): void {
    this.#become({ replyTo: this.#state.replyTo, editing: message });
    if (message !== null) {
      this.focus();
    }
  }

  compose(content: Content): void {
    this.#become({ replyTo: content.replyTo ?? null, editing: null });
    this.#tell({ do: "compose", content });
  }

  insert(text: string): void {
    this.#tell({ do: "insert", text });
  }

  focus(): void {
    this.#tell({ do: "focus" });
  }

  listen(listener: (command: ComposerCommand) => void): () => void {
    this.#listener = listener;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const command of waiting) {
      listener(command);
    }
    return () => {
      if (this.#listener === listener) {
        this.#listener = null;
      }
    };
  }

  #become(state: ComposerState): void {
    if (state.replyTo === this.#state.replyTo && state.editing === this.#state.editing) {
      return;
    }
    this.#state = Object.freeze(state);
    for (const watcher of this.#watchers) {
      watcher();
    }
  }

  #tell(command: ComposerCommand): void {
    if (this.#listener !== null) {
      this.#listener(command);
    } else if (command.do !== "focus") {
      this.#waiting.push(command);
    }
  }
}

const controls = new WeakMap<Client, Map<ConversationId, Control>>();

/** The composer of a conversation: the same object for the same client and id. */
export function composerOf(client: Client, conversation: ConversationId): ComposerControl {
  let own = controls.get(client);
  if (own === undefined) {
    own = new Map();
    controls.set(client, own);
  }
  let control = own.get(conversation);
  if (control === undefined) {
    control = new Control();
    own.set(conversation, control);
  }
  return control;
}
