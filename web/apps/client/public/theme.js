// Runs before the first paint, so that nobody who chose the dark theme sees a white flash, and so
// that a screen reader begins in the right language. Kept in step with src/app/preferences.ts.
(() => {
  const root = document.documentElement;
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem("hoopoe.preferences") ?? "{}") ?? {};
  } catch {
    // No storage, or nothing readable in it: the system decides.
  }
  if (["light", "dark", "contrast"].includes(kept.theme)) root.dataset.hpTheme = kept.theme;
  const chosen = kept.locale === "en" || kept.locale === "zh" ? [kept.locale] : navigator.languages;
  const first = (chosen ?? []).find((tag) => /^(?:en|zh)\b/i.test(tag));
  root.lang = first && /^zh/i.test(first) ? "zh-CN" : "en";
})();
