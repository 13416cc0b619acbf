import { shortCount } from "./title.ts";

const SIZE = 64;
const PLAIN = "/icons/bird.svg";

/** Draws a count on the page's icon; 0 gives the plain icon back. */
export interface FaviconBadge {
  show(count: number): void;
}

/** The badge on the icon of a document. Where a canvas is not to be had, the icon stays plain. */
export function createFaviconBadge(page: Document): FaviconBadge {
  let shown = "";
  let wanted = "";
  let picture: Promise<HTMLImageElement> | null = null;

  const link = (): HTMLLinkElement => {
    const found = page.querySelector<HTMLLinkElement>('link[rel="icon"]');
    if (found) return found;
    const made = page.createElement("link");
    made.rel = "icon";
    page.head.append(made);
    return made;
  };

  return {
    show(count) {
      wanted = shortCount(count);
      if (wanted === shown) return;
      if (wanted === "") {
        shown = "";
        link().href = PLAIN;
        return;
      }
      picture ??= load(page, PLAIN);
      picture.then(
        (image) => {
          // While the picture came, the count may have moved on.
          if (wanted === "" || wanted === shown) return;
          const address = draw(page, image, wanted);
          if (address === null) return;
          shown = wanted;
          link().href = address;
        },
        () => {
          picture = null;
        },
      );
    },
  };
}

function load(page: Document, address: string): Promise<HTMLImageElement> {
  return new Promise((resolve, reject) => {
    const image = page.createElement("img");
    image.onload = () => resolve(image);
    image.onerror = () => reject(new Error("The icon did not load."));
    image.src = address;
  });
}

function draw(page: Document, image: HTMLImageElement, text: string): string | null {
  const canvas = page.createElement("canvas");
  canvas.width = SIZE;
  canvas.height = SIZE;
  const pen = canvas.getContext("2d");
  if (!pen) return null;
  pen.drawImage(image, 0, 0, SIZE, SIZE);
  const width = text.length > 2 ? 52 : text.length > 1 ? 44 : 34;
  pen.beginPath();
  pen.roundRect(SIZE - width, SIZE - 34, width, 34, 17);
  pen.fillStyle = "#c2410c";
  pen.fill();
  pen.fillStyle = "#ffffff";
  pen.font = "bold 26px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(text, SIZE - width / 2, SIZE - 16);
  return canvas.toDataURL("image/png");
}
