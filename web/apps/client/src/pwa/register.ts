/** Brings the service worker in, and tells when a new version waits. */

/** How often an open page asks for a new version. */
const ASK_EVERY_MS = 60 * 60 * 1000;

/**
 * Registers `/sw.js`. `onUpdate` is called when a new version is ready; what it is given starts it,
 * which loads the page anew. Without service workers (plain HTTP on another host) nothing happens.
 */
export function registerServiceWorker(onUpdate: (start: () => void) => void): void {
  const container = navigator.serviceWorker;
  if (!container) return;
  let told: ServiceWorker | null = null;
  let reloading = false;

  const tell = (worker: ServiceWorker): void => {
    if (told === worker) return;
    told = worker;
    onUpdate(() => {
      container.addEventListener("controllerchange", () => {
        if (reloading) return;
        reloading = true;
        location.reload();
      });
      worker.postMessage({ type: "skip-waiting" });
    });
  };

  container
    .register("/sw.js")
    .then((registration) => {
      // Without a controller it is the first installation, which replaces nothing.
      if (registration.waiting && container.controller) tell(registration.waiting);
      registration.addEventListener("updatefound", () => {
        const coming = registration.installing;
        coming?.addEventListener("statechange", () => {
          if (coming.state === "installed" && container.controller) tell(coming);
        });
      });
      setInterval(() => void registration.update().catch(() => undefined), ASK_EVERY_MS);
    })
    // Refused, for example in a private window: the app works without it.
    .catch(() => undefined);
}

/**
 * After an update of the server a page of before asks for parts that are gone. Loading anew mends
 * that; once, so that a broken server does not make it spin.
 */
export function reloadOnMissingParts(): void {
  const key = "hoopoe.reloaded";
  window.addEventListener("vite:preloadError", (event) => {
    if (sessionStorage.getItem(key) === location.href) return;
    sessionStorage.setItem(key, location.href);
    event.preventDefault();
    location.reload();
  });
}
