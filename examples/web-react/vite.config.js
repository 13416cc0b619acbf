import { fileURLToPath } from "node:url";

// In an app of your own none of this is needed: its packages are in its `node_modules`. Those of this
// page are in `web`, where `npm ci` has put them.
const web = new URL("../../web/", import.meta.url);
const at = (path) => fileURLToPath(new URL(path, web));

export default {
  root: import.meta.dirname,
  server: { fs: { allow: [at("..")] } },
  resolve: {
    alias: [
      { find: /^@hoopoe\/ui\/style\.css$/, replacement: at("packages/ui/dist/style.css") },
      { find: /^@hoopoe\/ui$/, replacement: at("packages/ui/dist/index.js") },
      { find: /^@hoopoe\/sdk\/signin$/, replacement: at("packages/sdk/dist/signin.js") },
      { find: /^@hoopoe\/sdk$/, replacement: at("packages/sdk/dist/index.js") },
      { find: /^(react(?:-dom)?(?:\/.+)?)$/, replacement: `${at("node_modules")}/$1` },
    ],
  },
};
