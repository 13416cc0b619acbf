/** The title of the page, and how a count is written where there is little room. */

/** Above this, a count says only that it is large. */
const COUNT_MAX = 99;

/** `3`, or `99+`; empty for nothing. */
export function shortCount(count: number): string {
  if (count <= 0) return "";
  return count > COUNT_MAX ? `${COUNT_MAX}+` : String(count);
}

/** `(3) Hoopoe`, `(3) Ann · Hoopoe`. `subject` is what the page shows, where that is something of its own. */
export function pageTitle(app: string, unread: number, subject?: string | null): string {
  const count = shortCount(unread);
  const name = subject ? `${subject} · ${app}` : app;
  return count === "" ? name : `(${count}) ${name}`;
}
