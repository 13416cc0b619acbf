/** What tabs of one browser have in common: locks, and a channel between them. */

/** The part of the Web Locks API that is used. */
export interface Locks {
  request<T>(
    name: string,
    options: { signal?: AbortSignal; steal?: boolean },
    run: () => T | Promise<T>,
  ): Promise<T>;
}

/** The part of a BroadcastChannel that is used: what is posted comes to all others of the name. */
export interface Channel {
  postMessage(message: unknown): void;
  close(): void;
  onmessage: ((event: MessageEvent) => unknown) | null;
}

/** What makes channels. */
export type OpenChannel = (name: string) => Channel;

/** Both of them, where tabs can work together. */
export interface Browser {
  readonly locks: Locks;
  readonly channel: OpenChannel;
}

/**
 * `null` where there are no tabs (Node) or they cannot work together: browsers have Web Locks only
 * on pages that came over HTTPS or from the same machine.
 */
export function pageBrowser(): Browser | null {
  if (
    typeof document === "undefined" ||
    typeof BroadcastChannel === "undefined" ||
    navigator.locks === undefined
  ) {
    return null;
  }
  const { locks } = navigator;
  return {
    locks: { request: (name, options, run) => locks.request(name, options, run) },
    channel: (name) => new BroadcastChannel(name),
  };
}
