import { npm } from "./npm.ts";

/** Examples stand on the packages as an app gets them, so these are built anew before any proof. */
export default function setup(): void {
  for (const name of ["@hoopoe/sdk", "@hoopoe/ui"]) {
    const { ok, output } = npm("run", "build", "--workspace", name);
    if (!ok) throw new Error(`${name} cannot be built:\n${output}`);
  }
}
