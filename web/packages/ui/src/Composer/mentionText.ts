/** A text that knows whom it mentions while it is being written. */

import type { UserId } from "@hoopoe/sdk";
import { findSpans, type MentionSpan, mentionedUsers, moveSpans } from "./mentions.ts";

/** The text of a composer, with the people whose names stand in it. */
export class MentionText {
  #text = "";
  #spans: readonly MentionSpan[] = [];
  /** Whose name would be a mention: chosen here, or of the draft. */
  readonly #known = new Map<UserId, string>();
  /** Mentioned by the draft, under a name that is not known yet. */
  readonly #nameless = new Set<UserId>();

  get text(): string {
    return this.#text;
  }

  /** Somebody was chosen: the next `@name` that appears is theirs. */
  choose(user: UserId, name: string): void {
    this.#known.set(user, name);
  }

  /** The text was edited. */
  change(text: string): void {
    const moved = moveSpans(this.#spans, this.#text, text);
    this.#text = text;
    this.#spans = findSpans(text, moved, this.#known);
  }

  /** Another text altogether, which mentions `users`; `nameOf` gives `null` where it does not know. */
  set(text: string, users: readonly UserId[], nameOf: (user: UserId) => string | null): void {
    this.#text = text;
    this.#known.clear();
    this.#nameless.clear();
    for (const user of users) {
      const name = nameOf(user);
      if (name === null) {
        this.#nameless.add(user);
      } else {
        this.#known.set(user, name);
      }
    }
    this.#spans = findSpans(text, [], this.#known);
  }

  /** The name of somebody whom the draft mentions has become known. */
  learn(user: UserId, name: string): void {
    if (this.#nameless.delete(user)) {
      this.#known.set(user, name);
      this.#spans = findSpans(this.#text, this.#spans, this.#known);
    }
  }

  /** Whether somebody's name begins at `start`: there, nobody is looked for any more. */
  isMention(start: number): boolean {
    return this.#spans.some((span) => span.start === start);
  }

  /** Whose names are still to be learnt. */
  get nameless(): readonly UserId[] {
    return [...this.#nameless];
  }

  /** Who is mentioned, in the order of the text. */
  get mentions(): readonly UserId[] {
    return [...mentionedUsers(this.#spans), ...this.#nameless];
  }
}
