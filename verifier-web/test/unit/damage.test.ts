/** Bundles that are not whole: what a bad copy breaks as well accuses nobody, and is no better for it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { sha256 } from "../../src/crypto/sha256.ts";
import { encodeUtf8 } from "../../src/formats/encoding.ts";
import type { Report } from "../../src/judge/report.ts";
import { judge } from "../../src/judge/verify.ts";
import { meaningOf } from "../../src/page/result.ts";
import { Speaker } from "../../src/page/speaker.ts";
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
    assert.equal(meaningOf(report), "damaged");
    const cases = [["en", /Download or copy it again; if it stays so/], ["zh", /请重新下载或复制；若仍如此/]] as const;
    for (const [language, again] of cases) {
      const speaker = new Speaker(language);
      assert.match(report.reasons.map((reason) => speaker.sentence(reason)).join(), again);
      assert.doesNotMatch(speaker.meaning("damaged"), /Something was changed|有内容被改动/);
    }
  }
  assert.equal(meaningOf(await judged(whole.subarray(0, -30))), "damaged");
});

test("a zip that is whole and holds what no bundle does was altered", async () => {
  const report = await judged(makeBundle(RECORDS, new Map([["readme", encodeUtf8("x")]])));
  assert.deepEqual([report.verdict, report.reasons[0]?.code], ["rejected", "bundle-altered"]);
  assert.equal(meaningOf(report), "rejected");
});
