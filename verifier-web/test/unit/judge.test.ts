/** The judgement as a whole: what is verified, what is rejected, and what cannot be told. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { sha256 } from "../../src/crypto/sha256.ts";
import { encodeUtf8 } from "../../src/formats/encoding.ts";
import type { Given, Role, RoledFile } from "../../src/judge/given.ts";
import { Refusal } from "../../src/formats/refusal.ts";
import { notContinued } from "../../src/judge/details.ts";
import type { Report } from "../../src/judge/report.ts";
import { judge } from "../../src/judge/verify.ts";
import { MISFITS, isMisfit } from "../../src/page/result.ts";
import { SENTENCES } from "../../src/page/words/verdicts.ts";
import { NOTHING_ELSE, POLICY, SIGNERS, SOURCE, anchor } from "../maker.ts";
import { ROOT, Vector } from "../vector.ts";

const REPORT = encodeUtf8('{"board": "PNL0099123", "result": "Failed"}\n');
const EVIDENCE = anchor("report.json", sha256(REPORT));

function file(role: Role, name: string, bytes: Uint8Array): RoledFile {
  return { role, name, blob: new Blob([new Uint8Array(bytes)]) };
}

const GOOD = [
  file("receipt", "report.json.tlog-proof", EVIDENCE.receipt),
  file("disclosure", "report.json.disclosure.json", EVIDENCE.disclosure),
  file("file", "report.json", REPORT),
];

function given(files: readonly RoledFile[], changed: Partial<Given> = {}): Given {
  const own = { policy: encodeUtf8(POLICY), keys: SIGNERS.source.vkey, ...NOTHING_ELSE };
  return { files, ...own, ...changed };
}

async function judged(files: readonly RoledFile[], changed: Partial<Given> = {}): Promise<Report> {
  return judge(given(files, changed), () => {});
}

/** The evidence with the file of one role replaced. */
function withFile(role: Role, bytes: Uint8Array): RoledFile[] {
  return GOOD.map((one) => (one.role === role ? file(role, one.name, bytes) : one));
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.map((byte, place) => (place === at ? byte ^ 1 : byte));
}

const codes = (said: readonly { code: string }[]) => said.map((one) => one.code);

test("good evidence is verified, with what it rests on and what was not checked", async () => {
  const report = await judged(GOOD);
  assert.equal(report.verdict, "verified", JSON.stringify(report.reasons));
  assert.deepEqual(codes(report.reasons), ["included", "file-vouched", "claimed-after-logged"]);
  assert.deepEqual(codes(report.notChecked), [
    "open-post-quantum-quorum",
    "open-lower-bound",
    "open-completeness",
    "open-truth",
    "open-hidden-parts",
  ]);
  const fact = (code: string) => report.facts.filter((one) => one.code === code).map((one) => one.value);
  // The two earliest of the quorum: the first witness by either key, then the second.
  assert.deepEqual(fact("times"), ["2026-09-21T14:13:20Z .. 2026-09-21T14:13:40Z"]);
  assert.deepEqual(fact("log-signed"), ["Ed25519, ML-DSA-44"]);
  assert.deepEqual(fact("source"), [SOURCE]);
  assert.equal(report.records[1]?.file, "report.json");
  assert.equal(report.inputs.length, 3);
});

test("the lower bound is checked where its parts are given", async () => {
  const after = file("after", "after.checkpoint", EVIDENCE.after);
  const consistency = file("consistency", "after-to-receipt", EVIDENCE.consistency);
  const both = await judged([...GOOD, after, consistency]);
  assert.deepEqual(codes(both.reasons), ["included", "after-holds", "file-vouched", "claimed-after-logged"]);
  assert.deepEqual(both.facts.find((one) => one.code === "not-before")?.value, "2026-09-21T14:03:20Z");
  const alone = await judged([...GOOD, after]);
  assert.ok(codes(alone.notChecked).includes("open-after-consistency"));
  // Nothing is drawn as a bound that was not shown to be one.
  const bounds = [both, alone].map(({ acts }) => acts.map(({ noEarlier }) => noEarlier !== ""));
  assert.deepEqual(bounds, [[true], [false]]);
  const other = await judged([...GOOD, file("after", "other", flipped(EVIDENCE.after, 20))]);
  assert.deepEqual([other.verdict, ...codes(other.reasons)], ["rejected", "after-other-note"]);
  const wrong = file("consistency", "wrong", encodeUtf8(`${"A".repeat(43)}=\n`));
  const refused = await judged([...GOOD, after, wrong]);
  assert.deepEqual([refused.verdict, ...codes(refused.reasons)], ["rejected", "after-not-continued"]);
  assert.match(refused.reasons[0]?.details[0]?.code ?? "", /^detail-(consistency-length|old-root|new-root)$/);
});

test("every kind of tampering is rejected, and says what it is", async () => {
  const [log, stranger] = [SIGNERS.log.vkey, SIGNERS.stranger.vkey];
  const opened = new TextDecoder().decode(EVIDENCE.disclosure);
  const changedValue = encodeUtf8(opened.replace("Passed\\nFailed", "Passed\\nPassed"));
  const otherKey = new Vector("key", "specification-example").one("vkey");
  const otherLog = encodeUtf8(`log ${otherKey}\nquorum none\n`);
  const signature = EVIDENCE.receipt.length - 60;
  const lone = anchor("report.json", sha256(REPORT), { cosigners: [SIGNERS.w1, SIGNERS.w1Pq] });
  const cases: [string, Report][] = [
    ["file-not-vouched", await judged(withFile("file", flipped(REPORT, 3)))],
    ["bad-disclosure", await judged(withFile("disclosure", changedValue))],
    ["bad-signatures", await judged(withFile("receipt", flipped(EVIDENCE.receipt, signature)))],
    ["unpinned-source", await judged(GOOD, { keys: stranger })],
    ["unknown-log", await judged(GOOD, { policy: otherLog })],
    ["quorum-not-met", await judged(withFile("receipt", lone.receipt))],
    ["log-has-not-signed", await judged(GOOD, { policy: encodeUtf8(`log ${otherKeyOf(log)}\nquorum none\n`) })],
  ];
  for (const [code, report] of cases) {
    assert.equal(report.verdict, "rejected", code);
    assert.equal(report.reasons[0]?.code, code);
    assert.deepEqual([report.facts, report.records, report.notChecked], [[], [], []], code);
  }
});

test("what does not fit the reader's own policy, pins or keys is told from what was changed", async () => {
  const lone = anchor("report.json", sha256(REPORT), { cosigners: [SIGNERS.w1, SIGNERS.w1Pq] });
  assert.ok(isMisfit(await judged(withFile("receipt", lone.receipt))));
  assert.ok(isMisfit(await judged(GOOD, { keys: SIGNERS.stranger.vkey })));
  assert.ok(!isMisfit(await judged(withFile("file", flipped(REPORT, 3)))) && !isMisfit(await judged(GOOD)));
  for (const code of MISFITS) {
    const { en, zh } = SENTENCES[code] ?? { en: "", zh: "" };
    assert.match(en, /check that you took the right (?:file|ones)/, code);
    assert.match(zh, /请确认(?:文件)?没有拿错/, code);
  }
});

/** Another key under the log's name: of the source's seed, which has signed nothing here. */
function otherKeyOf(vkey: string): string {
  const [name] = vkey.split("+");
  return new (SIGNERS.log.constructor as typeof import("../maker.ts").Signer)(name ?? "", 0x01, 77).vkey;
}

test("a refused quorum is explained rule by rule", async () => {
  const lone = anchor("report.json", sha256(REPORT), { cosigners: [SIGNERS.w1, SIGNERS.w1Pq] });
  const { reasons } = await judged(withFile("receipt", lone.receipt));
  assert.deepEqual(reasons[1]?.values, ["two-of-three", "2", "3", "1"]);
  assert.deepEqual(codes(reasons[1]?.details ?? []), [
    "member-group-met",
    "member-not-cosigned",
    "member-not-cosigned",
  ]);
});

test("what is missing or cannot be read is no verdict on the evidence", async () => {
  const withoutExtra = new TextDecoder().decode(EVIDENCE.receipt).replace(/extra .*\n/, "");
  const big = new Uint8Array(352_533);
  const privateKey = "PRIVATE+KEY+line-4.example/aoi-7+00000000+AAAA";
  const cases: [string, Report][] = [
    ["no-policy", await judged(GOOD, { policy: new Uint8Array() })],
    ["bad-policy", await judged(GOOD, { policy: encodeUtf8("log nothing\n") })],
    ["no-source-key", await judged(GOOD, { keys: "" })],
    ["bad-keys", await judged(GOOD, { keys: "# mine\nnothing" })],
    ["private-key", await judged(GOOD, { keys: privateKey })],
    ["no-receipt", await judged(GOOD.slice(1))],
    ["several-files", await judged([...GOOD, ...GOOD])],
    ["malformed", await judged(withFile("receipt", encodeUtf8("nothing")))],
    ["malformed", await judged(withFile("disclosure", encodeUtf8("{}")))],
    ["file-too-large", await judged(withFile("receipt", big))],
    ["no-entry", await judged(withFile("receipt", encodeUtf8(withoutExtra)))],
    ["file-without-disclosure", await judged(GOOD.filter((one) => one.role !== "disclosure"))],
  ];
  for (const [code, report] of cases) {
    assert.deepEqual([report.verdict, report.reasons[0]?.code], ["undecided", code]);
    assert.ok(!JSON.stringify(report).includes("PRIVATE+KEY"), "a private key is shown");
  }
});

test("an entry that is no statement is judged by its own file", async () => {
  const vector = new Vector("proof", "sound");
  const receipt = file("receipt", "3.tlog-proof", vector.body);
  const entry = (text: string) => file("entry", "entry", encodeUtf8(text));
  const changed = { policy: vector.bytes("policy"), keys: "" };
  const report = await judged([receipt, entry("entry 3")], changed);
  assert.equal(report.verdict, "verified", JSON.stringify(report.reasons));
  assert.deepEqual(codes(report.notChecked), ["open-no-witness", "open-post-quantum-no-key", "open-opaque"]);
  const other = await judged([receipt, entry("entry 4")], changed);
  assert.deepEqual([other.verdict, ...codes(other.reasons)], ["rejected", "not-included"]);
  const asked = await judged([receipt, entry("entry 3")], { ...changed, keys: SIGNERS.source.vkey });
  assert.deepEqual([asked.verdict, ...codes(asked.reasons)], ["rejected", "not-a-statement"]);
});

test("a file that is empty or was cut is no rejection", async () => {
  const more = [
    file("after", "after.checkpoint", EVIDENCE.after),
    file("consistency", "after-to-receipt", EVIDENCE.consistency),
    file("entry", "report.json.statement", EVIDENCE.statement),
  ];
  const all = [...GOOD, ...more];
  assert.equal((await judged(all)).verdict, "verified");
  for (const { role, name, blob } of all) {
    const whole = new Uint8Array(await blob.arrayBuffer());
    // A report that was cut is another file than the one that was anchored: that is said.
    const cuts = role === "file" ? [0] : [0, 1, Math.floor(whole.length / 3)];
    for (const cut of cuts) {
      const changed = all.map((one) =>
        one.role === role ? file(role, name, whole.subarray(0, cut)) : one
      );
      const report = await judged(changed);
      assert.equal(report.verdict, "undecided", `${name} cut at ${cut}: ${codes(report.reasons)}`);
    }
  }
  const cut = (role: Role) => all.map((one) =>
    one.role === role ? file(role, one.name, new Uint8Array()) : one
  );
  assert.deepEqual(codes((await judged(cut("file"))).reasons), ["file-empty"]);
  assert.deepEqual(codes((await judged(cut("consistency"))).reasons), ["proof-cut"]);
  assert.deepEqual(codes((await judged(cut("after"))).reasons), ["malformed"]);
  assert.deepEqual(codes((await judged(cut("entry"))).reasons), ["malformed"]);
  const vector = new Vector("proof", "sound");
  const opaque = [file("receipt", "r", vector.body), file("entry", "entry", new Uint8Array())];
  const empty = await judged(opaque, { policy: vector.bytes("policy"), keys: "" });
  assert.deepEqual([empty.verdict, ...codes(empty.reasons)], ["undecided", "file-empty"]);
});

test("evidence of a split is judged under the policy's log keys", async () => {
  const vector = new Vector("split", "sizes-3-and-7");
  const split = file("split", "split.txt", vector.body);
  const policy = encodeUtf8(`log ${vector.one("key")}\nquorum none\n`);
  const report = await judged([split], { policy });
  assert.deepEqual([report.verdict, ...codes(report.reasons)], ["verified", "split-proven"]);
  const unknown = await judged([split]);
  assert.deepEqual([unknown.verdict, ...codes(unknown.reasons)], ["undecided", "unknown-log"]);
  const continued = file("split", "split.txt", new Vector("split", "continued").body);
  const refused = await judged([continued], { policy });
  assert.deepEqual([refused.verdict, ...codes(refused.reasons)], ["rejected", "split-not-proven"]);
});

test("why a split is not proven, and who cosigned it, are said by the program's codes", async () => {
  const judgedSplit = async (name: string, more = "") => {
    const vector = new Vector("split", name);
    const policy = encodeUtf8(`${vector.all("key").map((key) => `log ${key}\n`).join("")}${more}quorum none\n`);
    return judged([file("split", "split.txt", vector.body)], { policy });
  };
  for (const [name, code, ...values] of [
    ["continued", "detail-agree"],
    ["without-hashes", "detail-no-hashes", "5", "7"],
    ["two-logs", "detail-two-logs", "log.example/vectors", "other.example"],
    ["signature-of-another-size", "detail-signature-bad", "6"],
    ["newer-by-a-stranger", "detail-not-signed", "7"],
    ["hash-too-few", "detail-hashes-length", "3", "4"],
    ["hashes-of-another-tree", "detail-hashes-elsewhere"],
  ] as const) {
    const { verdict, reasons } = await judgedSplit(name);
    assert.deepEqual([verdict, ...codes(reasons)], ["rejected", "split-not-proven"], name);
    const [detail] = reasons[0]?.details ?? [];
    assert.equal(detail?.code, code, name);
    if (values.length > 0) assert.deepEqual(detail?.values, values, name);
  }
  const witness = "witness W2 w2.example+3349ad1f+BAtROtm0kkAVygkC7QeQRNOsXb7CMG8GlIwQ2o62458t\n";
  const proven = await judgedSplit("with-cosignatures", witness);
  const fact = (code: string) => proven.facts.filter((one) => one.code === code).map((one) => one.value);
  assert.deepEqual(fact("origin"), ["log.example/vectors"]);
  assert.deepEqual(fact("beginning").length, 1);
  assert.match(fact("cosigned-both")[0] ?? "", /^W2 \S+Z \S+Z$/);
  const same = await judgedSplit("same-size");
  assert.ok(!codes(same.facts).includes("beginning"));
});

test("why a tree does not continue another has a code for each cause", () => {
  const detail = (name: string, ...values: string[]) => notContinued(new Refusal(name, ...values)).reasons[0]?.details;
  for (const [name, code] of [
    ["NewRootMismatch", "detail-new-root"],
    ["OldRootMismatch", "detail-old-root"],
    ["SameSizeOtherRoot", "detail-same-size"],
    ["Shrank", "detail-other"],
  ] as const) assert.equal(detail(name)?.[0]?.code, code);
  assert.deepEqual(detail("ProofLength", "3", "2"), [{ code: "detail-consistency-length", values: ["3", "2"], details: [] }]);
});

test("a policy that lists no log at all is told from one that lists another", async () => {
  const none = encodeUtf8("quorum none\n");
  const report = await judged(GOOD, { policy: none });
  assert.deepEqual([report.verdict, ...codes(report.reasons)], ["rejected", "unknown-log-none-listed"]);
  const split = file("split", "split.txt", new Vector("split", "sizes-3-and-7").body);
  const unknown = await judged([split], { policy: none });
  assert.deepEqual([unknown.verdict, ...codes(unknown.reasons)], ["undecided", "unknown-log-none-listed"]);
});

test("a file that cannot be read is no rejection", async () => {
  const blob = new Blob([REPORT]);
  blob.slice = () => {
    throw new Error("gone");
  };
  const files = [...GOOD.slice(0, 2), { role: "file", name: "report.json", blob } as const];
  const report = await judged(files);
  assert.deepEqual([report.verdict, ...codes(report.reasons)], ["undecided", "file-unreadable"]);
});

test("a real report of the samples is verified and its changed copy is not", async () => {
  const sample = new Uint8Array(readFileSync(join(ROOT, "tests/samples/aoi-panel-failed.json")));
  const made = anchor("aoi-panel-failed.json", sha256(sample));
  const files = (bytes: Uint8Array) => [
    file("receipt", "a.tlog-proof", made.receipt),
    file("disclosure", "a.disclosure.json", made.disclosure),
    file("file", "aoi-panel-failed.json", bytes),
  ];
  assert.equal((await judged(files(sample))).verdict, "verified");
  assert.equal((await judged(files(flipped(sample, 0)))).verdict, "rejected");
});
