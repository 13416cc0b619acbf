import { createContext, useContext } from "react";
import { en } from "./en/index.ts";
import type { Messages } from "./words.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Dates, numbers and lists as the reader writes them. Times are milliseconds since 1970. */
export interface Format {
  /** The language tag in use. */
  readonly locale: string;
  /** `14:05` */
  time(atMs: number): string;
  /** `25 Nov 2026` */
  date(atMs: number): string;
  /** `Wednesday, 25 November 2026 at 14:05`: for titles. */
  full(atMs: number): string;
  /** A line between days: today, yesterday, a weekday within a week, then the date. */
  day(atMs: number): string;
  /** For lists: the time today, yesterday, a weekday within a week, then the date. */
  stamp(atMs: number): string;
  /** `5 minutes ago` */
  relative(atMs: number): string;
  /** `2 minutes`; whole units, rounded up. */
  duration(ms: number): string;
  number(n: number): string;
  /** `Ana, Ben and Chloé` */
  list(items: readonly string[]): string;
  /** Whether two times fall on one day here. */
  sameDay(aMs: number, bMs: number): boolean;
}

/** Days between two times by the calendar, not by 24 hours. */
function daysBetween(fromMs: number, toMs: number): number {
  const from = new Date(fromMs);
  const to = new Date(toMs);
  const midnight = (date: Date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((midnight(to) - midnight(from)) / DAY_MS);
}

type Unit = "second" | "minute" | "hour" | "day" | "month" | "year";
const UNITS: readonly [Unit, number][] = [
  ["year", 365 * DAY_MS],
  ["month", 30 * DAY_MS],
  ["day", DAY_MS],
  ["hour", HOUR_MS],
  ["minute", MINUTE_MS],
];

/**
 * @param locale a language tag that `Intl` knows.
 * @param words for "today" and "yesterday".
 * @param now the clock.
 */
export function createFormat(locale: string, words: Messages, now: () => number): Format {
  const date = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, options);
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  const time = date(clock);
  const medium = date({ year: "numeric", month: "short", day: "numeric" });
  const short = date({ month: "short", day: "numeric" });
  const numeric = date({ year: "numeric", month: "numeric", day: "numeric" });
  const weekday = date({ weekday: "long" });
  const weekdayShort = date({ weekday: "short" });
  const long = date({ weekday: "long", month: "long", day: "numeric" });
  const longYear = date({ year: "numeric", month: "long", day: "numeric" });
  const whole = date({ dateStyle: "full", timeStyle: "short", hourCycle: "h23" });
  const ago = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const count = new Intl.NumberFormat(locale);
  const list = new Intl.ListFormat(locale, { style: "long", type: "conjunction" });
  const sameYear = (a: number) => new Date(a).getFullYear() === new Date(now()).getFullYear();

  return {
    locale,
    time: (atMs) => time.format(atMs),
    date: (atMs) => medium.format(atMs),
    full: (atMs) => whole.format(atMs),
    day(atMs) {
      const days = daysBetween(atMs, now());
      if (days === 0) return words.common.today;
      if (days === 1) return words.common.yesterday;
      if (days > 1 && days < 7) return weekday.format(atMs);
      return (sameYear(atMs) ? long : longYear).format(atMs);
    },
    stamp(atMs) {
      const days = daysBetween(atMs, now());
      if (days <= 0) return time.format(atMs);
      if (days === 1) return words.common.yesterday;
      if (days < 7) return weekdayShort.format(atMs);
      return (sameYear(atMs) ? short : numeric).format(atMs);
    },
    relative(atMs) {
      const passed = atMs - now();
      for (const [unit, size] of UNITS) {
        if (Math.abs(passed) >= size) return ago.format(Math.trunc(passed / size), unit);
      }
      return ago.format(0, "second");
    },
    duration(ms) {
      const [unit, size] = UNITS.find(([, size]) => ms >= size) ?? (["second", 1000] as const);
      const options = { style: "unit", unit, unitDisplay: "long" } as const;
      return new Intl.NumberFormat(locale, options).format(Math.ceil(ms / size));
    },
    number: (n) => count.format(n),
    list: (items) => list.format(items),
    sameDay: (aMs, bMs) => daysBetween(aMs, bMs) === 0,
  };
}

export const FormatContext = createContext<Format>(createFormat("en", en, Date.now));

/** Dates, numbers and lists in the language of now. */
export function useFormat(): Format {
  return useContext(FormatContext);
}
