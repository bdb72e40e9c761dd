/** Bundles that are not whole: what a bad copy breaks as well accuses nobody, and is no better for it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { sha256 } from "../../src/crypto/sha256.ts";
import { encodeUtf8 } from "../../src/formats/encoding.ts";
import type { Report } from "../../src/judge/report.ts";
import { judge } from "../../src/judge/verify.ts";
import { meaningOf } from "../../src/page/result.ts";
import { Speaker } from "../../src/page/speaker.ts";
import { MEANINGS } from "../../src/page/words/verdicts.ts";
import { makeBundle, partsOf } from "../maker-bundle.ts";
import { NOTHING_ELSE, POLICY, SIGNERS, anchor } from "../maker.ts";

const RECORDS = partsOf("records", anchor("report.json", sha256(encodeUtf8("{}"))));

async function judged(bundle: Uint8Array): Promise<Report> {
  const files = [{ role: "bundle", name: "b.zip", blob: new Blob([new Uint8Array(bundle)]) }] as const;
  return judge({ files, policy: encodeUtf8(POLICY), keys: SIGNERS.source.vkey, ...NOTHING_ELSE }, () => {});
}

test("what only the zip says of itself may be damage: it is to be copied again before anybody is accused", async () => {
  const whole = makeBundle(RECORDS);
  // A byte of the first part, a length in its header, and one in the end record.
  for (const at of [60, 22, whole.length - 10]) {
    const changed = whole.slice();
    changed[at] = (changed[at] ?? 0) ^ 1;
    const report = await judged(changed);
    assert.deepEqual([report.verdict, report.reasons[0]?.code], ["rejected", "bundle-damaged"], `${at}`);
    assert.equal(report.reasons[0]?.details.length, at === 60 ? 0 : 1, "bytes that differ are not what packing does");
    assert.equal(meaningOf(report), at === 60 ? "damaged" : "repacked");
    for (const language of ["en", "zh"] as const) {
      const speaker = new Speaker(language);
      const said = [speaker.meaning(meaningOf(report)), ...report.reasons.map((reason) => speaker.sentence(reason))].join();
      assert.match(said, language === "en" ? /this cannot tell which/ : /无法分辨/);
      assert.doesNotMatch(said, /if it stays so|Something was changed|若仍如此|有内容被改动|\(0\)|（0）/);
    }
  }
  assert.equal(meaningOf(await judged(whole.subarray(0, -30))), "damaged");
});

test("a zip that is whole and holds what no bundle does was altered", async () => {
  const report = await judged(makeBundle(RECORDS, new Map([["readme", encodeUtf8("x")]])));
  assert.deepEqual([report.verdict, report.reasons[0]?.code], ["rejected", "bundle-altered"]);
  assert.equal(meaningOf(report), "rejected");
});

test("of a file that was packed again all sentences are one, whatever the verdict", async () => {
  const whole = makeBundle(RECORDS);
  // The manifest first and packed otherwise, and a zip that begins with something else.
  const [inOrder, other] = [whole.slice(), Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0, 0, 0)];
  const directory = new DataView(whole.buffer, whole.byteOffset).getUint32(whole.length - 6, true);
  inOrder[directory + 10] = 8;
  const [first, second] = [await judged(inOrder), await judged(other)];
  assert.deepEqual([first.verdict, second.verdict], ["rejected", "undecided"]);
  assert.deepEqual(first.reasons[0]?.values, ["b.zip", "Zip Header, bundle.json"]);
  for (const report of [first, second]) assert.equal(meaningOf(report), "repacked");
  assert.deepEqual(MEANINGS["repacked"], {
    en: "Packed again, or changed: this cannot tell which. Ask for the original file.",
    zh: "可能被重新打包，也可能被改动：无法分辨。请索要原始文件。",
  });
});
