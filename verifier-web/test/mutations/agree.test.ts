/**
 * The program and the page on thousands of mutated receipts, disclosures and reports: one verdict.
 *
 * `FIDUCIAL_PROGRAMS` names the folder with the built `fiducial`. The seed is printed with a failure and
 * can be given as `FIDUCIAL_SEED`; with `FIDUCIAL_SOAK=1` there are ten times as many.
 */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { sha256 } from "../../src/crypto/sha256.ts";
import { encodeUtf8 } from "../../src/formats/encoding.ts";
import { judge } from "../../src/judge/verify.ts";
import { NOTHING_ELSE, POLICY, SIGNERS, anchor } from "../maker.ts";
import { ROOT } from "../vector.ts";
import { Dice, mutate } from "./mutate.ts";
import { PROGRAMS, SEED, TIMES, answerOf, askProgram, inParallel, type Answer } from "./program.ts";

const COUNT = 2_000 * TIMES;
const NAMES = { receipt: "r.tlog-proof", disclosure: "d.json", file: "f.json" } as const;
const FILES = ["receipt", "disclosure", "file"] as const;

/** Which part is mutated how often. */
const CHOICE = ["receipt", "receipt", "receipt", "disclosure", "disclosure", "file"] as const;

type Bytes = Readonly<Record<(typeof FILES)[number], Uint8Array>>;

const folder = mkdtempSync(join(tmpdir(), "fiducial-agree-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The program's answer, on files of its own. */
function byProgram(place: string, bytes: Bytes): Promise<Answer> {
  const path = (name: string) => join(folder, `${place}-${name}`);
  for (const file of FILES) writeFileSync(path(NAMES[file]), bytes[file]);
  return askProgram([
    ...["verify", path(NAMES.receipt), "--file", path(NAMES.file)],
    ...["--disclosure", path(NAMES.disclosure), "--policy", join(folder, "policy")],
    ...["--source-key", SIGNERS.source.vkey],
  ]);
}

async function byPage(bytes: Bytes): Promise<Answer> {
  const files = FILES.map((role) => ({
    role,
    name: NAMES[role],
    blob: new Blob([new Uint8Array(bytes[role])]),
  }));
  const own = { policy: encodeUtf8(POLICY), keys: SIGNERS.source.vkey, ...NOTHING_ELSE };
  return answerOf(await judge({ files, ...own }, () => {}));
}

test("the program and the page agree on every mutation", async () => {
  assert.ok(PROGRAMS, "FIDUCIAL_PROGRAMS must name the folder with the built programs");
  writeFileSync(join(folder, "policy"), POLICY);
  const file = new Uint8Array(readFileSync(join(ROOT, "tests/samples/aoi-panel-failed.json")));
  const { receipt, disclosure } = anchor("aoi-panel-failed.json", sha256(file));
  const good = { receipt, disclosure, file };
  const untouched = await byProgram("good", good);
  assert.equal(untouched.verdict, "verified", "the program accepts what the maker made");
  assert.deepEqual(await byPage(good), untouched);

  const dice = new Dice(SEED);
  const verdicts: Record<string, number> = {};
  await inParallel(COUNT, async (place) => {
    const role = CHOICE[dice.below(CHOICE.length)] ?? "receipt";
    const { bytes, what } = mutate(good[role], dice);
    const changed = { ...good, [role]: bytes };
    const [program, page] = await Promise.all([byProgram(place, changed), byPage(changed)]);
    assert.deepEqual(page, program, `seed ${SEED}: ${role}: ${what}`);
    verdicts[page.verdict] = (verdicts[page.verdict] ?? 0) + 1;
  });
  console.log(JSON.stringify(verdicts));
  // Mutations of both kinds were met; what gets through changed nothing that counts.
  assert.ok((verdicts["rejected"] ?? 0) > COUNT / 4);
  assert.ok((verdicts["undecided"] ?? 0) > COUNT / 20);
});
