import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Plugin } from "vite";

/** Smaller files fit into one packet anyway. */
const BYTES_MIN = 1024;
const TEXTS = /\.(?:css|html|js|json|svg|txt|webmanifest)$/;

/** Writes `.br` and `.gz` beside every text of the build that is larger than 1 KB. */
export function compress(): Plugin {
  let out = "";
  let isBuilt = false;
  return {
    name: "hoopoe:compress",
    apply: "build",
    configResolved(config) {
      out = path.resolve(config.root, config.build.outDir);
    },
    // `closeBundle` follows a failed build as well, whose error must not be covered by another one.
    writeBundle() {
      isBuilt = true;
    },
    // After the service worker is written, which is a plugin before this one.
    closeBundle: {
      sequential: true,
      order: "post",
      handler: async () => {
        if (isBuilt) await compressAll(out);
      },
    },
  };
}

async function compressAll(dir: string): Promise<void> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isFile() || !TEXTS.test(entry.name)) continue;
    const file = path.join(entry.parentPath, entry.name);
    const content = await readFile(file);
    if (content.length <= BYTES_MIN) continue;
    const [br, gz] = await Promise.all([
      promisify(brotliCompress)(content, {
        params: {
          [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
          [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
        },
      }),
      promisify(gzip)(content, { level: 9 }),
    ]);
    await Promise.all([writeFile(`${file}.br`, br), writeFile(`${file}.gz`, gz)]);
  }
}
