/** The addresses of the app, in both directions. */

export const SETTINGS_PAGES = [
  "profile",
  "appearance",
  "notifications",
  "privacy",
  "devices",
  "keyboard",
] as const;

export type SettingsPage = (typeof SETTINGS_PAGES)[number];

export type Route =
  | { readonly name: "home" }
  | { readonly name: "conversation"; readonly conversation: string; readonly seq: number | null }
  /** `page` is `null` for the menu of them, which narrow windows show alone. */
  | { readonly name: "settings"; readonly page: SettingsPage | null }
  | { readonly name: "person"; readonly user: string }
  | { readonly name: "unknown" };

const UNKNOWN: Route = { name: "unknown" };

/** What an address leads to. What does not parse is `unknown`, never an error. */
export function parseRoute(path: string): Route {
  const parts = decodeParts(path);
  if (parts === null) return UNKNOWN;
  const [area, first, second, third] = parts;
  if (area === undefined) return { name: "home" };
  if (area === "c" && first !== undefined) {
    if (parts.length === 2) return { name: "conversation", conversation: first, seq: null };
    const seq = parseSeq(third);
    if (parts.length === 4 && second === "m" && seq !== null) {
      return { name: "conversation", conversation: first, seq };
    }
    return UNKNOWN;
  }
  if (area === "settings") {
    if (parts.length === 1) return { name: "settings", page: null };
    const page = SETTINGS_PAGES.find((name) => name === first);
    if (parts.length === 2 && page !== undefined) return { name: "settings", page };
    return UNKNOWN;
  }
  if (area === "people" && first !== undefined && parts.length === 2) {
    return { name: "person", user: first };
  }
  return UNKNOWN;
}

/** Addresses to lead to. */
export const paths = {
  home: "/",
  conversation: (id: string): string => `/c/${encodeURIComponent(id)}`,
  message: (id: string, seq: number): string => `/c/${encodeURIComponent(id)}/m/${seq}`,
  settings: (page?: SettingsPage): string => (page ? `/settings/${page}` : "/settings"),
  person: (user: string): string => `/people/${encodeURIComponent(user)}`,
};

function decodeParts(path: string): string[] | null {
  try {
    return path
      .split("/")
      .filter((part) => part !== "")
      .map(decodeURIComponent);
  } catch {
    return null;
  }
}

function parseSeq(text: string | undefined): number | null {
  if (text === undefined || !/^[1-9]\d{0,14}$/.test(text)) return null;
  return Number(text);
}
