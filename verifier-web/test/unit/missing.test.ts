/** What is said to be missing for a verdict, before anybody asks for one. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { sha256 } from "../../src/crypto/sha256.ts";
import { encodeUtf8 } from "../../src/formats/encoding.ts";
import type { Role, RoledFile } from "../../src/judge/given.ts";
import { judge } from "../../src/judge/verify.ts";
import { missingFor } from "../../src/page/missing.ts";
import { Speaker } from "../../src/page/speaker.ts";
import { TEXTS } from "../../src/page/words/labels.ts";
import { makeBundle, partsOf } from "../maker-bundle.ts";
import { NOTHING_ELSE, POLICY, SIGNERS, anchor } from "../maker.ts";

const REPORT = encodeUtf8("a report");
const MADE = anchor("report.json", sha256(REPORT));
const BYTES: Partial<Record<Role, Uint8Array>> = {
  bundle: makeBundle(partsOf("records", MADE)),
  receipt: MADE.receipt,
  disclosure: MADE.disclosure,
  file: REPORT,
  entry: MADE.statement,
};

const missing = (roles: readonly Role[], hasPolicy: boolean, hasSources: boolean) =>
  missingFor({ roles, hasPolicy, hasSources, areParts: false }).map((name) => name.replace("missing", ""));

test("what no verdict is without is missing, and nothing else", () => {
  assert.deepEqual(missing(["bundle"], false, false), ["Policy", "Pins"]);
  assert.deepEqual(missing(["bundle"], false, true), ["Policy"]);
  assert.deepEqual(missing(["bundle"], true, false), ["Pins"]);
  assert.deepEqual(missing(["bundle"], true, true), []);
  assert.deepEqual(missing([], true, true), ["Evidence"]);
  assert.deepEqual(missing(["file", "challenge", "unused"], false, true), ["Evidence", "Policy"]);
  // A receipt says something by itself; a report beside it needs what opens the records.
  assert.deepEqual(missing(["receipt"], true, true), []);
  assert.deepEqual(missing(["receipt", "file"], true, true), ["Disclosure"]);
  assert.deepEqual(missing(["receipt", "file", "disclosure"], true, false), ["Pins"]);
  // Nobody has signed an entry of which nothing is known, and of a split the policy's keys are enough.
  assert.deepEqual(missing(["receipt", "entry"], true, false), []);
  assert.deepEqual(missing(["split"], true, false), []);
  assert.deepEqual(missing(["split"], false, false), ["Policy"]);
});

test("where nothing is missing there is a verdict, and where something is there is none", async () => {
  const roles: (readonly Role[])[] = [["bundle"], ["receipt"], ["receipt", "file"], ["receipt", "disclosure", "file"], ["receipt", "entry"], ["file"], []];
  for (const given of roles) {
    for (const [policy, keys] of [["", ""], [POLICY, ""], ["", SIGNERS.source.vkey], [POLICY, SIGNERS.source.vkey]] as const) {
      const files = given.map((role): RoledFile => ({ role, name: role, blob: new Blob([new Uint8Array(BYTES[role] ?? [])]) }));
      const { verdict } = await judge({ files, ...NOTHING_ELSE, policy: encodeUtf8(policy), keys }, () => {});
      const isWhole = missing(given, policy !== "", keys !== "").length === 0;
      assert.equal(verdict, isWhole ? "verified" : "undecided", `${given.join()} ${policy !== ""} ${keys !== ""}`);
    }
  }
});

test("it is said in one sentence in both languages, with how many files there are", () => {
  const [english, chinese] = [new Speaker("en"), new Speaker("zh")];
  const [both, policy] = [["missingPolicy", "missingPins"], ["missingPolicy"]] as const;
  assert.equal(english.missing(policy), "Still missing: your policy, a file that you hold from before.");
  assert.equal(chinese.missing(policy), "还缺：您的策略，即您事先持有的文件。");
  assert.equal(
    english.missing(both, 1),
    "1 file. Still missing: your policy, a file that you hold from before; your pins, a file that you hold from before.",
  );
  assert.equal(chinese.missing(policy, 2), "共 2 个文件。还缺：您的策略，即您事先持有的文件。");
  assert.deepEqual([english.missing([]), english.missing([], 3), chinese.missing([], 3)], ["", "3 files", "共 3 个文件"]);
});

test("what a policy and pins are is said where they are dropped and where they are typed", () => {
  const said = /olicy and pins: two files that you hold from before, not from this bundle/;
  for (const text of [TEXTS.dropTrusted.en, TEXTS.step2Help.en]) assert.match(text, said);
  assert.match(TEXTS.step2Help.zh, /策略和信任锚点（pins）：您事先持有的两个文件，并非取自此证据包。/);
  assert.match(TEXTS.dropTrusted.zh, /策略和信任锚点：事先持有，非取自此包/);
});
