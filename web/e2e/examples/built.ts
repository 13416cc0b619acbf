import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** Examples stand on the packages as an app gets them, so these are built anew before any proof. */
export default function setup(): void {
  for (const name of ["@hoopoe/sdk", "@hoopoe/ui"]) {
    const args = ["run", "build", "--workspace", name];
    const { status, stdout, stderr } = spawnSync("npm", args, {
      cwd: join(import.meta.dirname, "../.."),
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`${name} cannot be built:\n${stdout}${stderr}`);
  }
}
