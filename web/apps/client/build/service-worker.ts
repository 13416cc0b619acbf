import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { build, type Plugin } from "vite";

/**
 * What is not part of the shell: precompressed copies, maps, the service worker itself, and icons that
 * only the system asks for, when the app is installed.
 */
const NOT_SHELL = /(?:\.(?:br|gz|map)|^sw\.js|^(?:icon-512|maskable-512|apple-180)\.png)$/;

/**
 * Builds the service worker to `/sw.js` and tells it what the shell consists of. It is built last,
 * because the list holds the hashed names of everything else.
 */
export function serviceWorker(entry: string): Plugin {
  let root = "";
  let out = "";
  let isBuilt = false;
  return {
    name: "hoopoe:service-worker",
    apply: "build",
    configResolved(config) {
      root = config.root;
      out = path.resolve(root, config.build.outDir);
    },
    // `closeBundle` follows a failed build as well, of which there is nothing to list.
    writeBundle() {
      isBuilt = true;
    },
    closeBundle: {
      sequential: true,
      async handler() {
        if (!isBuilt) return;
        const shell = await list(out);
        const result = await build({
          configFile: false,
          root,
          publicDir: false,
          logLevel: "warn",
          define: {
            __SHELL__: JSON.stringify(shell.paths),
            __VERSION__: JSON.stringify(shell.version),
          },
          build: {
            target: "es2023",
            write: false,
            lib: { entry, formats: ["iife"], name: "sw", fileName: () => "sw.js" },
          },
        });
        const outputs = Array.isArray(result) ? result : [result];
        for (const output of outputs) {
          if (!("output" in output)) continue;
          for (const chunk of output.output) {
            if (chunk.type === "chunk") await writeFile(path.join(out, "sw.js"), chunk.code);
          }
        }
      },
    },
  };
}

/** All files of the shell as addresses, and a version that changes when one of them does. */
async function list(out: string): Promise<{ paths: string[]; version: string }> {
  const hash = createHash("sha256");
  const paths: string[] = [];
  const entries = await readdir(out, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && !NOT_SHELL.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  for (const file of files) {
    const name = path.relative(out, file).split(path.sep).join("/");
    hash.update(name).update(await readFile(file));
    paths.push(name === "index.html" ? "/" : `/${name}`);
  }
  return { paths, version: hash.digest("hex").slice(0, 12) };
}
