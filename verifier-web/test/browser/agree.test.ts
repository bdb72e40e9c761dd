/** The built page in Chromium gives the verdicts that its sources give in Node, on damaged evidence. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { sha256 } from "../../src/crypto/sha256.ts";
import { encodeUtf8 } from "../../src/formats/encoding.ts";
import type { RoledFile } from "../../src/judge/given.ts";
import { judge } from "../../src/judge/verify.ts";
import { VERDICTS } from "../../src/page/words/verdicts.ts";
import { NOTHING_ELSE, POLICY, SIGNERS, anchor } from "../maker.ts";
import { Dice, mutate } from "../mutations/mutate.ts";
import { Driver } from "./browser.ts";

const COUNT = 40;
const REPORT = encodeUtf8('{"board": "PNL0099123", "result": "Failed"}\n');

test("the page and its sources agree on damaged evidence", async () => {
  const { receipt, disclosure } = anchor("report.json", sha256(REPORT));
  const good = [
    { name: "report.json.tlog-proof", role: "receipt", bytes: receipt },
    { name: "report.json.disclosure.json", role: "disclosure", bytes: disclosure },
    { name: "report.json", role: "file", bytes: REPORT },
  ] as const;
  const own = { policy: encodeUtf8(POLICY), keys: SIGNERS.source.vkey, ...NOTHING_ELSE };
  const dice = new Dice(7);
  const driver = await Driver.open();
  try {
    await driver.trust(POLICY, SIGNERS.source.vkey);
    for (let at = 0; at < COUNT; at += 1) {
      const which = dice.below(good.length);
      const { bytes, what } = mutate(good[which]?.bytes ?? REPORT, dice);
      const changed = good.map((one, place) => (place === which ? { ...one, bytes } : one));
      const files = changed.map(({ name, role, bytes }): RoledFile => {
        return { name, role, blob: new Blob([new Uint8Array(bytes)]) };
      });
      const report = await judge({ files, ...own }, () => {});
      await driver.give(...changed);
      const have = await driver.check();
      assert.equal(have, VERDICTS[report.verdict]?.en, `file ${which}: ${what}`);
    }
    driver.assertQuiet();
  } finally {
    await driver.close();
  }
});
