// Draws the icons of the app from the bird: `node scripts/icons.mjs`. Wants a Chromium; its place is
// taken from CHROMIUM_PATH. The results are checked in, because a build should not need a browser.
import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";

const bird = await readFile(new URL("../public/icons/bird.svg", import.meta.url), "utf8");

/** `bird`: its share of the picture; `corner`: the radius as a share, 0 for what the system cuts itself. */
const icons = [
  { file: "icon-192.png", size: 192, bird: 0.72, corner: 0.22 },
  { file: "icon-512.png", size: 512, bird: 0.72, corner: 0.22 },
  { file: "maskable-512.png", size: 512, bird: 0.56, corner: 0 },
  { file: "apple-180.png", size: 180, bird: 0.68, corner: 0 },
  { file: "badge-96.png", size: 96, bird: 0.9, corner: 0, plain: true },
];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
const page = await browser.newPage();
for (const icon of icons) {
  await page.setViewportSize({ width: icon.size, height: icon.size });
  const side = Math.round(icon.size * icon.bird);
  await page.setContent(`<style>
    body { margin: 0; background: transparent }
    div { width: ${icon.size}px; height: ${icon.size}px; display: grid; place-items: center;
      border-radius: ${icon.size * icon.corner}px;
      background: ${icon.plain ? "transparent" : "#fbefe2"} }
    svg { width: ${side}px; height: ${side}px; ${icon.plain ? "filter: brightness(0) invert(1)" : ""} }
  </style><div>${bird}</div>`);
  const path = new URL(`../public/icons/${icon.file}`, import.meta.url).pathname;
  await page.screenshot({ path, omitBackground: true });
}
await browser.close();
