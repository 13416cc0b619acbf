/**
 * Takes pictures of stories: `node stories/shots.mjs OUT [NAME…]`, a name being the beginning of a
 * story's. Each is taken in light and dark, English and Chinese; `--narrow` takes them at 320 px.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { createServer } from "vite";

const args = process.argv.slice(2);
const narrow = args.includes("--narrow");
const [out = "shots", ...wanted] = args.filter((arg) => !arg.startsWith("--"));
const looks = args.includes("--all")
  ? ["light/en", "dark/en", "light/zh", "dark/zh", "contrast/en"]
  : ["light/en", "dark/zh"];

const configFile = join(import.meta.dirname, "vite.config.ts");
const server = await createServer({ configFile, server: { port: 0 }, logLevel: "error" });
await server.listen();
const base = server.resolvedUrls?.local[0] ?? "";
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
try {
  await mkdir(out, { recursive: true });
  const page = await browser.newPage({
    viewport: narrow ? { width: 320, height: 640 } : { width: 900, height: 700 },
  });
  page.on("pageerror", (error) => process.stderr.write(`${page.url()}: ${error.stack}\n`));
  await page.goto(base);
  await page.waitForSelector(".stories");
  const links = await page.locator(".stories a").allTextContents();
  for (const name of links) {
    if (wanted.length > 0 && !wanted.some((one) => name.startsWith(one))) continue;
    for (const look of looks) {
      const [theme = "light", locale = "en"] = look.split("/");
      await page.goto(`${base}?${new URLSearchParams({ story: name, theme, locale })}`);
      await page.waitForSelector(".story");
      await page.evaluate(() => document.fonts.ready.then(() => undefined));
      const file = `${name.replace("/", ".")}.${theme}.${locale}${narrow ? ".narrow" : ""}.png`;
      await page.screenshot({ path: join(out, file) });
    }
  }
} finally {
  await browser.close();
  await server.close();
}
