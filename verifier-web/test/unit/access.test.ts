/** For the keyboard, for screen readers, and for eyes that need contrast: what can be seen of it without a browser. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { breakable } from "../../src/page/dom.ts";
import { FileList } from "../../src/page/files.ts";
import { formatSize, stepOf } from "../../src/page/size.ts";
import { Speaker } from "../../src/page/speaker.ts";
import { TEXTS } from "../../src/page/words/labels.ts";
import { Made, withDocument } from "../dom.ts";
import { ROOT } from "../vector.ts";

const CSS = readFileSync(join(ROOT, "verifier-web/src/page/page.css"), "utf8");
const HTML = readFileSync(join(ROOT, "verifier-web/src/page/page.html"), "utf8");

/** The colour of a name in the style's root, in six digits. */
function colour(name: string): string {
  const found = new RegExp(`--${name}: #([0-9a-f]{3,6});`).exec(CSS)?.[1];
  assert.ok(found, name);
  return found.length === 3 ? [...found].map((digit) => digit + digit).join("") : found;
}

/** WCAG 2: the ratio of two luminances. */
function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [one, other].map((digits) => {
    const parts = [0, 2, 4].map((at) => parseInt(digits.slice(at, at + 2), 16) / 255);
    const [red = 0, green = 0, blue = 0] = parts.map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }).sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

test("text has a contrast of 4.5 to 1, and what is used or focused an edge of 3 to 1", () => {
  const grounds = ["paper", "ground"];
  const pairs = [
    ...["ink", "soft", "accent", "good", "bad", "open", "neutral"].flatMap((text) => grounds.map((ground) => [text, ground, 4.5] as const)),
    ...["good", "bad", "open", "neutral"].map((name) => [name, `${name}-ground`, 4.5] as const),
    // What is to be looked at stands on amber, and in each sign a white mark on its colour.
    ...["ink", "soft"].map((name) => [name, "open-ground", 4.5] as const),
    ...["good", "bad", "open", "neutral"].map((name) => ["paper", name, 4.5] as const),
    ...grounds.flatMap((ground) => [["edge", ground, 3], ["accent", ground, 3]] as const),
  ];
  for (const [text, ground, least] of pairs) {
    const ratio = contrast(colour(text), colour(ground));
    assert.ok(ratio >= least, `${text} on ${ground}: ${ratio.toFixed(2)}`);
  }
  assert.ok(Math.abs(contrast("000000", "ffffff") - 21) < 1e-9);
  // What has the focus, and what can be used, is drawn in these colours and in no others.
  assert.match(CSS, /:focus-visible, \.button:focus-within \{ outline: 3px solid var\(--accent\);/);
  for (const rule of [/button, \.button \{[^}]*border: 1px solid var\(--edge\)/, /textarea \{[^}]*border: 1px solid var\(--edge\)/]) {
    assert.match(CSS, rule);
  }
});

test("everything in the page has a name, and each language says which it is", () => {
  const ids = [...HTML.matchAll(/ id="([a-z0-9-]+)"/g)].map(([, id]) => id ?? "");
  assert.equal(new Set(ids).size, ids.length);
  for (const [, references] of HTML.matchAll(/aria-labelledby="([^"]+)"/g)) {
    // The verdict's heading is made with the result, which is hidden until then.
    for (const id of references?.split(" ") ?? []) assert.ok(ids.includes(id) || id === "verdict", id);
  }
  for (const [, id] of HTML.matchAll(/<textarea id="([a-z-]+)"/g)) assert.ok(HTML.includes(`<label for="${id}"`), id);
  for (const [, before] of HTML.matchAll(/(.{0,60})<input type="file"/g)) assert.match(before ?? "", /<label class="button|<span data-say=/);
  for (const tag of ["<section id=\"result\"", "<table id=\"file-table\"", "<progress"]) {
    assert.match(HTML.slice(HTML.indexOf(tag)), /^<[^>]*aria-labelledby=/, tag);
  }
  for (const [, name] of HTML.matchAll(/data-say="([A-Za-z0-9]+)"/g)) assert.ok(Object.hasOwn(TEXTS, name ?? ""), name);
  // Chinese that stands in the page itself is marked as that.
  const chinese = [...HTML.matchAll(/<([a-z]+)([^>]*)>([^<]*\p{Script=Han}[^<]*)</gu)];
  assert.equal(chinese.length, 2);
  for (const [whole, , attributes] of chinese) assert.match(attributes ?? "", /lang="zh-Hans"/, whole);
  assert.match(HTML, /<p id="status" role="status" aria-live="polite">/);
});

test("how far a judgement is, is told in steps that can be heard", () => {
  const told = new Set(Array.from({ length: 1000 }, (_, at) => stepOf(at, 999)));
  assert.deepEqual([told.size, Math.min(...told), Math.max(...told)], [21, 0, 100]);
  assert.equal(stepOf(0, 0), 0);
  assert.equal(formatSize(200_000_000), "200 MB");
});

test("whoever removes a file is led to the next one, and at the end to where files are chosen", () =>
  withDocument(async () => {
    const [table, body, remarks, chooser] = ["table", "tbody", "div", "input"].map((name) => new Made(name)) as [Made, Made, Made, Made];
    const told: string[] = [];
    const places = { table, body, remarks, chooser } as unknown as ConstructorParameters<typeof FileList>[0];
    const files = new FileList(places, new Speaker("en"), {
      changed: () => told.push("changed"),
      removed: (left) => told.push(`${left} left`),
      take: () => Promise.resolve(),
      reading: (read) => void read(),
      isTyped: () => false,
    });
    const named = (name: string) => Object.assign(new Blob(["x"]), { name }) as unknown as File;
    await files.add(["a", "b", "c"].map(named));
    const removes = () => body.named("button");
    const names = () => removes().map((button) => button.get("aria-label"));
    assert.deepEqual(names(), ["Remove a", "Remove b", "Remove c"]);
    removes()[1]?.click();
    assert.deepEqual(names(), ["Remove a", "Remove c"]);
    assert.equal(Made.focused?.get("aria-label"), "Remove c");
    removes()[1]?.click();
    assert.equal(Made.focused?.get("aria-label"), "Remove a");
    removes()[0]?.click();
    assert.equal(Made.focused, chooser);
    assert.deepEqual(told, ["changed", "changed", "2 left", "changed", "1 left", "changed", "0 left"]);
    assert.equal((table as unknown as { hidden: boolean }).hidden, true);
  }));

test("on a telephone the list of files fits, and where a table can be moved no number is broken", () => {
  const narrow = CSS.split("@media (max-width: 34rem)")[1]?.split("\n}")[0] ?? "";
  for (const rule of [/\.files select \{ width: 6\.5rem; \}/, /\.files th, \.files td \{ padding: 0\.3rem 0\.2rem; \}/]) {
    assert.match(narrow, rule);
  }
  const [anywhere, normal] = ["\nth[scope=\"row\"]", "\n.wide th[scope=\"row\"] { overflow-wrap: normal; }"].map((rule) => CSS.indexOf(rule));
  assert.ok(anywhere !== undefined && normal !== undefined && anywhere >= 0 && normal > anywhere);
});

test("a list of numbers goes on in the next line behind a comma, and no number is broken", () =>
  withDocument(() => {
    const pieces = (text: string) => breakable(text).map((piece) => (typeof piece === "string" ? piece : `<${(piece as unknown as Made).name}>`));
    assert.deepEqual(pieces("165.0,175.0;9, x"), ["165.0,", "<wbr>", "175.0;", "<wbr>", "9, x"]);
    assert.deepEqual(pieces("120"), ["120"]);
  }));

test("the choice of units is as wide as its longest label, up to the page's width", () => {
  assert.match(CSS, /\n\.unit select \{ max-width: 100%; \}/);
});
