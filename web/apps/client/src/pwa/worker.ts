/**
 * The part of a service worker's global scope that ours uses. TypeScript's own description of it
 * contradicts the one of a page, and both are compiled in one go here.
 */

interface Extendable {
  waitUntil(work: Promise<unknown>): void;
}

interface WindowClient {
  readonly visibilityState: DocumentVisibilityState;
  focus(): Promise<unknown>;
  postMessage(message: unknown): void;
}

interface WorkerEvents {
  install: Extendable;
  activate: Extendable;
  message: Extendable & { readonly data?: { readonly type?: string } };
  fetch: {
    readonly request: Request;
    respondWith(response: Promise<Response>): void;
  };
  notificationclick: Extendable & {
    readonly notification: { readonly data?: { readonly path?: unknown }; close(): void };
  };
}

export interface WorkerScope {
  readonly location: { readonly origin: string };
  readonly clients: {
    claim(): Promise<void>;
    matchAll(options: { type: "window"; includeUncontrolled: boolean }): Promise<WindowClient[]>;
    openWindow(path: string): Promise<unknown>;
  };
  skipWaiting(): Promise<void>;
  addEventListener<E extends keyof WorkerEvents>(
    event: E,
    listener: (event: WorkerEvents[E]) => void,
  ): void;
}
