/** Which emoji this system can draw: what it cannot is not offered. */

/** One emoji of each version that came after those that everybody has, the newest first. */
const PROBES: readonly (readonly [number, string])[] = [
  [17, "🫪"],
  [16, "🫩"],
  [15, "🫨"],
  [14, "🫠"],
];
/** What came with 15.1 is joined from two emoji; who cannot join them draws two. */
const JOINED = "🐦‍🔥";
const SINGLE = "🐦";
const SIZE_PX = 16;
/** Where it cannot be told, as in a test without a screen. */
const UNKNOWN = 15;

type Pen = CanvasRenderingContext2D;

/** The pixels of `text` in a colour; a glyph that has its own colours is the same in each. */
function pixels(pen: Pen, text: string, color: string): string {
  pen.clearRect(0, 0, SIZE_PX, SIZE_PX);
  pen.fillStyle = color;
  pen.fillText(text, 0, 0);
  return pen.getImageData(0, 0, SIZE_PX, SIZE_PX).data.join();
}

function draws(pen: Pen, emoji: string): boolean {
  const dark = pixels(pen, emoji, "#000");
  return dark === pixels(pen, emoji, "#f00") && /[1-9]/.test(dark);
}

function measure(): number {
  const canvas = document.createElement("canvas");
  canvas.width = SIZE_PX;
  canvas.height = SIZE_PX;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  if (pen === null || typeof pen.getImageData !== "function") {
    return UNKNOWN;
  }
  pen.textBaseline = "top";
  pen.font = `${SIZE_PX - 2}px "Apple Color Emoji", "Segoe UI Emoji", "Noto Color Emoji", sans-serif`;
  if (!draws(pen, SINGLE)) {
    return UNKNOWN;
  }
  const newest = PROBES.find(([, probe]) => draws(pen, probe))?.[0] ?? 13;
  if (newest !== 15) {
    return newest;
  }
  const joins = pen.measureText(JOINED).width < pen.measureText(SINGLE).width * 1.5;
  return joins ? 15.1 : 15;
}

let known: number | undefined;

/** The newest version of Emoji that this system draws in colour. Looked at once. */
export function newestEmoji(): number {
  if (known === undefined) {
    try {
      known = measure();
    } catch {
      // A browser that guards against fingerprinting refuses to tell what it has drawn.
      known = UNKNOWN;
    }
  }
  return known;
}
