/** Copies of policy and pins that come with a bundle: they decide nothing, and are compared with the reader's own. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { sha256 } from "../../src/crypto/sha256.ts";
import { encodeUtf8 } from "../../src/formats/encoding.ts";
import { formatPins, parsePins } from "../../src/formats/pins.ts";
import type { Given } from "../../src/judge/given.ts";
import { say, type Report } from "../../src/judge/report.ts";
import { judge } from "../../src/judge/verify.ts";
import { Speaker } from "../../src/page/speaker.ts";
import { makeBundle, partsOf, pinsFrom } from "../maker-bundle.ts";
import { NOTHING_ELSE, POLICY, SIGNERS, anchor } from "../maker.ts";
import { outcome } from "../vector.ts";

const HASH = sha256(encodeUtf8("a report"));
const RECORDS = partsOf("records", anchor("report.json", HASH));

async function judged(bundle: Uint8Array, changed: Partial<Given> = {}): Promise<Report> {
  const blob = new Blob([new Uint8Array(bundle)]);
  const own = { policy: encodeUtf8(POLICY), keys: SIGNERS.source.vkey, ...NOTHING_ELSE };
  return judge({ files: [{ role: "bundle", name: "b.zip", blob }], ...own, ...changed }, () => {});
}

test("pins have one form, and are told from the maker's copy", async () => {
  const text = pinsFrom(anchor("report.json", HASH));
  const parsed = parsePins(encodeUtf8(text));
  assert.equal(formatPins(parsed), text.replace("# from the contract of last year\n", ""));
  const lines = text.split("\n");
  for (const wrong of [
    lines.toSpliced(0, 1),
    lines.toSpliced(1, 1),
    lines.toSpliced(4, 0, lines[4] ?? ""),
    lines.toSpliced(5, 0, lines[5] ?? ""),
    lines.with(6, "machine "),
    lines.with(8, "cadence 0"),
    lines.with(8, "cadence 604801"),
    lines.with(8, "cadence 060"),
    [...lines.slice(0, -1), "more", ""],
    lines.slice(0, -1),
  ]) {
    assert.notEqual(await outcome(() => parsePins(encodeUtf8(wrong.join("\n")))), "ok", wrong.join("\n"));
  }
  const copied = makeBundle(RECORDS, new Map([["pins", encodeUtf8(text.replace("60\n", "90\n"))]]));
  const report = await judged(copied, { pins: encodeUtf8(text) });
  const others = report.facts.filter((one) => one.code === "other-copy");
  assert.deepEqual(others, [{ code: "other-copy", value: "pins" }]);
});

test("a copy that says what the reader's own says, however an editor has saved it, may be where that is from; any other is not his own", async () => {
  const pins = pinsFrom(anchor("report.json", HASH));
  /** Which copies are another's, and which are the same as the reader's own. */
  const compared = async (copies: readonly string[], own: readonly string[]) => {
    const [policyCopy = "", pinsCopy = ""] = copies;
    const enclosed = new Map([["policy", encodeUtf8(policyCopy)], ["pins", encodeUtf8(pinsCopy)]]);
    const [ownPolicy = "", ownPins = ""] = own;
    const changed = { policy: encodeUtf8(ownPolicy), pins: encodeUtf8(ownPins), keys: "" };
    const report = await judged(makeBundle(RECORDS, enclosed), changed);
    assert.equal(report.verdict, "verified");
    const others = report.facts.filter(({ code }) => code === "other-copy").map(({ value }) => value);
    return [...others, ...report.notChecked.map(({ code }) => code).filter((code) => code.startsWith("open-same-"))];
  };
  const plain = [POLICY, pins];
  const saved = plain.map((text) => `\ufeff${text.trimEnd().replaceAll("\n", "\r\n")}`);
  for (const [copies, own] of [[plain, plain], [plain, saved], [saved, plain], [saved, saved]] as const) {
    assert.deepEqual(await compared(copies, own), ["open-same-policy", "open-same-pins"]);
  }
  // Comments, spaces, line breaks, addresses and the policy's own names say nothing of whose word counts.
  const written = [
    `# from the contract\n\n${POLICY.replaceAll("institute", "college").replaceAll("two-of-three", "most").replace("witness buyer ", "witness \t buyer  ").replace(/^(log .*)$/m, "$1 https://log.example")}\n#\n`,
    pins.replace("# from the contract of last year", "# of another year\n\n# twice"),
  ];
  for (const [copies, own] of [[written, plain], [plain, written], [written, saved]] as const) {
    assert.deepEqual(await compared(copies, own), ["open-same-policy", "open-same-pins"]);
  }
  const others = [saved[0]?.replace("two-of-three 2", "two-of-three 1") ?? "", saved[1]?.replace("60", "90") ?? ""];
  assert.deepEqual(await compared(others, plain), ["policy", "pins"]);
  // Each part of a policy counts: logs, witnesses, groups with their members, and who is needed.
  for (const [part, other] of [
    [/^log .*\n/m, ""],
    [/^witness institute .*\n/m, ""],
    [/^group two-of-three .*$/m, "group two-of-three 2 factory-any buyer"],
    [/^group two-of-three .*$/m, "group two-of-three 2 buyer institute factory-any"],
    [/^quorum .*$/m, "quorum factory-any"],
    [/^quorum .*$/m, "quorum none"],
  ] as const) {
    const changed = POLICY.replace(part, other);
    assert.notEqual(changed, POLICY);
    assert.deepEqual(await compared([changed, pins], plain), ["policy", "open-same-pins"], changed);
  }
  assert.deepEqual(await compared(["# another\n", "no pins"], saved), ["policy", "pins"]);
  assert.deepEqual(await compared([POLICY, others[1] ?? ""], plain), ["pins", "open-same-policy"]);
});

test("without a copy there is nothing to compare, and where it is the same both languages say what to make sure of", async () => {
  const report = await judged(makeBundle(RECORDS), { pins: encodeUtf8(pinsFrom(anchor("report.json", HASH))) });
  assert.ok(!report.notChecked.some(({ code }) => code.startsWith("open-same-")));
  const said = (language: "en" | "zh", code: string) => new Speaker(language).sentence(say(code));
  assert.equal(
    said("en", "open-same-policy"),
    "Your policy is the same as the copy in the bundle: make sure that you had it from somewhere else.",
  );
  for (const code of ["open-same-policy", "open-same-pins"]) assert.match(said("zh", code), /与证据包中的副本相同：请确认您是从别处得到的/);
});
