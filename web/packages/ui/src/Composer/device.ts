/** What kind of machine this is, as far as writing depends on it. */

/** Whether keys with ⌘ do what Ctrl does elsewhere. */
export function isMac(platform: string = globalThis.navigator?.platform ?? ""): boolean {
  return /^(Mac|iP(hone|ad|od))/i.test(platform);
}

/** Whether people write on a screen: a keyboard that jumps up on its own would be in the way there. */
export function isTouch(): boolean {
  return globalThis.matchMedia?.("(hover: none) and (pointer: coarse)").matches ?? false;
}
