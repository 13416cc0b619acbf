import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** Runs npm in `web`, as on the command line: what is built for tests is another thing. */
export function npm(...args: readonly string[]): { ok: boolean; output: string } {
  const { status, stdout, stderr } = spawnSync("npm", args, {
    cwd: join(import.meta.dirname, "../.."),
    encoding: "utf8",
    env: { ...process.env, NODE_ENV: "production" },
  });
  return { ok: status === 0, output: stdout + stderr };
}
