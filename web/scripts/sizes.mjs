/**
 * What a page loads before it can do anything, gzipped: `node scripts/sizes.mjs [--bless] [name…]`.
 *
 * The budgets are those of `.size-limit.json`, the figures of the last look are in `sizes.json`. It
 * fails when a figure is over its budget, or has grown by 3 % since. `--bless` writes the new figures
 * down; a budget is not blessed away.
 *
 * A path there names where loading begins: a module with everything that it imports, or a page with
 * its scripts and style sheets. What is loaded later, by `import()`, does not count unless it is named
 * as well.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { gzipSync } from "node:zlib";

const GROWTH_MAX = 1.03;
const root = join(import.meta.dirname, "..");
const figuresFile = join(root, "sizes.json");
const builds = {
  sdk: "npm run build --workspace @hoopoe/sdk",
  "sdk sign-in": "npm run build --workspace @hoopoe/sdk",
  kit: "npm run build --workspace @hoopoe/ui",
  "client first route": "npm run build --workspace @hoopoe/client",
};

/** The files that a file needs before it runs. */
function needed(file) {
  const text = readFileSync(file, "utf8");
  const found = [];
  if (file.endsWith(".html")) {
    for (const [tag] of text.matchAll(/<(?:script|link)\b[^>]*>/g)) {
      const isLoaded =
        tag.startsWith("<script") || /\brel="(?:modulepreload|stylesheet)"/.test(tag);
      const address = /\b(?:src|href)="([^"]+)"/.exec(tag)?.[1];
      if (isLoaded && address !== undefined) {
        found.push(join(dirname(file), address));
      }
    }
  } else if (file.endsWith(".js")) {
    // Static imports: at the beginning, behind `;` or `}` of minified code, and re-exports.
    const imports = /(?:^|[;}\n])\s*(?:import|export)\b(?:[^"'`();]*?\bfrom)?\s*["']([^"']+)["']/g;
    for (const [, address] of text.matchAll(imports)) {
      if (address.startsWith(".")) {
        found.push(join(dirname(file), address));
      }
    }
  } else if (file.endsWith(".css")) {
    for (const [, address] of text.matchAll(/@import\s+(?:url\()?["']?(\.[^"')]+)/g)) {
      found.push(join(dirname(file), address));
    }
  }
  return found;
}

/** The files of a path whose name may have one `*`, for the hash in it. */
function matching(path) {
  const [before, after] = basename(path).split("*");
  if (after === undefined) {
    return existsSync(path) ? [path] : [];
  }
  const names = existsSync(dirname(path)) ? readdirSync(dirname(path)) : [];
  const found = names.filter((name) => name.startsWith(before) && name.endsWith(after));
  return found.map((name) => join(dirname(path), name));
}

/** The gzipped bytes of files and of everything that they need. */
function measure(entries) {
  const files = new Set(entries);
  for (const file of files) {
    for (const other of needed(file)) {
      files.add(other);
    }
  }
  let bytes = 0;
  for (const file of files) {
    bytes += gzipSync(readFileSync(file), { level: 9 }).length;
  }
  return { bytes, files: [...files].map((file) => relative(root, file)) };
}

function main(args) {
  const bless = args.includes("--bless");
  const names = args.filter((arg) => !arg.startsWith("--"));
  const entries = JSON.parse(readFileSync(join(root, ".size-limit.json"), "utf8"));
  const figures = existsSync(figuresFile) ? JSON.parse(readFileSync(figuresFile, "utf8")) : {};
  const unknown = names.filter((name) => !entries.some((entry) => entry.name === name));
  const mistakes = unknown.map((name) => `${name}: no such entry in .size-limit.json`);
  for (const { name, path, limit } of entries) {
    if (names.length > 0 && !names.includes(name)) {
      continue;
    }
    const paths = [path].flat();
    const missing = paths.find((one) => matching(join(root, one)).length === 0);
    if (missing !== undefined) {
      mistakes.push(`${name}: ${missing} is missing; make it with \`${builds[name]}\``);
      continue;
    }
    const { bytes, files } = measure(paths.flatMap((one) => matching(join(root, one))));
    const budget = Number.parseInt(limit, 10);
    const before = figures[name];
    const share = Math.round((bytes / budget) * 100);
    process.stdout.write(
      `${name}: ${bytes} bytes gzipped, ${share} % of ${budget} (${files.join(", ")})\n`,
    );
    if (bytes > budget) {
      mistakes.push(`${name}: ${bytes - budget} bytes over the budget of ${budget}`);
    }
    if (bless) {
      figures[name] = bytes;
    } else if (before === undefined) {
      mistakes.push(`${name}: no figure in sizes.json yet; write it down with --bless`);
    } else if (bytes >= before * GROWTH_MAX) {
      mistakes.push(`${name}: grown from ${before} to ${bytes}; find out why, or --bless it`);
    }
  }
  if (bless) {
    writeFileSync(figuresFile, `${JSON.stringify(figures, null, 2)}\n`);
  }
  for (const mistake of mistakes) {
    process.stderr.write(`${mistake}\n`);
  }
  process.exitCode = mistakes.length > 0 ? 1 : 0;
}

main(process.argv.slice(2));
