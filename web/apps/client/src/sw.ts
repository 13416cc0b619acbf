/**
 * The service worker: keeps the shell of the app, so that it starts without a line, and brings the
 * page forward when a notification is clicked. It never sees messages: those are the SDK's to keep.
 */

import { answerFor } from "./pwa/shell.ts";
import type { WorkerScope } from "./pwa/worker.ts";

/** Addresses of the shell, and a name for this set of them. Put in by the build. */
declare const __SHELL__: readonly string[];
declare const __VERSION__: string;

const worker = globalThis as unknown as WorkerScope;
const PREFIX = "hoopoe-shell-";
const NAME = PREFIX + __VERSION__;
/** What is kept is kept once, whatever a server lets answers depend on. */
const ANY = { ignoreVary: true } as const;
/** The page at `/` is for who asks for HTML; the rest of the shell is what it is. */
const HEADERS = { accept: "text/html, */*;q=0.8" };
const SHELL: ReadonlySet<string> = new Set(__SHELL__);

worker.addEventListener("install", (event) => event.waitUntil(install()));
worker.addEventListener("activate", (event) => event.waitUntil(activate()));
worker.addEventListener("message", (event) => {
  // A new version waits until the user agrees: two versions side by side would want each other's files.
  if (event.data?.type === "skip-waiting") event.waitUntil(worker.skipWaiting());
});
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  switch (answerFor(request, address, worker.location.origin, SHELL)) {
    case "pass":
      return;
    case "shell":
      event.respondWith(kept("/", request));
      return;
    case "kept":
      event.respondWith(kept(address.pathname, request));
      return;
    case "fresh":
      event.respondWith(fetch(request).catch(() => kept(address.pathname, request)));
  }
});
worker.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(String(event.notification.data?.path ?? "/")));
});

async function install(): Promise<void> {
  const cache = await caches.open(NAME);
  await Promise.all(
    [...SHELL].map(async (path) => {
      // A file that is named by its content and was kept before need not be fetched again.
      const before = path.startsWith("/assets/") ? await caches.match(path, ANY) : undefined;
      const response = before ?? (await fetch(path, { cache: "no-cache", headers: HEADERS }));
      if (!response.ok) throw new Error(`${path}: ${response.status}`);
      await cache.put(path, response);
    }),
  );
}

async function activate(): Promise<void> {
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== NAME) await caches.delete(name);
  }
  await worker.clients.claim();
}

async function kept(path: string, request: Request): Promise<Response> {
  const cache = await caches.open(NAME);
  return (await cache.match(path, ANY)) ?? fetch(request);
}

async function open(path: string): Promise<void> {
  const pages = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find((candidate) => candidate.visibilityState === "visible") ?? pages[0];
  if (!page) {
    await worker.clients.openWindow(path);
    return;
  }
  await page.focus();
  page.postMessage({ type: "open", path });
}
