import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { xssTexts } from "../testing/xss.ts";
import { highlight } from "./highlight.ts";
import { Markdown } from "./Markdown.tsx";

afterEach(cleanup);

const ELEMENTS = new Set(
  "DIV P BR CODE PRE STRONG EM S A UL OL LI BLOCKQUOTE SPAN FIGURE FIGCAPTION BUTTON".split(" "),
);
const ATTRIBUTES = new Set([
  "class",
  "href",
  "title",
  "target",
  "rel",
  "start",
  "type",
  "tabindex",
]);

describe("what tries to become something else stays text", () => {
  it("in more than two hundred shapes", () => {
    expect(new Set(xssTexts).size).toBe(xssTexts.length);
    expect(xssTexts.length).toBeGreaterThanOrEqual(200);
  });

  it.each(xssTexts)("%j", (text) => {
    const { container } = render(<Markdown text={text} />);
    for (const element of container.querySelectorAll("*")) {
      expect(ELEMENTS).toContain(element.tagName);
      for (const { name } of element.attributes) expect(ATTRIBUTES).toContain(name);
      const href = element.getAttribute("href");
      if (href !== null) expect(href).toMatch(/^(?:https?:\/\/|mailto:)/);
    }
    expect((window as { __xss?: number }).__xss).toBeUndefined();
  });
});

it("links open elsewhere and tell nothing", () => {
  render(<Markdown text="[Docs](https://a.example/x)" />);
  const link = screen.getByRole("link", { name: "Docs" });
  expect(link.getAttribute("href")).toBe("https://a.example/x");
  expect(link.getAttribute("rel")).toBe("noopener noreferrer");
  expect(link.getAttribute("target")).toBe("_blank");
});

it("a mention is a button that names its user", () => {
  const onMention = vi.fn();
  render(<Markdown text="hi @Ann" people={[{ id: "u1", name: "Ann" }]} onMention={onMention} />);
  screen.getByRole("button", { name: "@Ann" }).click();
  expect(onMention).toHaveBeenCalledWith("u1");
});

it("emoji alone are big", () => {
  const { container } = render(<Markdown text="🎉🎉" />);
  expect(container.querySelector(".hp-markdown--emoji")).not.toBeNull();
});

describe("code", () => {
  it("gets its colours", async () => {
    const { container } = render(<Markdown text={"```ts\nconst a = 1;\n```"} />);
    await vi.waitFor(() => expect(container.querySelector(".hp-code__keyword")).not.toBeNull());
    expect(container.querySelector("pre")?.textContent).toBe("const a = 1;");
  });

  it("is copied as it stands", async () => {
    const writeText = vi.fn(() => Promise.resolve());
    vi.stubGlobal("navigator", { ...navigator, clipboard: { writeText } });
    render(<Markdown text={"```\n a < b\n```"} />);
    screen.getByRole("button", { name: "Copy" }).click();
    expect(writeText).toHaveBeenCalledWith(" a < b");
    await screen.findByRole("button", { name: "Copied" });
    vi.unstubAllGlobals();
  });

  it("of a language that is not known, or very long, has none", () => {
    expect(highlight("a", "brainfuck")).toBeNull();
    expect(highlight("a".repeat(30_000), "ts")).toBeNull();
    expect(highlight("fn main() {}", "rs")?.some((part) => part.kind === "keyword")).toBe(true);
  });
});
