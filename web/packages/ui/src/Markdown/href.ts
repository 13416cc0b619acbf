/** Longer addresses stay text. */
const HREF_CHARS_MAX = 2048;

const SCHEMES = new Set(["http:", "https:", "mailto:"]);

/**
 * The address that a link may lead to: `http`, `https` or `mailto` written out, nothing else.
 * `null` for everything that stays text.
 */
export function safeHref(address: string): string | null {
  if (address.length > HREF_CHARS_MAX || !/^(?:https?:\/\/|mailto:)[^\s]/i.test(address))
    return null;
  // Browsers drop tabs and line ends inside an address, so what is checked would not be what opens.
  for (let i = 0; i < address.length; i++) {
    const code = address.charCodeAt(i);
    if (code <= 0x20 || code === 0x7f) return null;
  }
  try {
    const url = new URL(address);
    if (!SCHEMES.has(url.protocol)) return null;
    // `https://bank.example@evil.example` is only ever written to deceive.
    if (url.username !== "" || url.password !== "") return null;
    return url.href;
  } catch {
    return null;
  }
}

/** Whether a link's words name another host than the one that it leads to. */
export function isMisleading(label: string, href: string): boolean {
  const named = /^\s*(?:https?:\/\/)?((?:[a-z0-9-]+\.)+[a-z]{2,})(?:[/:?#]|\s*$)/i.exec(label);
  if (named === null) return false;
  try {
    const host = new URL(href).hostname.replace(/^www\./, "");
    return named[1]?.toLowerCase().replace(/^www\./, "") !== host;
  } catch {
    return true;
  }
}
