/** Timestamps in Chromium: its WebCrypto takes every key that is understood, and refuses what was altered. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { sha256 } from "../../src/crypto/sha256.ts";
import { encodeUtf8 } from "../../src/formats/encoding.ts";
import { formatNote } from "../../src/formats/note.ts";
import { parseProof } from "../../src/formats/proof.ts";
import { Authority, GOOD } from "../authority.ts";
import { makeBundle, partsOf } from "../maker-bundle.ts";
import { POLICY, SIGNERS, anchor } from "../maker.ts";
import { Driver } from "./browser.ts";

const folder = mkdtempSync(join(tmpdir(), "fiducial-stamps-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const EVIDENCE = anchor("report.json", sha256(encodeUtf8("a report")));
const NOTE = formatNote(parseProof(EVIDENCE.receipt).note);

function bundleOf(token: Uint8Array): { name: string; bytes: Uint8Array } {
  const parts = new Map([["records/0/12.tsr", token]]);
  return { name: "b.zip", bytes: makeBundle(partsOf("records", EVIDENCE), parts) };
}

test("what an authority states is shown, whoever computes, and what was altered is rejected", async () => {
  const tsa = new Authority(folder);
  const driver = await Driver.open();
  try {
    await driver.trust(POLICY, SIGNERS.source.vkey);
    for (const [name, kind, digest] of [
      ["rsa", "rsa:2048", "sha384"],
      ["p521", "P-521", "sha512"],
      ["p384", "P-384", "sha384"],
      ["clock", "P-256", "sha512"],
    ] as const) {
      tsa.issue(name, kind, GOOD);
      const token = tsa.answer(NOTE, name, { digest });
      const altered = token.slice();
      altered[token.length - 1] = (altered[token.length - 1] ?? 0) ^ 1;
      await driver.give(bundleOf(altered));
      assert.equal(await driver.check(), "REJECTED", name);
      assert.match(await driver.result(), /signature of the timestamp does not verify/);
      await driver.give(bundleOf(token));
      assert.equal(await driver.check(), "VERIFIED", name);
      const result = await driver.result();
      assert.match(result, /records\/0\/12: the timestamp is of this checkpoint and states 20\d\d-\d\d-\d\d /);
      assert.match(result, new RegExp(`whether CN=${name}, who signed it, is an authority to believe`));
      assert.match(result, /by a timestamp; whether its authority is to be believed was not checked/);
      assert.match(result, /Upright line: the time of a timestamp/);
    }
    await driver.picture("stamped-en");
    driver.assertQuiet();
  } finally {
    await driver.close();
  }
});
