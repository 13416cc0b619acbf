/**
 * Colours for code. This module is heavy and is only ever imported when a message has code with a
 * language: `import("./highlight.ts")`.
 */

import bash from "highlight.js/lib/languages/bash";
import c from "highlight.js/lib/languages/c";
import cpp from "highlight.js/lib/languages/cpp";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import go from "highlight.js/lib/languages/go";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import markdown from "highlight.js/lib/languages/markdown";
import python from "highlight.js/lib/languages/python";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";
import { createLowlight } from "lowlight";

/** Longer code is shown without colours: a grammar may take its time. */
const HIGHLIGHT_CHARS_MAX = 20_000;

const lowlight = createLowlight({
  bash,
  c,
  cpp,
  css,
  diff,
  go,
  java,
  javascript,
  json,
  markdown,
  python,
  rust,
  sql,
  typescript,
  xml,
  yaml,
});

/** A stretch of code of one colour; `kind` is the scope of highlight.js (`hljs-` left out), or empty. */
export interface Stretch {
  readonly kind: string;
  readonly value: string;
}

type Tree = ReturnType<typeof lowlight.highlight>;
type Node = Tree["children"][number];

/** Colours code; `null` for languages that are not known here and for code that is very long. */
export function highlight(code: string, language: string): readonly Stretch[] | null {
  if (code.length > HIGHLIGHT_CHARS_MAX || !lowlight.registered(language)) return null;
  const out: Stretch[] = [];
  const walk = (nodes: readonly Node[], kind: string) => {
    for (const node of nodes) {
      if (node.type === "text") out.push({ kind, value: node.value });
      else if (node.type === "element")
        walk(node.children as readonly Node[], kindOf(node) || kind);
    }
  };
  walk(lowlight.highlight(language, code).children, "");
  return out;
}

function kindOf(node: Extract<Node, { type: "element" }>): string {
  const names = node.properties.className;
  const first = Array.isArray(names) ? names[0] : undefined;
  return typeof first === "string" ? first.replace(/^hljs-/, "").replace(/[^a-z_-]/g, "") : "";
}
