import type { ConversationHandle, User } from "@hoopoe/sdk";
import { type KeyboardEvent, useEffect, useMemo, useState } from "react";
import { type Emoji, type EmojiData, loadEmoji } from "../EmojiPicker/data.ts";
import { findEmoji } from "../EmojiPicker/find.ts";
import { noteEmoji, recentEmoji, skinTone } from "../EmojiPicker/recent.ts";
import { toned } from "../EmojiPicker/tone.ts";
import { useFormat } from "../i18n/format.ts";
import { findPeople } from "../MentionList/people.ts";
import { usePeople } from "../MentionList/usePeople.ts";
import { emojiQuery, mentionQuery, type Query } from "./mentions.ts";
import type { WrittenText } from "./useText.ts";

const EMOJI_SHOWN_MAX = 8;

/** What is offered at the caret. */
export type Offer =
  | { readonly kind: "people"; readonly users: readonly User[]; readonly loading: boolean }
  | { readonly kind: "emoji"; readonly emoji: readonly Emoji[] };

/** The completion at the caret. */
export interface Completion {
  /** `null`: nothing is open. */
  readonly offer: Offer | null;
  readonly active: number;
  /** How many may be chosen. */
  readonly count: number;
  point(index: number): void;
  choose(index: number): void;
  /** Takes a key when it is for the completion. */
  onKey(event: KeyboardEvent): boolean;
}

interface Asked {
  readonly kind: "people" | "emoji";
  readonly query: Query;
}

function askedAt({ text, caret, model }: WrittenText, isGroup: boolean): Asked | null {
  if (caret === null) {
    return null;
  }
  const people = isGroup ? mentionQuery(text, caret) : null;
  if (people !== null && !model.isMention(people.start)) {
    return { kind: "people", query: people };
  }
  const emoji = emojiQuery(text, caret);
  return emoji === null ? null : { kind: "emoji", query: emoji };
}

/** The emoji with their words, from the first time that they are wanted. */
function useEmoji(wanted: boolean): EmojiData | null {
  const locale = useFormat().locale.startsWith("zh") ? "zh" : "en";
  const [loaded, setLoaded] = useState<{ locale: string; data: EmojiData } | null>(null);
  useEffect(() => {
    if (!wanted) {
      return;
    }
    let isCurrent = true;
    loadEmoji(locale).then(
      (data) => isCurrent && setLoaded({ locale, data }),
      // Without the file nothing is offered, and the text stays what was typed.
      () => {},
    );
    return () => {
      isCurrent = false;
    };
  }, [wanted, locale]);
  return loaded?.locale === locale ? loaded.data : null;
}

function useOffer(handle: ConversationHandle, asked: Asked | null): Offer | null {
  const isPeople = asked?.kind === "people";
  const people = usePeople(handle, isPeople);
  const emoji = useEmoji(asked?.kind === "emoji");
  const text = asked?.query.text ?? "";
  return useMemo((): Offer | null => {
    if (isPeople) {
      const users = findPeople(people.users, text);
      // Behind a blank somebody goes on writing: an empty list would be in the way.
      const isOver = users.length === 0 && text.includes(" ");
      return isOver ? null : { kind: "people", users, loading: people.loading };
    }
    if (emoji === null || text === "") {
      return null;
    }
    const found = findEmoji(emoji, text, EMOJI_SHOWN_MAX, recentEmoji());
    return found.length === 0 ? null : { kind: "emoji", emoji: found };
  }, [isPeople, people, emoji, text]);
}

/** Puts a choice in the place of what was typed, with one blank behind it. */
function take(text: WrittenText, query: Query, choice: string): void {
  const isBlank = /^\s/.test(text.text.slice(query.end));
  const insert = isBlank ? choice : `${choice} `;
  const end = query.start + insert.length + (isBlank ? 1 : 0);
  text.apply({ from: query.start, to: query.end, insert, start: end, end });
}

/** Completes `@names` over the members of a group, and `:emoji` by their words. */
export function useCompletion(
  handle: ConversationHandle,
  text: WrittenText,
  isGroup: boolean,
): Completion {
  const [dismissed, setDismissed] = useState<number | null>(null);
  const [chosen, setChosen] = useState<{ query: string; index: number }>({ query: "", index: 0 });
  const at = askedAt(text, isGroup);
  const asked = at !== null && at.query.start !== dismissed ? at : null;
  const offer = useOffer(handle, asked);
  const count =
    offer === null ? 0 : offer.kind === "people" ? offer.users.length : offer.emoji.length;
  const key = asked === null ? "" : `${asked.kind} ${asked.query.start} ${asked.query.text}`;
  const active = chosen.query === key ? Math.min(chosen.index, Math.max(0, count - 1)) : 0;
  const start = at?.query.start ?? null;

  useEffect(() => {
    // What was dismissed is forgotten as soon as the caret is somewhere else.
    setDismissed((last) => (last === start ? last : null));
  }, [start]);

  const point = (index: number) => setChosen({ query: key, index });

  const choose = (index: number) => {
    if (asked === null || offer === null) {
      return;
    }
    if (offer.kind === "people") {
      const user = offer.users[index];
      if (user !== undefined) {
        text.model.choose(user.id, user.name);
        take(text, asked.query, `@${user.name}`);
      }
      return;
    }
    const found = offer.emoji[index];
    if (found !== undefined) {
      const emoji = toned(found.emoji, found.tone, skinTone());
      noteEmoji(emoji);
      take(text, asked.query, emoji);
    }
  };

  const onKey = (event: KeyboardEvent): boolean => {
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
    if (offer === null || !isPlain) {
      return false;
    }
    if (event.key === "Escape") {
      setDismissed(start);
    } else if (count === 0) {
      return false;
    } else if (event.key === "ArrowDown") {
      point((active + 1) % count);
    } else if (event.key === "ArrowUp") {
      point((active + count - 1) % count);
    } else if (event.key === "Enter" || event.key === "Tab") {
      choose(active);
    } else {
      return false;
    }
    return true;
  };

  return { offer, active, count, point, choose, onKey };
}
