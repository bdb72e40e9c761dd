/**
 * The program and the page on thousands of mutated receipts, papers and reports: one verdict.
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
import { Dice, mutate, type Mutation } from "./mutate.ts";
import { PROGRAMS, SEED, TIMES, answerOf, askProgram, inParallel, type Answer } from "./program.ts";

const COUNT = 2_000 * TIMES;
const NAMES = {
  receipt: "r.tlog-proof",
  disclosure: "d.json",
  file: "f.json",
  after: "a",
  consistency: "c",
  entry: "e",
} as const;
type Part = keyof typeof NAMES;
const ALWAYS: readonly Part[] = ["receipt", "disclosure", "file", "after", "consistency"];

/** Which part is mutated how often. */
const CHOICE: readonly Part[] = [
  ...(["receipt", "receipt", "receipt", "disclosure", "disclosure"] as const),
  ...(["file", "after", "consistency", "entry"] as const),
];

type Bytes = Readonly<Record<Part, Uint8Array>>;

/** The parts that are given: the receipt carries the entry, so its file is there only to be mutated. */
function given(mutated: Part): readonly Part[] {
  return mutated === "entry" ? [...ALWAYS, mutated] : ALWAYS;
}

/** Damages a part; often enough nothing of it is left. */
function damage(bytes: Uint8Array, dice: Dice): Mutation {
  if (dice.below(40) === 0) return { what: "nothing left", bytes: new Uint8Array() };
  return mutate(bytes, dice);
}

const folder = mkdtempSync(join(tmpdir(), "fiducial-agree-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The program's answer, on files of its own. */
function byProgram(place: string, bytes: Bytes, parts: readonly Part[]): Promise<Answer> {
  const path = (part: Part) => join(folder, `${place}-${NAMES[part]}`);
  for (const part of parts) writeFileSync(path(part), bytes[part]);
  const options = parts.filter((part) => part !== "receipt").flatMap((part) => [`--${part}`, path(part)]);
  const own = ["--policy", join(folder, "policy"), "--source-key", SIGNERS.source.vkey];
  return askProgram(["verify", path("receipt"), ...options, ...own]);
}

async function byPage(bytes: Bytes, parts: readonly Part[]): Promise<Answer> {
  const files = parts.map((role) => ({
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
  const { statement: entry, ...made } = anchor("aoi-panel-failed.json", sha256(file));
  const good: Bytes = { ...made, entry, file };
  for (const parts of [given("receipt"), given("entry")]) {
    const untouched = await byProgram("good", good, parts);
    assert.equal(untouched.verdict, "verified", "the program accepts what the maker made");
    assert.deepEqual(await byPage(good, parts), untouched);
  }

  const dice = new Dice(SEED);
  const verdicts: Record<string, number> = {};
  await inParallel(COUNT, async (place) => {
    const role = CHOICE[dice.below(CHOICE.length)] ?? "receipt";
    const { bytes, what } = damage(good[role], dice);
    const [changed, parts] = [{ ...good, [role]: bytes }, given(role)];
    const [program, page] = await Promise.all([byProgram(place, changed, parts), byPage(changed, parts)]);
    assert.deepEqual(page, program, `seed ${SEED}: ${role}: ${what}`);
    verdicts[page.verdict] = (verdicts[page.verdict] ?? 0) + 1;
  });
  console.log(JSON.stringify(verdicts));
  // Mutations of both kinds were met; what gets through changed nothing that counts.
  assert.ok((verdicts["rejected"] ?? 0) > COUNT / 4);
  assert.ok((verdicts["undecided"] ?? 0) > COUNT / 20);
});
