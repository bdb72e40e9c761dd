/**
 * The program and the page on mutated bundles: single bytes of the file, which must never be
 * verified, and parts that were changed before the lists were made anew, on which both must agree.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { concat } from "../../src/crypto/bytes.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { encodeUtf8 } from "../../src/formats/encoding.ts";
import { encodeHex } from "../../src/formats/hex.ts";
import { judge } from "../../src/judge/verify.ts";
import { LOT_KEY, makeBundle, makeRange, partsOf, pinsFrom, tagOf } from "../maker-bundle.ts";
import { POLICY, anchor } from "../maker.ts";
import { Dice, mutate } from "./mutate.ts";
import {
  PROGRAMS,
  SEED,
  TIMES,
  answerOf,
  askProgram,
  inParallel,
  type Answer,
} from "./program.ts";

const COUNT = 1_000 * TIMES;
const REPORT = encodeUtf8('{"board": "PNL0099123", "result": "Failed"}\n');
const HASH = sha256(REPORT);
const UNIT = "PNL0099123-1";
const RANGE = makeRange(HASH, {
  valuesAt: (at) => new Map([["tags", concat(tagOf(at, UNIT), new Uint8Array(32).fill(0xff))]]),
});
const PINS = pinsFrom(RANGE[0] ?? anchor("report.json", HASH));

const folder = mkdtempSync(join(tmpdir(), "fiducial-bundles-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const PARTS = new Map([
  ...partsOf("records", anchor("report.json", HASH)),
  ...RANGE.flatMap((one, at) => [...partsOf("range", one, at === RANGE.length - 1)]),
  [`evidence/${encodeHex(HASH)}`, REPORT] as const,
]);

function byProgram(place: string, bundle: Uint8Array): Promise<Answer> {
  const path = join(folder, `${place}.zip`);
  writeFileSync(path, bundle);
  const own = ["policy", "pins", "lot-key", "units"].flatMap((name) => [`--${name}`, join(folder, name)]);
  return askProgram(["bundle", "verify", path, ...own]);
}

async function byPage(bundle: Uint8Array): Promise<Answer> {
  const blob = new Blob([new Uint8Array(bundle)]);
  const reader = { lotKeys: encodeHex(LOT_KEY), units: encodeUtf8(`${UNIT}\n`) };
  const own = { policy: encodeUtf8(POLICY), keys: "", pins: encodeUtf8(PINS), ...reader };
  const files = [{ role: "bundle", name: "b.zip", blob } as const];
  return answerOf(await judge({ files, ...own }, () => {}));
}

/** A bundle with one byte changed, or with one part changed and the lists made anew. */
function change(good: Uint8Array, dice: Dice): { bundle: Uint8Array; what: string; isRaw: boolean } {
  if (dice.below(2) === 0) {
    const { bytes, what } = mutate(good, dice);
    return { bundle: bytes, what, isRaw: true };
  }
  const paths = [...PARTS.keys()];
  const path = paths[dice.below(paths.length)] ?? "";
  const { bytes, what } = mutate(PARTS.get(path) ?? new Uint8Array(), dice);
  return { bundle: makeBundle(new Map(PARTS).set(path, bytes)), what: `${path}: ${what}`, isRaw: false };
}

test("the program and the page agree on every mutated bundle", async () => {
  assert.ok(PROGRAMS, "FIDUCIAL_PROGRAMS must name the folder with the built programs");
  writeFileSync(join(folder, "policy"), POLICY);
  writeFileSync(join(folder, "pins"), PINS);
  writeFileSync(join(folder, "lot-key"), encodeHex(LOT_KEY));
  writeFileSync(join(folder, "units"), `${UNIT}\n`);
  const good = makeBundle(PARTS);
  const untouched = await byProgram("good", good);
  assert.equal(untouched.verdict, "verified", "the program accepts what the maker made");
  const page = await byPage(good);
  assert.deepEqual([page.verdict, page.reason], [untouched.verdict, untouched.reason]);
  assert.deepEqual([...page.open].sort(), [...untouched.open].sort());

  const dice = new Dice(SEED);
  const verdicts: Record<string, number> = {};
  await inParallel(COUNT, async (place) => {
    const { bundle, what, isRaw } = change(good, dice);
    const [program, page] = await Promise.all([byProgram(place, bundle), byPage(bundle)]);
    assert.equal(page.verdict, program.verdict, `seed ${SEED}: ${what}: ${page.reason}, ${program.reason}`);
    const isUnchanged = Buffer.from(bundle).equals(Buffer.from(good));
    assert.ok(!isRaw || isUnchanged || page.verdict !== "verified", what);
    verdicts[page.verdict] = (verdicts[page.verdict] ?? 0) + 1;
  });
  console.log(JSON.stringify(verdicts));
  assert.ok((verdicts["rejected"] ?? 0) > COUNT / 4);
});
