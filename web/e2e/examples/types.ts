import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { npm } from "./npm.ts";
import { ROOT } from "./stage.ts";

const WEB = join(ROOT, "web");
const EXAMPLE = join(ROOT, "examples/web-react");

/** What the type checker says about a project; empty: nothing is wrong. */
export function typeErrors(project: string): string {
  return npm("exec", "--offline", "--", "tsc", "-p", project).output;
}

/** The type errors of the code in a Markdown file, each block a module; the number of blocks. */
export async function typeErrorsIn(file: string): Promise<{ blocks: number; errors: string }> {
  const text = await readFile(join(ROOT, file), "utf8");
  const blocks = [...text.matchAll(/^```tsx\n([\s\S]*?)^```$/gm)].map(([, code]) => code ?? "");
  const dir = await mkdtemp(join(tmpdir(), "hoopoe-guide-"));
  try {
    for (const [index, code] of blocks.entries()) {
      await writeFile(join(dir, `block${index}.tsx`), code);
    }
    const types = [join(WEB, "node_modules/vite/client")];
    const config = { extends: join(EXAMPLE, "tsconfig.json"), compilerOptions: { types } };
    await writeFile(join(dir, "tsconfig.json"), JSON.stringify({ ...config, include: ["*.tsx"] }));
    return { blocks: blocks.length, errors: typeErrors(dir) };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
