/** Puts a notification on the screen, and brings the page forward when it is clicked. */

export interface Shown {
  readonly title: string;
  readonly body: string;
  /** A newer notification of the same tag takes the place of the older one. */
  readonly tag: string;
  /** Where a click leads. */
  readonly path: string;
}

const ICON = "/icons/icon-192.png";
const BADGE = "/icons/badge-96.png";

/** The permission, where the browser has notifications at all. */
export function permission(): NotificationPermission {
  return typeof Notification === "undefined" ? "denied" : Notification.permission;
}

/** Asks for it. Only to be called from a click: browsers refuse for good otherwise. */
export async function askPermission(): Promise<NotificationPermission> {
  if (typeof Notification === "undefined") return "denied";
  return Notification.requestPermission();
}

/** Shows it, through the service worker where there is one: phones know no other way. */
export async function show(shown: Shown, open: (path: string) => void): Promise<void> {
  const options: NotificationOptions = {
    body: shown.body,
    tag: shown.tag,
    icon: ICON,
    badge: BADGE,
    // The page has a sound of its own, which can be turned off by itself.
    silent: true,
    data: { path: shown.path },
  };
  const worker = await navigator.serviceWorker?.getRegistration().catch(() => undefined);
  if (worker?.active) {
    await worker.showNotification(shown.title, options);
    return;
  }
  const notification = new Notification(shown.title, options);
  notification.onclick = () => {
    notification.close();
    window.focus();
    open(shown.path);
  };
}
