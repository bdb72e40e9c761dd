/** Bundles as a whole: what is verified, what is rejected, and every changed byte refused. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { concat } from "../../src/crypto/bytes.ts";
import { crc32 } from "../../src/crypto/crc32.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { decodeUtf8, encodeUtf8 } from "../../src/formats/encoding.ts";
import { encodeHex } from "../../src/formats/hex.ts";
import type { Given } from "../../src/judge/given.ts";
import type { Report } from "../../src/judge/report.ts";
import { readList } from "../../src/judge/list.ts";
import { judge } from "../../src/judge/verify.ts";
import { parseMillis } from "../../src/judge/time.ts";
import { explain } from "../../src/page/words/refusals.ts";
import { LOT_KEY, makeBundle, makeRange, partsOf, pinsFrom, tagOf } from "../maker-bundle.ts";
import { NOTHING_ELSE, POLICY, SIGNERS, SOURCE, anchor } from "../maker.ts";
import { isMisfit, wordOf } from "../../src/page/result.ts";
import { fill } from "../../src/page/words/language.ts";
import { SENTENCES } from "../../src/page/words/verdicts.ts";

const REPORT = encodeUtf8('{"board": "PNL0099123", "result": "Failed"}\n');
const HASH = sha256(REPORT);
const EVIDENCE = new Map([[`evidence/${encodeHex(HASH)}`, REPORT]]);
const RECORDS = partsOf("records", anchor("report.json", HASH));
const GOOD = makeBundle(RECORDS, EVIDENCE, new Map([["policy", encodeUtf8(POLICY)]]));

async function judged(bundle: Uint8Array, changed: Partial<Given> = {}): Promise<Report> {
  const blob = new Blob([new Uint8Array(bundle)]);
  const own = { policy: encodeUtf8(POLICY), keys: SIGNERS.source.vkey, ...NOTHING_ELSE };
  return judge({ files: [{ role: "bundle", name: "b.zip", blob }], ...own, ...changed }, () => {});
}

const codes = (said: readonly { code: string }[]) => said.map((one) => one.code);
const told = (report: Report) => [report.verdict, ...codes(report.reasons)];

function range(made: readonly ReturnType<typeof anchor>[]): Map<string, Uint8Array> {
  const parts = made.map((one, at) => partsOf("range", one, at === made.length - 1));
  return new Map(parts.flatMap((files) => [...files]));
}

test("a pinned statement that is shown by itself is the one that is pinned", async () => {
  const pins = pinsFrom(anchor("report.json", HASH));
  assert.equal((await judged(GOOD, { pins: encodeUtf8(pins), keys: "" })).verdict, "verified");
  const other = pins.replace(/^(first [0-9]+) .*/m, `$1 ${"A".repeat(43)}=`);
  assert.deepEqual(told(await judged(GOOD, { pins: encodeUtf8(other), keys: "" })), ["rejected", "range-not-pinned"]);
});

test("what an editor leaves in a text of the reader's own says nothing", async () => {
  const pins = pinsFrom(anchor("report.json", HASH));
  const other = pins.replace(/^(first [0-9]+) .*/m, `$1 ${"A".repeat(43)}=`);
  const saved = (text: string) => [
    text.trimEnd(),
    text.replaceAll("\n", "\r\n"),
    `\ufeff${text}`,
    `\ufeff${text.trimEnd().replaceAll("\n", "\r\n")}\r`,
  ];
  for (const text of saved(pins)) {
    assert.equal((await judged(GOOD, { pins: encodeUtf8(text), keys: "" })).verdict, "verified");
  }
  for (const text of saved(POLICY)) {
    assert.equal((await judged(GOOD, { policy: encodeUtf8(text) })).verdict, "verified");
  }
  // Pinned is pinned, whatever the editor.
  for (const text of saved(other)) {
    assert.deepEqual(told(await judged(GOOD, { pins: encodeUtf8(text), keys: "" })), ["rejected", "range-not-pinned"]);
  }
  for (const text of [pins.replace("cadence ", "cadence \ufeff"), pins.replace("log ", "log\r ")]) {
    assert.deepEqual(told(await judged(GOOD, { pins: encodeUtf8(text), keys: "" })), ["undecided", "bad-pins"]);
  }
});

test("a lower bound that cannot be is not asked for", async () => {
  const first = anchor("report.json", HASH, { isFirst: true });
  const parts = [...partsOf("records", first)].filter(([path]) => !/\.(after|consistency)$/.test(path));
  const report = await judged(makeBundle(new Map(parts), EVIDENCE));
  assert.equal(report.verdict, "verified");
  const open = report.notChecked.find(({ code }) => code === "open-none-named");
  assert.deepEqual(open?.values, ["1"]);
  assert.ok(!codes(report.notChecked).includes("open-lower-bounds"));
  // What the log held by then, a statement that names no tree does not say.
  for (const code of ["open-none-named", "open-no-lower-bound"]) {
    const words = SENTENCES[code] ?? { en: "", zh: "" };
    assert.match(fill(words, "en", ["1"]), /^For (1|this) entry no earliest time can be given: it names no earlier state of the log/);
    assert.match(words.zh, /无法给出最早时间/);
    assert.doesNotMatch(words.en + words.zh, /empty|尚为空/);
  }
  const without = [...RECORDS].filter(([path]) => !/\.(after|consistency)$/.test(path));
  const other = await judged(makeBundle(new Map(without), EVIDENCE));
  assert.ok(codes(other.notChecked).includes("open-lower-bounds"));
  assert.ok(!codes(other.notChecked).includes("open-none-named"));
});

test("a text of the reader's own that is wrong otherwise is refused by the name of its fault", async () => {
  const pins = pinsFrom(anchor("report.json", HASH));
  const wide = new Uint8Array(Buffer.from(`\ufeff${pins}`, "utf16le"));
  const wrong = pins.replace("cadence 60", "cadence 0");
  const cases: [Partial<Given>, string, string, RegExp][] = [
    [{ pins: wide }, "bad-pins", "Wide", /UTF-16/],
    [{ pins: encodeUtf8(wrong) }, "bad-pins", "Line", /a line is missing/],
    // Nor is an editor blamed for it.
    [{ pins: encodeUtf8(wrong.replaceAll("\n", "\r\n")) }, "bad-pins", "Line", /a line is missing/],
    [{ pins: Uint8Array.of(0xff, 0x0a) }, "bad-pins", "Utf8", /not valid UTF-8/],
    [{ pins: Uint8Array.of(0xff) }, "bad-pins", "Utf8", /not valid UTF-8/],
    // A mark alone is in UTF-8, and no line of it was cut.
    [{ pins: encodeUtf8("\ufeff") }, "bad-pins", "Header", /its header is not as it must be/],
    [{ pins: encodeUtf8("\ufeff\r\n") }, "bad-pins", "Header", /its header is not as it must be/],
    [{ policy: encodeUtf8("\ufeff") }, "bad-policy", "NoQuorum", /which witnesses are needed is missing/],
  ];
  for (const [changed, code, name, words] of cases) {
    const report = await judged(GOOD, changed);
    assert.deepEqual(told(report), ["undecided", code], name);
    assert.equal(report.reasons[0]?.values.at(-1), name);
    assert.match(explain(name, "en"), words);
    assert.notEqual(explain(name, "zh"), name);
  }
});

test("a bundle of records is verified, with its evidence and its lower bound", async () => {
  const report = await judged(GOOD);
  assert.deepEqual(told(report), ["verified", "records-sound", "claimed-after-logged", "evidence-vouched"]);
  assert.deepEqual(codes(report.notChecked), [
    "open-completeness",
    "open-post-quantum-quorum",
    "open-same-policy",
    "open-truth",
  ]);
  const notBefore = report.facts.find((one) => one.code === "not-before")?.value;
  assert.equal(notBefore, "line-4.example/aoi-7 12: 2026-09-21T14:03:20Z");
  assert.equal(report.inputs[0]?.sha256, encodeHex(sha256(GOOD)));
  assert.ok(report.records.some((record) => record.file === `evidence/${encodeHex(HASH)}`));
});

test("every changed byte, a byte more and a byte less are refused", async () => {
  const small = makeBundle(RECORDS);
  assert.equal((await judged(small)).verdict, "verified");
  const stride = 53;
  for (let at = 0; at < small.length; at += at < 60 || at > small.length - 60 ? 1 : stride) {
    const changed = small.slice();
    changed[at] = (changed[at] ?? 0) ^ 0x10;
    const report = await judged(changed);
    const [reason] = report.reasons;
    // The beginning too, by which a bundle is known: its other end says as well what it is.
    assert.equal(report.verdict, "rejected", `byte ${at}`);
    // Where another thing stands than the end, a byte could be changed or the rest be missing.
    const isAtEnd = at >= small.length - 22 && at < small.length - 18;
    // A path that does not belong in a bundle is told before the zip's own words of it.
    const known = isAtEnd ? ["bundle-cut"] : ["bundle-damaged", "bundle-altered"];
    assert.ok(known.includes(reason?.code ?? ""), `byte ${at}: ${reason?.code}`);
  }
  const zero = Uint8Array.of(0);
  for (const other of [concat(small, zero), concat(zero, small), small.subarray(1), small.subarray(0, -1)]) {
    assert.equal((await judged(other)).verdict, "rejected");
  }
  // Without either name of its first part a zip is somebody's other file, and no verdict on anybody.
  const other = small.slice();
  for (let at = 0; at < small.length - 22; at += 1) {
    if (decodeUtf8(small.subarray(at, at + 11)) === "bundle.json") other[at] = 0x42;
  }
  for (const file of [other, encodeUtf8("no zip at all, but long enough for one"), new Uint8Array(22)]) {
    assert.deepEqual(told(await judged(file)), ["undecided", "not-a-bundle"]);
  }
});

test("a bundle that was cut off is told from one that was altered", async () => {
  const small = makeBundle(RECORDS);
  for (const size of [60, 1000, small.length - 22, small.length - 1]) {
    assert.deepEqual(told(await judged(small.subarray(0, size))), ["rejected", "bundle-cut"], `${size}`);
  }
  // Shorter than its own beginning, it is no bundle that anybody knows.
  assert.equal((await judged(small.subarray(0, 20))).verdict, "undecided");
  const changed = small.slice();
  changed[small.length - 10] = (changed[small.length - 10] ?? 0) ^ 1;
  assert.deepEqual(told(await judged(changed)), ["rejected", "bundle-damaged"]);
});

test("a claimed time is a moment where its format and its zone leave no doubt", async () => {
  const claimed = async (values: [string, string][]) => {
    const made = anchor("report.json", HASH, { values: new Map(values) });
    return (await judged(makeBundle(partsOf("records", made), EVIDENCE))).acts[0];
  };
  const american: [string, string] = ["claimed/start", "03/02/2026 12:00:00"];
  const format: [string, string] = ["claimed/format", "MM/dd/yyyy HH:mm:ss"];
  const zone: [string, string] = ["claimed/zone", "+08:00 (mapping)"];
  assert.equal((await claimed([american, format, zone]))?.claimedMillis, "1772424000000");
  assert.equal((await claimed([["claimed/start", "2026-03-02T12:00:00"], zone]))?.claimedMillis, "1772424000000");
  for (const values of [[american, zone], [american, format, ["claimed/zone", "unknown"]]] as [string, string][][]) {
    assert.equal((await claimed(values))?.claimedMillis, "");
  }
  const links = await claimed([["attempt", "2"], ["late", "x"], ["about/sha256", "a"], ["follows/sha256", "b"], ["defects", "3"]]);
  assert.deepEqual(
    [links?.attempt, links?.late, links?.about, links?.follows, links?.defects, links?.verdictsBefore],
    ["2", "x", "a", "b", "3", []],
  );
});

test("a challenge beside its answer is not judged, and that is said", async () => {
  const files = [
    { role: "bundle", name: "answer.zip", blob: new Blob([new Uint8Array(GOOD)]) },
    { role: "challenge", name: "picks", blob: new Blob(["fiducial/challenge/v1\n"]) },
  ] as const;
  const report = await judged(GOOD, { files });
  assert.equal(report.verdict, "verified");
  assert.deepEqual(report.notChecked.filter(({ code }) => code === "open-challenge").map(({ values }) => values), [["picks"]]);
  assert.ok(!codes((await judged(GOOD)).notChecked).includes("open-challenge"));
  assert.deepEqual(report.inputs.map(({ name }) => name), ["answer.zip"], "it was not looked at");
  const [, challenge] = files;
  assert.deepEqual(told(await judged(GOOD, { files: [challenge] })), ["undecided", "no-receipt"]);
});

test("without witnesses it is said after how many entries a statement was made", async () => {
  const policy = encodeUtf8(POLICY.replace(/^quorum .*$/m, "quorum none"));
  const report = await judged(GOOD, { policy });
  const fact = (code: string) => report.facts.filter((one) => one.code === code).map(({ value }) => value);
  assert.deepEqual([report.verdict, fact("after-bound"), fact("not-before")], ["verified", [`${SOURCE} 12: 2`], []]);
  const witnessed = await judged(GOOD);
  assert.ok(!codes(witnessed.facts).includes("after-bound"));
});

test("why a path or a continuation in a bundle does not hold is said", async () => {
  const changed = (end: string, change: (text: string) => string) =>
    new Map([...RECORDS].map(([path, bytes]) =>
      [path, path.endsWith(end) ? encodeUtf8(change(new TextDecoder().decode(bytes))) : bytes]
    ));
  const behind = (report: Report) => report.reasons.flatMap(({ details }) => codes(details));
  const other = `${"A".repeat(43)}=`;
  // From two entries to four one hash leads, and the smaller root is its beginning.
  for (const [hashes, why] of [[1, "detail-new-root"], [2, "detail-consistency-length"]] as const) {
    const report = await judged(makeBundle(changed("consistency", () => `${other}\n`.repeat(hashes)), EVIDENCE));
    assert.deepEqual([...told(report), ...behind(report)], ["rejected", "after-not-continued", why]);
  }
  const included = await judged(makeBundle(changed("tlog-proof", (text) => text.replace("index 3", "index 2")), EVIDENCE));
  assert.deepEqual([...told(included), ...behind(included)], ["rejected", "not-included", "detail-path-root"]);
});

test("evidence that no record names, and a file that is not enclosed, are told apart", async () => {
  const other = encodeUtf8("another");
  const stray = new Map([[`evidence/${encodeHex(sha256(other))}`, other]]);
  assert.deepEqual(told(await judged(makeBundle(RECORDS, stray))), ["rejected", "evidence-unnamed"]);
  const without = await judged(makeBundle(RECORDS));
  assert.ok(codes(without.notChecked).includes("open-files"));
  const wrong = new Map([[`evidence/${encodeHex(HASH)}`, other]]);
  assert.deepEqual(told(await judged(makeBundle(RECORDS, wrong))), ["rejected", "bundle-altered"]);
});

test("parts that the page does not know, that are missing or misplaced are refused", async () => {
  const entry = (path: string, text = "x") => new Map([[path, encodeUtf8(text)]]);
  const without = (end: string) => new Map([...RECORDS].filter(([path]) => !path.endsWith(end)));
  const moved = (to: string) =>
    new Map([...RECORDS].map(([path, bytes]) => [path.replace("records/0/12", to), bytes]));
  const cases = [
    makeBundle(RECORDS, entry("evidence/../../etc")),
    makeBundle(RECORDS, entry("readme")),
    makeBundle(RECORDS, entry("notes/.hidden")),
    makeBundle(RECORDS, entry("records/00/13.statement")),
    makeBundle(RECORDS, entry("records/0/13.after")),
    makeBundle(without("tlog-proof")),
    makeBundle(without("disclosure.json")),
    makeBundle(without(".after")),
    makeBundle(moved("records/0/13")),
    makeBundle(moved("records/1/12")),
    makeBundle(RECORDS, moved("range/0/12")),
    makeBundle(EVIDENCE),
  ];
  for (const [at, bundle] of cases.entries()) {
    assert.deepEqual(told(await judged(bundle)), ["rejected", "bundle-altered"], `case ${at}`);
  }
});

test("what belongs to another statement is rejected", async () => {
  const other = partsOf("records", anchor("other.json", sha256(encodeUtf8("other"))));
  const swapped = (end: string) =>
    makeBundle(new Map([...RECORDS].map(([path, bytes]) =>
      path.endsWith(end) ? [path, other.get(path) ?? bytes] : [path, bytes]
    )));
  assert.deepEqual(told(await judged(swapped("tlog-proof"))), ["rejected", "receipt-of-another"]);
  assert.deepEqual(told(await judged(swapped("disclosure.json"))), ["rejected", "bad-disclosure"]);
  const noNote = new Map([...RECORDS].map(([path, bytes]) =>
    path.endsWith(".after") ? [path, encodeUtf8("x\n")] : [path, bytes]
  ));
  assert.deepEqual(told(await judged(makeBundle(noNote))), ["rejected", "after-other-note"]);
  const stranger = await judged(GOOD, { keys: SIGNERS.stranger.vkey });
  assert.deepEqual(told(stranger), ["rejected", "unpinned-source"]);
});

test("without any key of a source there is no verdict on a bundle", async () => {
  assert.deepEqual(told(await judged(GOOD, { keys: "" })), ["undecided", "no-source-key"]);
  const pins = encodeUtf8(pinsFrom(anchor("report.json", HASH)));
  assert.equal((await judged(GOOD, { keys: "", pins })).verdict, "verified");
  // What was altered is wrong, whoever looks at it; and so are pins of another log.
  const altered = makeBundle(RECORDS, new Map([["readme", encodeUtf8("x")]]));
  assert.deepEqual(told(await judged(altered, { keys: "" })), ["rejected", "bundle-altered"]);
});

test("a range is followed against the reader's own pins", async () => {
  const made = makeRange(HASH);
  const [first, second, third] = made;
  assert.ok(first && second && third);
  const bundle = makeBundle(range(made));
  const pins = (text: string) => ({ pins: encodeUtf8(text), keys: "" });
  const report = await judged(bundle, pins(pinsFrom(first)));
  assert.deepEqual(told(report), ["verified", "range-sound", "claimed-after-logged"]);
  assert.deepEqual(report.reasons[0]?.values.slice(1), ["20", "22", "3", "3"]);
  assert.ok(codes(report.notChecked).includes("open-scan"));
  assert.ok(codes(report.notChecked).includes("open-no-reader"));

  assert.deepEqual(told(await judged(bundle)), ["undecided", "no-pin"]);
  assert.deepEqual(told(await judged(bundle, pins("nothing\n"))), ["undecided", "bad-pins"]);
  const wrongLeaf = pinsFrom(first).replace(/^first 20 .*/m, `first 20 ${"A".repeat(43)}=`);
  assert.deepEqual(told(await judged(bundle, pins(wrongLeaf))), ["rejected", "range-not-pinned"]);
  const later = (sequence: number) => pinsFrom(first).replace(/^first 20 /m, `first ${sequence} `);
  const before = await judged(bundle, pins(later(23)));
  assert.deepEqual(told(before), ["rejected", "range-before-pin"]);
  assert.deepEqual(before.reasons[0]?.values, [SOURCE, "22", "23"]);
  // A range that reaches the pinned statement holds: its last statement may be that one.
  const reaching = pinsFrom(third);
  assert.equal((await judged(bundle, pins(reaching))).verdict, "verified");
  const elsewhere = pinsFrom(first).replace("log log.example/page", "log log.example/other");
  assert.deepEqual(told(await judged(bundle, pins(elsewhere))), ["rejected", "pins-of-another-log"]);
  const gap = makeBundle(range([first, third]));
  assert.deepEqual(told(await judged(gap, pins(pinsFrom(first)))), ["rejected", "bundle-altered"]);
  const late = makeRange(HASH, { gapMinutes: 10 });
  const silent = makeBundle(range(late));
  const said = await judged(silent, pins(pinsFrom(late[0] ?? first)));
  assert.deepEqual(told(said), ["rejected", "range-silence"]);
  // By a cadence that is not that of the source any range is full of silence: the reader's file may be the wrong one.
  assert.deepEqual(said.reasons[0]?.values, [SOURCE, "21", "600", "60"]);
  assert.ok(isMisfit(said) && !isMisfit(await judged(gap, pins(pinsFrom(first)))));
  assert.equal((await judged(silent, pins(pinsFrom(late[0] ?? first, "none")))).verdict, "verified");
  const other = makeRange(sha256(encodeUtf8("another file")));
  const broken = makeBundle(range([first, other[1] ?? second, other[2] ?? third]));
  assert.deepEqual(told(await judged(broken, pins(pinsFrom(first)))), ["rejected", "range-broken"]);
});

test("two accepted trees of one size are two histories of the log", async () => {
  const beside = (sequence: bigint) => partsOf("records", anchor("another.json", HASH, { sequence }));
  assert.equal((await judged(makeBundle(RECORDS, beside(13n)))).verdict, "verified");
  // As many entries as the other one's tree has, and others.
  assert.deepEqual(told(await judged(makeBundle(RECORDS, beside(12n + 64n)))), ["rejected", "two-histories"]);
});

test("through the chain of a range a bound reaches the statements beside it", async () => {
  const made = makeRange(HASH);
  const shown = async (isEnclosed: (at: number) => boolean) => {
    const parts = made.map((one, at) => [...partsOf("range", one, isEnclosed(at))]);
    const pins = encodeUtf8(pinsFrom(made[0] ?? anchor("", HASH)));
    const report = await judged(makeBundle(new Map(parts.flat())), { pins, keys: "" });
    assert.equal(report.verdict, "verified");
    return report.acts.map(({ noEarlier, noLater }) => [noEarlier !== "", noLater !== ""]);
  };
  // Only the last one has its papers: of the others no lower bound is known.
  assert.deepEqual(await shown((at) => at === 2), [[false, true], [false, true], [true, true]]);
  // What was made after a checkpoint, all that follows was made after it as well.
  assert.deepEqual(await shown((at) => at !== 1), [[true, true], [true, true], [true, true]]);
});

test("records of a range are counted in 64 bits", async () => {
  const largest = 2n ** 64n - 1n;
  const from = async (first: bigint) => {
    const header = new Map([["record/first", `${first}`], ["closed", "2026-11-26T00:00:00Z"]]);
    const made = anchor("report.json", HASH, { sequence: 20n, header });
    return judged(makeBundle(range([made])), { pins: encodeUtf8(pinsFrom(made)), keys: "" });
  };
  // The header and one record stand behind it.
  assert.deepEqual(told(await from(largest - 2n)), ["verified", "range-sound", "claimed-after-logged"]);
  assert.deepEqual(told(await from(largest - 1n)), ["rejected", "range-header"]);
  assert.deepEqual(told(await from(largest)), ["rejected", "range-header"]);
});

test("what has no tags and names no unit is counted, whatever panel or lot it names", async () => {
  const unnamed = async (...values: [string, string | undefined][]) => {
    const valuesAt = () => new Map(values) as ReadonlyMap<string, string>;
    const made = makeRange(HASH, { valuesAt });
    const pins = encodeUtf8(pinsFrom(made[0] ?? anchor("", HASH)));
    const report = await judged(makeBundle(range(made)), { pins, keys: "" });
    assert.equal(report.verdict, "verified");
    return report.notChecked.find(({ code }) => code === "open-unnamed")?.values[1];
  };
  assert.equal(await unnamed(["units", undefined]), "3");
  assert.equal(await unnamed(["units", ""]), "3");
  assert.equal(await unnamed(["units", undefined], ["panel", "PNL0099123"], ["lot", "L7"]), "3");
  assert.equal(await unnamed(), undefined);
});

test("an enclosed program or profile is not counted among the records of nobody", async () => {
  const unnamed = async (kind: string, isEnclosed: boolean) => {
    const file = encodeUtf8("Program,P145A\n");
    const valuesAt = () => new Map<string, string | undefined>([["kind", kind], ["units", undefined]]) as ReadonlyMap<string, string>;
    const made = makeRange(sha256(file), { valuesAt });
    const evidence: [string, Uint8Array][] = isEnclosed ? [[`evidence/${encodeHex(sha256(file))}`, file]] : [];
    const pins = encodeUtf8(pinsFrom(made[0] ?? anchor("", HASH)));
    const report = await judged(makeBundle(range(made), new Map(evidence)), { pins, keys: "" });
    assert.equal(report.verdict, "verified");
    return report.notChecked.find(({ code }) => code === "open-unnamed")?.values[1];
  };
  for (const kind of ["program", "reflow-certificate"]) {
    assert.equal(await unnamed(kind, true), undefined);
    assert.equal(await unnamed(kind, false), "3", "nobody sees what it is");
  }
  assert.equal(await unnamed("aoi-report", true), "3", "an inspection is about somebody's board");
});

test("in a range the reader's own units are found by their tags, or it is refused", async () => {
  const [mine, other] = ["PNL0099123-1", "PNL0099123-2"];
  // No UTF-8, like most tags: so it is written in base64.
  const noise = new Uint8Array(32).fill(0xff);
  type Values = ReadonlyMap<string, string | Uint8Array>;
  const values = (sequence: bigint): Values =>
    new Map<string, string | Uint8Array>([
      ["tags", concat(tagOf(sequence, mine), noise)],
      ["units", `${mine}\n${other}\n`],
    ]);
  const read = async (changed: (sequence: bigint) => Values, units: string, by: Partial<Given> = {}) => {
    const made = makeRange(HASH, { valuesAt: (at) => new Map([...values(at), ...changed(at)]) });
    const pins = encodeUtf8(pinsFrom(made[0] ?? anchor("", HASH)));
    const reader = { lotKeys: encodeHex(LOT_KEY), units: encodeUtf8(units), ...by };
    return judged(makeBundle(range(made)), { pins, keys: "", ...reader });
  };
  const as = (...entries: [string, string | Uint8Array][]) => () => new Map(entries);
  const found = await read(as(), `${mine}\r\nPNL-of-nobody\n`);
  const reasons = ["own-absent", "range-sound", "own-sound", "own-without", "claimed-after-logged"];
  assert.deepEqual(told(found), ["rejected", ...reasons]);
  // What is shown holds all the same, and is shown.
  assert.ok(found.holds && found.acts.length > 0 && wordOf(found) === "not-in-order");
  assert.deepEqual(found.reasons[0]?.values, ["1", "2"]);
  assert.deepEqual(found.reasons[2]?.values, ["3", SOURCE, "1", "2"]);
  const facts = (code: string) =>
    found.facts.filter((one) => one.code === code).map((one) => one.value);
  assert.deepEqual(facts("own-record"), [20, 21, 22].map((at) => `${SOURCE} ${at}, 1: ${mine}`));
  const without = found.reasons.filter(({ code }) => code === "own-without");
  assert.deepEqual(without.map(({ values }) => values), [[SOURCE, "PNL-of-nobody"]]);
  assert.ok(codes(found.notChecked).includes("open-noise"));

  // A table, as a table program writes it, is the same list.
  const table = await read(as(), `\ufeffLot,Serial\r\nL7,${mine}\r\n`);
  assert.deepEqual(table.reasons[1]?.values, ["3", SOURCE, "1", "1"]);
  assert.ok(!codes(table.reasons).includes("own-without"));
  // What a machine calls by a panel's name is told by the serial that the list has on it.
  const byPanel = await read(as(), `serial,panel\nSN7,${mine}\n`);
  assert.equal(byPanel.facts.find(({ code }) => code === "own-record")?.value, `${SOURCE} 20, 1: SN7 (${mine})`);
  // As spreadsheets write it where a comma is the decimal mark, and in China in GBK or UTF-16.
  const gbk = Uint8Array.from([0xd0, 0xf2, 0xc1, 0xd0, 0xba, 0xc5, 0x3b, 0x78, 0x0a]);
  const bytesOf = (letter: string) => [letter.charCodeAt(0) & 0xff, letter.charCodeAt(0) >> 8];
  const written = [...`\ufeff序列号\t拼板\n${mine}\t\n`].flatMap(bytesOf);
  for (const [list, position] of [
    [encodeUtf8(`serial;panel;position\r\n${mine};;1\r\n`), "1"],
    [concat(gbk, encodeUtf8(`${mine};\n`)), ""],
    [Uint8Array.from(written), ""],
  ] as const) {
    const one = readList(list);
    assert.deepEqual([one.hasHeader, one.units], [true, [{ serial: mine, panel: "", position }]]);
  }
  assert.throws(() => readList(Uint8Array.of(0x53, 0xff, 0x31)));
  // What finds nothing is no proof.
  for (const [list, code] of [
    ["PNL-of-nobody\n", "own-none-found"],
    [`${mine}-1\nPNL-of-nobody\n`, "own-none-found"],
    ["\n", "list-empty"],
    // A mark in the middle of a list is a letter, as it is for the program.
    [`SN0\n\ufeff${mine}\n`, "own-none-found"],
    ["unit,order\nSN1,L7\n", "list-columns"],
    ["Baugruppe;Ort\nSN1;L7\n", "list-columns"],
    ["SN1\tPN1\nSN2\tPN1\n", "list-columns"],
    [mine.toLowerCase(), "own-none-found"],
    ["serial,lot\n,L7\n", "list-no-serial"],
    ['"SN1', "list-malformed"],
  ] as const) {
    assert.deepEqual(told(await read(as(), list)), ["undecided", code]);
  }
  const many = Array.from({ length: 197 }, (_, at) => `SN${at}`);
  const cut = await read(as(), [mine, ...many].join("\n"));
  assert.equal(cut.reasons.filter(({ code }) => code === "own-without").length, 100);
  assert.deepEqual(cut.reasons.find(({ code }) => code === "own-missing-more")?.values, ["97"]);

  const untagged = await read(as(), `${mine}\n${other}\n`);
  assert.deepEqual(told(untagged), ["rejected", "range-untagged"]);
  // A key that fits no tag may be of another lot: nobody is accused by it, and nothing is proven.
  const strange = await read(as(), `${other}\n`);
  assert.deepEqual(told(strange), ["undecided", "lot-key-finds-nothing"]);
  assert.deepEqual(strange.reasons[0]?.values, [SOURCE, "20", "1", other]);
  const otherKey = { lotKeys: encodeHex(new Uint8Array(32).fill(9)), units: encodeUtf8(`${mine}\n`) };
  assert.deepEqual(told(await read(as(), "", otherKey)), ["undecided", "lot-key-finds-nothing"]);
  // What is wrong whoever's units are looked for is told first.
  const hidden = await read((at) => new Map(at === 22n ? [["tags", noise.subarray(1)]] : []), "", otherKey);
  assert.deepEqual(told(hidden), ["rejected", "range-mistagged"]);
  const swapped = await read(as(["units", `${other}\n${mine}\n`]), `${mine}\n`);
  assert.deepEqual(told(swapped), ["rejected", "range-mistagged"]);
  const fewer = await read(as(["units", `${mine}\n`]), `${mine}\n`);
  assert.deepEqual(told(fewer), ["rejected", "range-mistagged"]);
  const short = await read(as(["tags", noise.subarray(1)]), "nobody\n");
  assert.deepEqual(told(short), ["rejected", "range-mistagged"]);
  const otherStatement = await read(as(["tags", concat(tagOf(19n, mine), noise)]), `${mine}\n`);
  assert.deepEqual(told(otherStatement), ["undecided", "lot-key-finds-nothing"]);
});

test("a lot key says nothing without units, and is never shown", async () => {
  const hexKey = encodeHex(LOT_KEY);
  const units = encodeUtf8("PNL0099123-1\n");
  const cases: [string, Partial<Given>][] = [
    ["reader-incomplete", { lotKeys: hexKey }],
    ["lot-key-needs-range", { lotKeys: hexKey, units }],
    ["bad-lot-key", { lotKeys: hexKey.slice(2), units }],
    // As editors leave it, it is the same key.
    ["lot-key-needs-range", { lotKeys: `\ufeff ${hexKey.toUpperCase()}\r\n`, units }],
  ];
  for (const [code, changed] of cases) {
    const report = await judged(GOOD, changed);
    assert.deepEqual(told(report), ["undecided", code]);
    assert.ok(!JSON.stringify(report).includes(hexKey.slice(4, 40)));
  }
  // Without a key units are looked for by their names in what is opened.
  const named = async (list: string) => judged(GOOD, { units: encodeUtf8(list) });
  assert.deepEqual(told(await named("SN-of-nobody\n")), ["undecided", "own-none-found"]);
  // Where more is missing than a line without a digit, nobody can tell.
  assert.deepEqual(told(await named("Baugruppe\nSN-9\nPNL0099123-1\n")), ["undecided", "list-header"]);
  assert.equal((await named("PNL0099123-1\n")).verdict, "verified");
  const some = await named("SN-9\nSN-8\nPNL0099123-1\n");
  assert.equal(wordOf(some), "not-in-order");
  assert.ok(codes(some.notChecked).includes("open-first-line"));
  assert.ok(["own-named", "own-unnamed"].every((code) => codes(some.reasons).includes(code)));
});

test("CRC-32 and times are read as others write them", () => {
  assert.equal(crc32(0, encodeUtf8("123456789")), 0xcbf43926);
  assert.equal(crc32(crc32(0, encodeUtf8("1234")), encodeUtf8("56789")), 0xcbf43926);
  const cases: [string, bigint | undefined][] = [
    ["1970-01-01T00:00:00Z", 0n],
    ["2026-03-02T08:00:00.123456789+08:00", 1_772_409_600_123n],
    ["2024-02-29T23:59:60Z", 1_709_251_199_000n],
    ["2023-02-29T00:00:00Z", undefined],
    ["1969-12-31T23:59:59Z", undefined],
    ["2026-03-02 08:00:00Z", undefined],
    ["2026-03-02T24:00:00Z", undefined],
    ["2026-03-02T08:00:00", undefined],
    ["2026-03-02T08:00:00.Z", undefined],
  ];
  // As the program reads them: by a clock west of Greenwich it is still the year before.
  assert.equal(parseMillis("1969-12-31T23:59:59-01:00"), 3_599_000n);
  assert.equal(parseMillis("1969-12-31T18:59:59.999-05:00"), undefined);
  for (const [text, want] of cases) assert.equal(parseMillis(text), want, text);
});
