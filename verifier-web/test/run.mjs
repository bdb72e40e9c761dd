/**
 * Bundles the tests of one kind (`unit`, `browser`, `mutations`), runs them with node's own runner,
 * and ends with its exit code. Bundled, because Node 20 does not read TypeScript.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { buildSync } from "esbuild";

const own = dirname(dirname(fileURLToPath(import.meta.url)));
const [kind, only = ""] = process.argv.slice(2);
if (!["unit", "browser", "mutations"].includes(kind)) {
  console.error("node test/run.mjs unit|browser|mutations [beginning of a file's name]");
  process.exit(2);
}
const folder = join(own, "test", kind);
const tests = readdirSync(folder)
  .filter((name) => name.startsWith(only) && name.endsWith(".test.ts")).sort();
const out = join(own, "out", kind);
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
buildSync({
  entryPoints: tests.map((name) => join(folder, name)),
  outdir: out,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  sourcemap: "inline",
  external: ["playwright-core"],
});
const files = tests.map((name) => join(out, name.replace(/\.ts$/, ".mjs")));
const options = ["--enable-source-maps", "--test", "--test-reporter=spec", ...files];
const environment = { ...process.env, FIDUCIAL_ROOT: dirname(own) };
const ran = spawnSync(process.execPath, options, { stdio: "inherit", env: environment, cwd: own });
process.exit(ran.status ?? 1);
