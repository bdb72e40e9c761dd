/**
 * The program and the page on thousands of mutated receipts, disclosures and reports: one verdict.
 *
 * `FIDUCIAL_PROGRAMS` names the folder with the built `fiducial`. The seed is printed with a failure and
 * can be given as `FIDUCIAL_SEED`; with `FIDUCIAL_SOAK=1` there are ten times as many.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { sha256 } from "../../src/crypto/sha256.ts";
import { encodeUtf8 } from "../../src/formats/encoding.ts";
import type { Role } from "../../src/judge/given.ts";
import { judge } from "../../src/judge/verify.ts";
import { POLICY, SIGNERS, anchor } from "../maker.ts";
import { ROOT } from "../vector.ts";
import { Dice, mutate } from "./mutate.ts";

const PROGRAMS = process.env["FIDUCIAL_PROGRAMS"];
const SEED = Number(process.env["FIDUCIAL_SEED"] ?? 20_261_126);
const COUNT = process.env["FIDUCIAL_SOAK"] === "1" ? 20_000 : 2_000;

/** How many programs run at a time. */
const AT_ONCE = 4;

const NAMES = { receipt: "r.tlog-proof", disclosure: "d.json", file: "f.json" } as const;
const FILES = ["receipt", "disclosure", "file"] as const;

interface Case {
  readonly what: string;
  readonly bytes: Readonly<Record<(typeof FILES)[number], Uint8Array>>;
}

/** What either says, as far as both must say it. */
interface Answer {
  readonly verdict: string;
  readonly reason: string | undefined;
  readonly open: readonly string[];
}

const folder = mkdtempSync(join(tmpdir(), "fiducial-agree-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The program's answer, on files in a folder of its own. */
function askProgram(place: string, one: Case): Promise<Answer> {
  const path = (name: string) => join(folder, `${place}-${name}`);
  for (const file of FILES) writeFileSync(path(NAMES[file]), one.bytes[file]);
  const command = [
    ...["--json", "verify", path(NAMES.receipt), "--file", path(NAMES.file)],
    ...["--disclosure", path(NAMES.disclosure), "--policy", join(folder, "policy")],
    ...["--source-key", SIGNERS.source.vkey],
  ];
  return new Promise((tell, fail) => {
    execFile(join(PROGRAMS ?? "", "fiducial"), command, { maxBuffer: 1 << 26 }, (error, out, err) => {
      const text = out.trim() === "" ? err : out;
      try {
        const answer = JSON.parse(text);
        const reasons = answer.reasons ?? [answer.reason];
        const open = (answer.not_checked ?? []).map((said: { code: string }) => said.code);
        tell({ verdict: answer.verdict, reason: reasons[0]?.code, open });
      } catch {
        fail(new Error(`${one.what}: ${error?.message ?? ""} ${text}`));
      }
    });
  });
}

async function askPage(one: Case): Promise<Answer> {
  const files = FILES.map((role: Role & keyof typeof NAMES) => ({
    role,
    name: NAMES[role],
    blob: new Blob([new Uint8Array(one.bytes[role])]),
  }));
  const given = { files, policy: encodeUtf8(POLICY), keys: SIGNERS.source.vkey, pins: new Uint8Array() };
  const report = await judge(given, () => {});
  const open = report.notChecked.map((said) => said.code);
  return { verdict: report.verdict, reason: report.reasons[0]?.code, open };
}

test("the program and the page agree on every mutation", async () => {
  assert.ok(PROGRAMS, "FIDUCIAL_PROGRAMS must name the folder with the built programs");
  writeFileSync(join(folder, "policy"), POLICY);
  const report = new Uint8Array(readFileSync(join(ROOT, "tests/samples/aoi-panel-failed.json")));
  const made = anchor("aoi-panel-failed.json", sha256(report));
  const good = { receipt: made.receipt, disclosure: made.disclosure, file: report };
  const untouched = await askProgram("good", { what: "untouched", bytes: good });
  assert.equal(untouched.verdict, "verified", "the program accepts what the maker made");

  const dice = new Dice(SEED);
  const verdicts = new Map<string, number>();
  const check = async (place: string, one: Case) => {
    const [program, page] = await Promise.all([askProgram(place, one), askPage(one)]);
    assert.deepEqual(page, program, `seed ${SEED}: ${one.what}`);
    verdicts.set(page.verdict, (verdicts.get(page.verdict) ?? 0) + 1);
  };
  await check("good", { what: "untouched", bytes: good });
  let next = 0;
  const run = async (place: string) => {
    while (next < COUNT) {
      next += 1;
      const role = FILES[[0, 0, 0, 1, 1, 2][dice.below(6)] ?? 0] ?? "receipt";
      const { bytes, what } = mutate(good[role], dice);
      await check(place, { what: `${role}: ${what}`, bytes: { ...good, [role]: bytes } });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => run(`${at}`)));
  console.log([...verdicts].map(([verdict, count]) => `${verdict} ${count}`).join(", "));
  // Mutations of all classes were met, and only those that change nothing that counts get through.
  assert.ok((verdicts.get("rejected") ?? 0) > COUNT / 4);
  assert.ok((verdicts.get("undecided") ?? 0) > COUNT / 20);
});
