/** The reader's own files: pins for a single receipt, files in each other's places, and what was given and is neither. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { concat } from "../../src/crypto/bytes.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { encodeUtf8 } from "../../src/formats/encoding.ts";
import type { Given, Role } from "../../src/judge/given.ts";
import { readReader } from "../../src/judge/reader.ts";
import { Stop, type Report } from "../../src/judge/report.ts";
import { judge } from "../../src/judge/verify.ts";
import { showRun } from "../../src/page/result.ts";
import { Speaker } from "../../src/page/speaker.ts";
import { OWN_ROLES, TEXTS } from "../../src/page/words/labels.ts";
import { withDocument, type Made } from "../dom.ts";
import { makeBundle, makeRange, partsOf, pinsFrom } from "../maker-bundle.ts";
import { NOTHING_ELSE, POLICY, SIGNERS, SOURCE, anchor } from "../maker.ts";

const REPORT = encodeUtf8('{"board": "PNL0099123", "result": "Failed"}\n');
const MADE = anchor("report.json", sha256(REPORT));
const PINS = pinsFrom(MADE);
const BUNDLE = makeBundle(partsOf("records", MADE));
const LOT_KEY = "96dc".repeat(16);
const LIST = "serial,panel\nSN1,PN1\n";

type Named = readonly [Role, string, Uint8Array];

const RECEIPT: readonly Named[] = [
  ["receipt", "a.tlog-proof", MADE.receipt],
  ["disclosure", "a.disclosure.json", MADE.disclosure],
  ["file", "report.json", REPORT],
];

async function judged(named: readonly Named[], changed: Partial<Given> = {}): Promise<Report> {
  const files = named.map(([role, name, bytes]) => ({ role, name, blob: new Blob([new Uint8Array(bytes)]) }));
  return judge({ files, policy: encodeUtf8(POLICY), keys: "", ...NOTHING_ELSE, ...changed }, () => {});
}

const told = ({ verdict, reasons }: Report) => [verdict, ...reasons.map(({ code }) => code)];

test("pins give the key of a single receipt, and say where its source stands", async () => {
  const report = await judged(RECEIPT, { pins: encodeUtf8(PINS) });
  assert.equal(report.verdict, "verified", JSON.stringify(report.reasons));
  const machine = report.facts.find(({ code }) => code === "machine");
  assert.equal(machine?.value, `${SOURCE}: AOI 7 in line 4, serial 20391`);
  // Of another number than the pinned one, the pin says no more than whose key it is.
  const later = PINS.replace(/^first 12 /m, "first 13 ");
  assert.equal((await judged(RECEIPT, { pins: encodeUtf8(later) })).verdict, "verified");
  assert.deepEqual(told(await judged(RECEIPT)), ["undecided", "no-source-key"]);
});

test("a source is called one, not a machine, and what that is stands before the first", async () => {
  const range = makeRange(sha256(REPORT));
  const parts = range.flatMap((one, at) => [...partsOf("range", one, at === range.length - 1)]);
  const bundle: readonly Named[] = [["bundle", "b.zip", makeBundle(new Map(parts))]];
  const pinned = `${SOURCE}: AOI 7 in line 4, serial 20391`;
  const told = async (named: readonly Named[], changed: Partial<Given>, language: "en" | "zh") => {
    const report = await judged(named, changed);
    assert.equal(report.verdict, "verified", JSON.stringify(report.reasons));
    return shown(report, language);
  };
  const shown = async (report: Report, language: "en" | "zh") => {
    const run = { report, at: "", policyHash: "", files: [], areOwnDropped: false, view: { unit: undefined } };
    const parts = (await withDocument(() => showRun(run, new Speaker(language), ""))) as unknown as Made[];
    const rests = parts.find((part) => part.text.startsWith(TEXTS.restsOn[language]));
    const rows = rests?.all.filter(({ name }) => name === "dt" || name === "dd").map(({ text }) => text) ?? [];
    const [at, next] = (language === "en" ? ["Source", "Log"] : ["来源", "日志"]).map((label) => rows.indexOf(label));
    return at === -1 ? [] : rows.slice((at ?? 0) + 1, next);
  };
  const pins = { pins: encodeUtf8(PINS) };
  const ofRange = { pins: encodeUtf8(pinsFrom(range[0] ?? MADE)) };
  const english = "where records come from: one machine or station, signed for by the factory with a key of its own";
  const chinese = "记录的来源：一台机器或一个工位，由工厂以其专用密钥代为签名";
  // Without its file no picture is drawn.
  const receipt = RECEIPT.slice(0, 1);
  assert.deepEqual(await told(receipt, pins, "en"), [english, pinned]);
  assert.deepEqual(await told(bundle, ofRange, "en"), [english, pinned]);
  assert.deepEqual(await told(bundle, ofRange, "zh"), [chinese, pinned]);
  // Of single statements in a bundle the source is told as well, and each once, however it is shown.
  const single = [...partsOf("records", MADE), ...partsOf("records", anchor("b.json", sha256(REPORT), { sequence: 14n }))];
  const records: readonly Named[] = [["bundle", "b.zip", makeBundle(new Map(single))]];
  const both: readonly Named[] = [["bundle", "b.zip", makeBundle(new Map([...parts, ...single]))]];
  assert.deepEqual(await told(records, pins, "en"), [english, pinned]);
  assert.deepEqual(await told(records, { keys: SIGNERS.source.vkey }, "zh"), [chinese, SOURCE]);
  assert.deepEqual(await told(both, ofRange, "en"), [english, pinned]);
  // A source that the pins do not have is not lost behind one that they have, and one whose name begins as another's is another.
  const other = `${SOURCE}-2`;
  const report = await judged(bundle, ofRange);
  const facts = [...report.facts, { code: "source", value: other }, { code: "source", value: SOURCE }, { code: "source", value: other }];
  assert.deepEqual(await shown({ ...report, facts }, "en"), [english, pinned, other]);
  // Without pins nobody but the source itself says what it is called.
  assert.deepEqual(await told(receipt, { keys: SIGNERS.source.vkey }, "en"), [english, SOURCE]);
});

test("a receipt that the pins contradict is rejected, whatever key is given beside them", async () => {
  const pinned = (pins: string, keys = "") => judged(RECEIPT, { pins: encodeUtf8(pins), keys });
  const other = PINS.replace(/^(first 12) .*/m, `$1 ${"A".repeat(43)}=`);
  for (const keys of ["", SIGNERS.source.vkey]) {
    assert.deepEqual(told(await pinned(other, keys)), ["rejected", "range-not-pinned"]);
  }
  const elsewhere = PINS.replace("log log.example/page", "log log.example/other");
  assert.deepEqual(told(await pinned(elsewhere)), ["rejected", "pins-of-another-log"]);
  const stranger = PINS.replace(SIGNERS.source.vkey, SIGNERS.stranger.vkey);
  assert.deepEqual(told(await pinned(stranger)), ["rejected", "unpinned-source"]);
  assert.deepEqual(told(await pinned("nothing\n")), ["undecided", "bad-pins"]);
});

test("what only bundles are read with is no reason against a receipt, and is said not to have been used", async () => {
  const pins = encodeUtf8(PINS);
  const unused = async (named: readonly Named[], changed: Partial<Given>) => {
    const report = await judged(named, { pins, ...changed });
    assert.equal(report.verdict, "verified", JSON.stringify(report.reasons));
    assert.ok(!JSON.stringify(report).includes("96dc"));
    return report.notChecked.filter(({ code }) => code.endsWith("-unused"));
  };
  const codes = async (changed: Partial<Given>) => (await unused(RECEIPT, changed)).map(({ code }) => code);
  assert.deepEqual(await codes({ lotKeys: `${LOT_KEY}\n` }), ["open-lot-keys-unused"]);
  assert.deepEqual(await codes({ lotKeys: LOT_KEY, units: encodeUtf8(LIST) }), ["open-lot-keys-unused", "open-units-unused"]);
  assert.deepEqual(await codes({ lotKeys: " \n" }), []);
  // An entry of which nothing is known is no different, and a bundle is read with both.
  const opaque: readonly Named[] = [["receipt", "a.tlog-proof", MADE.receipt], ["entry", "entry", MADE.statement]];
  assert.equal((await unused(opaque, { pins: new Uint8Array(), lotKeys: LOT_KEY })).length, 1);
  assert.deepEqual(await unused([["bundle", "b.zip", BUNDLE]], {}), []);
  const [said] = await unused(RECEIPT, { lotKeys: LOT_KEY });
  assert.ok(said);
  assert.match(new Speaker("en").sentence(said), /in bundles, and were not used for this receipt/);
  assert.match(new Speaker("zh").sentence(said), /证据包.*未予使用/);
});

test("what was given and is neither receipt nor bundle is called what it is", async () => {
  const zip = (text: string) => concat(Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0), encodeUtf8(text));
  const image = concat(Uint8Array.of(0x89), encodeUtf8("PNG\r\n"));
  const repacked = ["undecided", "not-a-bundle", "hint-repacked"];
  const cases: readonly [readonly Named[], readonly string[]][] = [
    [[["file", "bundle.zip", new Uint8Array()]], ["undecided", "file-empty"]],
    [[["file", "bundle.zip", image]], ["undecided", "not-a-bundle"]],
    [[["file", "picture.png", image]], ["undecided", "not-a-bundle"]],
    [[["file", "other.zip", zip("of somebody")]], repacked],
    [[["bundle", "rezip", zip("of a mail program")]], repacked],
    // Among several each that was meant as a bundle, and that no receipt is there.
    [[["file", "b.zip", zip("")], ["file", "a.txt", image], ["file", "c", new Uint8Array()]], [...repacked, "file-empty", "no-receipt"]],
    [[["file", "report.xml", image], ["file", "other.xml", image]], ["undecided", "no-receipt"]],
    [[], ["undecided", "no-receipt"]],
  ];
  for (const [files, want] of cases) {
    const { verdict, reasons } = await judged(files);
    const all = reasons.flatMap(({ code, details }) => [code, ...details.map((detail) => detail.code)]);
    assert.deepEqual([verdict, ...all], want);
  }
});

test("a text in another's field is called what it looks like, with the field that it belongs into", async () => {
  const bundle: readonly Named[] = [["bundle", "b.zip", BUNDLE]];
  const own = { pins: encodeUtf8(PINS) };
  const cases: readonly [Partial<Given>, string, RegExp][] = [
    [{ policy: encodeUtf8(PINS) }, "looks-pins", /as a policy looks like pins/],
    [{ policy: encodeUtf8(LIST) }, "looks-units", /as a policy looks like a list of units/],
    [{ policy: encodeUtf8(`${SIGNERS.source.vkey}\n`) }, "looks-keys", /put them in as “Keys of machines”/],
    [{ policy: MADE.receipt }, "looks-receipt", /is a receipt: drop it among the files/],
    [{ policy: MADE.disclosure }, "looks-disclosure", /beside the receipt/],
    [{ policy: BUNDLE }, "given-bundle", /as a policy is a bundle/],
    [{ pins: encodeUtf8(POLICY.replaceAll("\n", "\r\n")) }, "looks-policy", /as pins looks like a policy/],
    [{ pins: encodeUtf8(LOT_KEY) }, "looks-lot-key", /lots/],
    [{ keys: PINS }, "looks-pins", /as keys of machines looks/],
    [{ ...own, units: encodeUtf8(PINS) }, "looks-pins", /as a list of units looks/],
    [{ ...own, units: encodeUtf8(POLICY) }, "looks-policy", /policy/],
    [{ ...own, units: encodeUtf8(LOT_KEY) }, "looks-lot-key", /not shown/],
    [{ ...own, units: encodeUtf8(LIST), lotKeys: LIST }, "looks-units", /as keys of lots looks .*: put it in as “Your list of units”\./],
    [{ ...own, units: encodeUtf8(LIST), lotKeys: SIGNERS.source.vkey }, "looks-keys", /machines/],
  ];
  for (const [changed, code, words] of cases) {
    const report = await judged(bundle, changed);
    assert.deepEqual(told(report), ["undecided", code]);
    const [reason] = report.reasons;
    assert.ok(reason && !JSON.stringify(reason).includes("96dc"), code);
    assert.match(new Speaker("en").sentence(reason), words);
    assert.doesNotMatch(new Speaker("zh").sentence(reason), /policy|lotKeys|units/, code);
  }
  // Where it belongs is called as in the column in which that is chosen, and the field begins so.
  for (const language of ["en", "zh"] as const) {
    const said = new Speaker(language).sentence({ code: "looks-units", values: ["lotKeys"], details: [] });
    const { [language]: name } = OWN_ROLES.units;
    assert.ok(said.includes(`“${name}”`) && TEXTS.units[language].startsWith(name), said);
  }
});

test("codes of boards are no other kind of text, whatever they look like", () => {
  const lists = ["AB1+20261127+0001\nAB1+20261127+0002\n", "group 1\ngroup 2\n", "SN1\n", "quorum\n", "log 1\n"];
  for (const list of lists) {
    assert.doesNotThrow(() => readReader("", encodeUtf8(list)), list);
  }
  assert.throws(() => readReader("", encodeUtf8("quorum none\n")), Stop);
});

test("what is missing and lies in the list unused is said with the column in which it is chosen", async () => {
  const [policy, pins] = [encodeUtf8(POLICY), encodeUtf8(PINS)];
  const given: readonly Named[] = [["bundle", "b.zip", BUNDLE], ["unused", "policy", policy], ["unused", "pins", pins]];
  const details = async (changed: Partial<Given>) => {
    const [reason] = (await judged(given, changed)).reasons;
    return [reason?.code, ...(reason?.details ?? []).map(({ code, values }) => [code, ...values].join(" "))];
  };
  assert.deepEqual(await details({ policy: new Uint8Array() }), ["no-policy", "own-in-list policy policy"]);
  assert.deepEqual(await details({}), ["no-source-key", "own-in-list pins pins"]);
  // What is used, or looks like nothing of this kind, is not named.
  const file: readonly Named[] = [["bundle", "b.zip", BUNDLE], ["unused", "policy", encodeUtf8("no policy\n")]];
  assert.deepEqual((await judged(file, { policy: new Uint8Array() })).reasons[0]?.details, []);
  for (const [language, name] of [["en", "a policy"], ["zh", "策略"]] as const) {
    const said = new Speaker(language).sentence({ code: "own-in-list", values: ["policy.txt", "policy"], details: [] });
    assert.ok(said.includes(TEXTS.role[language]) && said.includes("policy.txt") && said.includes(name), said);
  }
});
