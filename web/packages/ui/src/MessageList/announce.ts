/** What screen readers are told of new messages: not each of a flood. */

/** At most one announcement within this. */
export const ANNOUNCE_EVERY_MS = 2000;
/** More than these are counted. */
const SPOKEN_MAX = 2;
const SPOKEN_CHARS_MAX = 200;

/** Something new. */
export interface News {
  readonly name: string;
  readonly text: string;
}

/** Words for it. */
export interface AnnounceWords {
  announceOne(name: string, text: string): string;
  announceMany(n: number): string;
}

/** What is said of `news`. */
export function sayNews(news: readonly News[], words: AnnounceWords): string {
  if (news.length > SPOKEN_MAX) return words.announceMany(news.length);
  return news
    .map(({ name, text }) => words.announceOne(name, text.slice(0, SPOKEN_CHARS_MAX)))
    .join(" ");
}

/** Collects news, and says the first at once and the rest together. */
export function createAnnouncer(say: (news: readonly News[]) => void) {
  let waiting: News[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    timer = undefined;
    if (waiting.length === 0) return;
    const news = waiting;
    waiting = [];
    say(news);
    timer = setTimeout(flush, ANNOUNCE_EVERY_MS);
  };
  return {
    add(news: readonly News[]) {
      waiting.push(...news);
      if (timer === undefined) flush();
    },
    close() {
      clearTimeout(timer);
    },
  };
}
