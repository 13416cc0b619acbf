// @vitest-environment node
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const css = readFileSync(new URL("./tokens.css", import.meta.url), "utf8");

/** The declarations of the rule that begins with `head`. */
function block(head: string): Map<string, string> {
  const start = css.indexOf("{", css.indexOf(head));
  const body = css.slice(start + 1, css.indexOf("}", start));
  const found = new Map<string, string>();
  for (const [, name, value] of body.matchAll(/(--hp-[a-z0-9-]+):\s*([^;]+);/g)) {
    if (name !== undefined && value !== undefined) found.set(name, value.trim());
  }
  return found;
}

/** Linear light of `#rrggbb` as WCAG 2.2 defines it. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

const plain = block(":root,");
const high = block('[data-hp-theme="contrast"]');

function colour(theme: string, name: string): string {
  const value = (theme.startsWith("contrast") ? high.get(name) : undefined) ?? plain.get(name);
  const pair = /light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/.exec(value ?? "");
  const found = theme.endsWith("dark") ? pair?.[2] : pair?.[1];
  if (found === undefined) throw new Error(`${name} has no colours in ${theme}: ${value}`);
  return found;
}

const surfaces = ["--hp-bg", "--hp-bg-raised", "--hp-bg-sunken", "--hp-bg-hover"];
const texts: [string, string[]][] = [
  ["--hp-text", [...surfaces, "--hp-bg-active", "--hp-accent-soft"]],
  ["--hp-text-muted", [...surfaces, "--hp-bg-active", "--hp-accent-soft"]],
  ["--hp-text-faint", [...surfaces, "--hp-bg-active", "--hp-accent-soft"]],
  ["--hp-accent-ink", [...surfaces, "--hp-bg-active", "--hp-accent-soft", "--hp-own"]],
  ["--hp-accent-text", ["--hp-accent", "--hp-accent-hover"]],
  ["--hp-own-text", ["--hp-own"]],
  ["--hp-text-muted", ["--hp-own", "--hp-other"]],
  ["--hp-other-text", ["--hp-other"]],
  ["--hp-danger", [...surfaces, "--hp-danger-soft"]],
  ["--hp-danger-text", ["--hp-danger"]],
  ["--hp-text", ["--hp-danger-soft", "--hp-warning-soft"]],
  ["--hp-success", surfaces],
  ["--hp-warning", [...surfaces, "--hp-warning-soft"]],
  ["--hp-tip-text", ["--hp-tip"]],
];
/** What is no text but must be told apart: edges of fields, the ring of the focus. */
const shapes: [string, string[]][] = [
  ["--hp-border-strong", ["--hp-bg", "--hp-bg-raised", "--hp-bg-sunken"]],
  ["--hp-focus", [...surfaces, "--hp-accent-soft"]],
];

describe.each(["light", "dark", "contrast", "contrast-dark"])("%s", (theme) => {
  const text = theme.startsWith("contrast") ? 7 : 4.5;
  test.each(texts)("%s can be read", (ink, grounds) => {
    for (const ground of grounds) {
      const found = contrast(colour(theme, ink), colour(theme, ground));
      expect(found, `${ink} on ${ground}: ${found.toFixed(2)}`).toBeGreaterThanOrEqual(text);
    }
  });
  test.each(shapes)("%s can be seen", (ink, grounds) => {
    for (const ground of grounds) {
      const found = contrast(colour(theme, ink), colour(theme, ground));
      expect(found, `${ink} on ${ground}: ${found.toFixed(2)}`).toBeGreaterThanOrEqual(3);
    }
  });
});

test("high contrast is the same whether the user or the system asks for it", () => {
  expect(block(":root:not([data-hp-theme])")).toEqual(high);
});
