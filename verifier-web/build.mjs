/**
 * Builds `dist/fiducial-verify.html`: one file with its script and its style inside, and a content
 * security policy that lets it run these two and reach nothing. The same sources give the same bytes.
 */

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { buildSync } from "esbuild";

const own = dirname(fileURLToPath(import.meta.url));
const { version } = JSON.parse(readFileSync(join(own, "package.json"), "utf8"));

function bundle(entry, options) {
  const built = buildSync({
    entryPoints: [join(own, entry)],
    absWorkingDir: own,
    bundle: true,
    charset: "utf8",
    legalComments: "none",
    logLevel: "warning",
    minify: true,
    write: false,
    ...options,
  });
  return built.outputFiles[0].text.trim();
}

const script = bundle("src/page/main.ts", {
  format: "iife",
  target: ["chrome111", "firefox115", "safari16.4"],
  define: { VERSION: JSON.stringify(version) },
});
// What would end the element early, or begin a comment in it, would not be what was hashed.
if (/<\/script|<!--/i.test(script)) throw new Error("the script cannot stand inside HTML");
const style = bundle("src/page/page.css", { loader: { ".css": "css" } });

const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
const policy = [
  "default-src 'none'",
  `script-src ${hash(script)}`,
  `style-src ${hash(style)}`,
  "img-src data:",
  "worker-src blob:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** What is built in comes with its licence: the same text is there once. */
function licences() {
  const texts = ["hashes", "curves", "post-quantum"].map((name) => [
    `@noble/${name}`,
    readFileSync(join(own, "node_modules/@noble", name, "LICENSE"), "utf8").trim(),
  ]);
  const text = [...new Set(texts.map(([, licence]) => licence))].map((licence) => {
    const names = texts.filter(([, other]) => other === licence).map(([name]) => name);
    return `${names.join(", ")}:\n\n${licence}`;
  }).join("\n\n");
  if (text.includes("--")) throw new Error("a licence cannot stand in a comment");
  return `Fiducial: Apache-2.0. It contains these, under their own licences.\n\n${text}\n`;
}

const parts = { policy, script, style, licences: licences() };
const template = readFileSync(join(own, "src/page/page.html"), "utf8");
const page = template.replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name]);
const out = join(own, "dist", "fiducial-verify.html");
mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, page);
const sum = createHash("sha256").update(page).digest("hex");
// What sha256sum --check reads, to be published with the page.
writeFileSync(`${out}.sha256`, `${sum}  fiducial-verify.html\n`);
console.log(`${sum}  dist/fiducial-verify.html  (${Buffer.byteLength(page)} bytes)`);
