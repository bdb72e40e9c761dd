/** What is to be looked at before the reasons: of which boards, in which order, and what is then left out below. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { sha256 } from "../../src/crypto/sha256.ts";
import { encodeUtf8 } from "../../src/formats/encoding.ts";
import { claimOf } from "../../src/judge/claimed.ts";
import type { RoledFile } from "../../src/judge/given.ts";
import { readList } from "../../src/judge/list.ts";
import { inOrder, sayFailed } from "../../src/judge/look.ts";
import { Draft, type Act, type Report } from "../../src/judge/report.ts";
import { judge } from "../../src/judge/verify.ts";
import { besides, firstLines, meaningOf, showRun } from "../../src/page/result.ts";
import { Speaker } from "../../src/page/speaker.ts";
import { makeBundle, partsOf } from "../maker-bundle.ts";
import { NOTHING_ELSE, POLICY, SIGNERS, anchor } from "../maker.ts";
import { actOn as act } from "../act.ts";
import { withDocument, type Made } from "../dom.ts";

const HASH = sha256(encodeUtf8("a report"));

function lookOf(acts: readonly Act[], list?: string): string[] {
  const draft = new Draft();
  sayFailed(draft, acts, list === undefined ? undefined : readList(encodeUtf8(list)).units);
  return inOrder(draft.look).map(({ code, values, units }) => `${code} ${values.join()}: ${units.join()}`);
}

test("boards that failed are told by the last word on them, and those that a machine then passed are not", () => {
  const acts = [
    act("A", "aoi-report", "Failed", "1"),
    act("B", "aoi-report", "Failed", "1"),
    act("B", "review", "Passed", "2"),
    act("C", "aoi-report", "Failed", "1"),
    act("C", "repair", "RepairSuccessful", "2"),
    act("D", "aoi-report", "Failed", "1"),
    act("D", "aoi-report", "Passed", "2"),
    act("E", "aoi-report", "Passed", "1"),
    // A review names what stood before it; of paste and ovens nothing is said of the board.
    act("F", "review", "Passed", "1", { verdictsBefore: ["Failed"] }),
    act("G", "spi-report", "Failed", "1"),
    act("H", "oven-data", "Aborted", "1"),
    act("I", "aoi-report", "", "1", { defects: "2" }),
    act("J", "aoi-report", "", "1", { defects: "0" }),
    act("N/A", "aoi-report", "Failed", "1"),
  ];
  assert.deepEqual(lookOf(acts), [
    "look-failed 2: A,I",
    "look-repaired 1: C",
    "look-passed-by-person 2: B,F",
  ]);
  assert.deepEqual(lookOf([act("E", "aoi-report", "Passed", "1")]), []);
  // In the order of their octets, as everywhere.
  const far = ["\u{10000}", "\uff21", "A"].map((name) => act(name, "aoi-report", "Failed", "1"));
  assert.deepEqual(lookOf(far), ["look-failed 3: A,\uff21,\u{10000}"]);
});

test("words and counts are read without the space around them, and a name is the whole line", () => {
  for (const word of ["NG\r", "\ufeffNG", "NG\u00a0", "\u0085NG\u0085"]) {
    assert.deepEqual(lookOf([act("A", "aoi-report", word, "1")]), ["look-failed 1: A"], JSON.stringify(word));
  }
  for (const defects of ["9".repeat(25), "+1\r", "\u0085\ufeff2\u00a0"]) {
    assert.deepEqual(lookOf([act("A", "aoi-report", "", "1", { defects })]), ["look-failed 1: A"], JSON.stringify(defects));
  }
  // Another line ending makes another name.
  const acts = [act("A\r", "aoi-report", "NG", "1"), act("A", "review", "Passed", "2")];
  assert.deepEqual(lookOf(acts), ["look-failed 1: A\r"]);
});

test("with a list they are the reader's own units, by their serials, also where records name the panel alone", () => {
  const acts = [
    act("PN1", "aoi-report", "Failed", "1", { panel: "PN1" }),
    act("PN1", "review", "Passed", "2", { panel: "PN1" }),
    act("SN3", "aoi-report", "Failed", "1", { panel: "PN3" }),
    act("SN4", "aoi-report", "Failed", "1"),
    // The panel's own report is one on its boards.
    act("", "aoi-report", "Failed", "1", { panel: "PN5" }),
    act("SN5", "spi-report", "Passed", "2", { panel: "PN5" }),
  ];
  const list = "serial,panel\nSN1,PN1\nSN2,PN3\nSN3,PN3\nSN5,\n";
  assert.deepEqual(lookOf(acts, list), ["look-failed 2: SN3,SN5", "look-passed-by-person 1: SN1"]);
  assert.deepEqual(lookOf(acts), ["look-failed 3: PN5,SN3,SN4", "look-passed-by-person 1: PN1"]);
  assert.deepEqual(lookOf(acts, "SN9\n"), []);
});

test("names are ten at most, then how many there are besides, and one is not many", () => {
  const said = (language: "en" | "zh", code: string, count: number, ...more: string[]) => {
    const units = Array.from({ length: count }, (_, at) => `S${at}`);
    return new Speaker(language).look({ code, values: [`${count}`, ...more], details: [], units });
  };
  assert.equal(said("en", "look-not-inspected", 1), "1 board has no inspection report (AOI): S0");
  assert.equal(said("en", "look-not-inspected", 12), "12 boards have no inspection report (AOI): S0, S1, S2, S3, S4, S5, S6, S7, S8, S9, and 2 more");
  assert.equal(said("zh", "look-not-inspected", 12), "12 块电路板没有检测（AOI）报告：S0、S1、S2、S3、S4、S5、S6、S7、S8、S9 等 12 块");
  assert.equal(said("en", "look-passed-by-person", 2), "2 boards failed at the machine and were passed by a person: S0, S1");
  assert.equal(said("zh", "look-passed-by-person", 2), "2 块电路板被机器判为不合格，后由人员复判通过：S0、S1");
  assert.equal(said("en", "look-nowhere", 1, "14"), "1 of your 14 units is nowhere: S0");
  assert.equal(said("en", "look-nowhere", 2, "14"), "2 of your 14 units are nowhere: S0, S1");
  assert.equal(said("zh", "look-nowhere", 1, "14"), "您的 14 个单元中有 1 个找不到：S0");
});

test("what was logged a day late is said in days, as the files and the witnesses have them", () => {
  const late = (language: "en" | "zh", ...values: string[]) => new Speaker(language).look({ code: "look-late", values, details: [], units: [] });
  assert.equal(
    late("en", "2026-03-02", "2026-11-27", "270"),
    "The files whose time can be read say 2\u00a0March\u00a02026; by the same clock they were logged only on 27\u00a0November\u00a02026, 270 days later. Before that they could have been altered.",
  );
  assert.equal(late("zh", "2026-03-02", "2026-11-27", "270"), "能读出时间的文件自称 2026-03-02，按同一时钟直到 2026-11-27 才记入日志，晚了 270 天；此前可能被改动。");
  assert.match(late("en", "2026-03-02", "2026-03-03", "1"), /3\u00a0March\u00a02026, 1 day later\. /);
  // Of several days those between are the most.
  const several = late("en", "2026-03-02 .. 2026-03-05", "2026-11-27", "270");
  assert.match(several, /2\u00a0March\u00a02026 to 5\u00a0March\u00a02026; .*, up to 270 days later\. /);
  assert.match(late("zh", "2026-03-02", "2026-11-26 .. 2026-11-27", "270"), /才记入日志，最多晚了 270 天；/);
  // The day is the machine's own, whatever day it was elsewhere.
  assert.equal(claimOf("2026-03-02T01:00:00", "iso", "+08:00")?.day, "2026-03-02");
  assert.equal(claimOf("02.03.2026 01:00:00", "dd.MM.yyyy HH:mm:ss", "+08:00")?.day, "2026-03-02");
  assert.equal(claimOf("02.03.2026 01:00:00", "dd.MM.yyyy HH:mm:ss", "unknown"), undefined);
});

/** Of minutes before it was logged, unless a test claims another time. */
function bundleOf(changed: ReadonlyMap<string, string>): RoledFile {
  const values = new Map([["claimed/start", "2026-09-21T14:00:00Z"], ...changed]);
  const made = makeBundle(partsOf("records", anchor("report.json", HASH, { values })));
  return { role: "bundle", name: "b.zip", blob: new Blob([new Uint8Array(made)]) };
}

async function judged(files: readonly RoledFile[], units = ""): Promise<Report> {
  const own = { policy: encodeUtf8(POLICY), keys: SIGNERS.source.vkey, ...NOTHING_ELSE, units: encodeUtf8(units) };
  return judge({ files, ...own }, () => {});
}

test("every board of a record is told, however many it names, and each word counts", async () => {
  const lines = (count: number, of: (at: number) => string) => Array.from({ length: count }, (_, at) => `${of(at)}\n`).join("");
  const failedIn = async (boards: number, words: number, bad: number) => {
    const verdict = lines(words, (at) => (at === bad ? "Failed" : "Passed"));
    const report = await judged([bundleOf(new Map([["units", lines(boards, (at) => `SN${at}`)], ["verdict", verdict]]))]);
    return report.look.map(({ code, values, units }) => [code, ...values, units.length, units.at(-1)].join(" "));
  };
  assert.deepEqual(await failedIn(513, 513, 512), ["look-failed 1 1 SN512"]);
  // With more words than boards nobody knows whose each is, and all of them are on each.
  assert.deepEqual(await failedIn(600, 700, 650), ["look-failed 600 600 SN99"]);
  assert.deepEqual(await failedIn(700, 600, 599), ["look-failed 700 700 SN99"]);
});

test("lists are split at line feeds alone", async () => {
  const of = (units: string, verdict: string) => judged([bundleOf(new Map([["units", units], ["verdict", verdict]]))]);
  assert.deepEqual(said(await of("SN1\nSN2\n", "OK\r\nNG\r\n")), ["look-failed SN2"]);
  assert.deepEqual(said(await of("SN1\r\nSN2\r\n", "OK\nNG\n")), ["look-failed SN2\r"]);
  // What else ends lines elsewhere is a part of a word here.
  assert.deepEqual(said(await of("SN1\nSN2\n", "OK\u0085NG\u2028\nOK\n")), []);
});

const said = (report: Report) => report.look.map(({ code, units }) => [code, ...units].join(" "));

test("what stands before the reasons is not said again below, and stays in what machines read", async () => {
  const values = new Map([["units", "SN1\n"], ["verdict", "Failed\n"], ["claimed/start", "2026-03-02T08:00:00+08:00"]]);
  const report = await judged([bundleOf(values)], "SN1\nSN2\n");
  assert.deepEqual(said(report), ["look-nowhere SN2", "look-failed SN1", "look-late"]);
  const codes = (sentences: Report["reasons"]) => sentences.map(({ code }) => code);
  for (const code of ["own-absent", "own-unnamed", "logged-after-claim"]) {
    assert.ok(codes(report.reasons).includes(code), code);
    assert.ok(!codes(besides(report).reasons).includes(code), code);
  }
  assert.equal(report.reasons[0]?.code, "own-absent");
  for (const [language, first] of [["en", "1 of your 2 units is nowhere: SN2"], ["zh", "您的 2 个单元中有 1 个找不到：SN2"]] as const) {
    assert.equal(firstLines(report, new Speaker(language))[0], first);
  }
  // Boards without a report of a machine, with a list and without one.
  const paste = await judged([bundleOf(new Map([["kind", "spi-report"], ["units", "SN1\n"], ["verdict", "Passed\n"]]))], "SN1\n");
  assert.deepEqual(said(paste), ["look-not-inspected SN1"]);
  assert.ok(codes(paste.reasons).includes("own-not-inspected") && !codes(besides(paste).reasons).includes("own-not-inspected"));
  // Of these the sentence is said of one or of many; of those that are nowhere it is always the same.
  assert.deepEqual(report.look[0]?.details.map(({ code, values }) => [code, ...values]), [["look-ask-records"]]);
  assert.deepEqual(paste.look[0]?.details.map(({ code, values }) => [code, ...values]), [["look-ask-report", "1"]]);
  // Without a list nobody says of which boards there should be one.
  const none = await judged([bundleOf(new Map([...values, ["kind", "repair"], ["verdict", ""]]))]);
  assert.deepEqual(said(none), ["look-no-report", "look-late"]);
  assert.equal(none.verdict, "verified");
  // What judges it stands among what was not checked, and not where the reader is asked to act.
  assert.ok(codes(besides(paste).notChecked).includes("open-reconcile") && !codes(report.notChecked).includes("open-reconcile"));
  for (const language of ["en", "zh"] as const) {
    const speaker = new Speaker(language);
    const asked = paste.look.flatMap((look) => [speaker.look(look), ...look.details.map((detail) => speaker.sentence(detail))]).join(" ");
    assert.match(asked, /SN1 (Ask the maker for it\.|请向工厂索要。)$/);
  }
});

test("that there is no report at all stands behind what lacks one, and before what failed", () => {
  const look = (code: string) => ({ code, values: [], details: [], units: [] });
  const codes = ["look-failed", "look-no-report", "look-not-inspected"].map(look);
  assert.deepEqual(inOrder(codes).map(({ code }) => code), ["look-not-inspected", "look-no-report", "look-failed"]);
  const [none] = codes.filter(({ code }) => code === "look-no-report");
  assert.ok(none);
  assert.equal(new Speaker("en").look(none), "No inspection report (AOI) is among what is shown");
  assert.equal(new Speaker("zh").look(none), "所出示的内容中没有检测（AOI）报告");
});

test("nothing to look at is no heading, and else it stands between verdict and reasons", async () => {
  const shown = async (report: Report, language: "en" | "zh", areOwnDropped = false) => {
    const run = { report, at: "", policyHash: "", files: [], areOwnDropped, view: { unit: undefined } };
    return (await withDocument(() => showRun(run, new Speaker(language), ""))) as unknown as Made[];
  };
  const good = await judged([bundleOf(new Map([["units", "SN1\n"], ["verdict", "Passed\n"]]))]);
  assert.deepEqual(said(good), []);
  assert.deepEqual((await shown(good, "en")).slice(0, 2).map((part) => part.get("class")), ["banner verified", "why"]);
  const bad = await judged([bundleOf(new Map([["units", "SN1\n"], ["verdict", "Failed\n"]]))], "SN1\nSN2\n");
  for (const [language, heading] of [["en", "Look at this"], ["zh", "请留意"]] as const) {
    const parts = await shown(bad, language);
    assert.deepEqual(parts.slice(0, 3).map((part) => part.get("class")), ["banner not-in-order", "look", "why"]);
    assert.equal(parts[1]?.named("h3")[0]?.text, heading);
    assert.ok(parts[0]?.text.startsWith("!"));
  }
  // Whose policy it is, the page cannot know, where it lay among the files.
  const open = (parts: Made[]) => parts.find((part) => part.get("class") === "open")?.named("li")[0]?.text ?? "";
  assert.match(open(await shown(good, "en", true)), /^Whether policy, pins and keys are your own/);
  assert.doesNotMatch(open(await shown(good, "en")), /your own/);
});

test("that evidence holds says of boards no more than that, and a receipt alone is called so", async () => {
  assert.equal(meaningOf(await judged([bundleOf(new Map([["units", "SN1\n"], ["verdict", "Passed\n"]]))])), "verified-boards");
  const profile = new Map([["kind", "attachment"], ["units", ""], ["verdict", ""]]);
  assert.equal(meaningOf(await judged([bundleOf(profile)])), "verified");
  const made = anchor("report.json", HASH);
  const receipt = { role: "receipt", name: "a.tlog-proof", blob: new Blob([new Uint8Array(made.receipt)]) } as const;
  const alone = await judged([receipt]);
  assert.deepEqual([alone.verdict, meaningOf(alone), alone.notChecked[0]?.code], ["verified", "verified-receipt", "open-no-disclosure"]);
  const disclosure = { role: "disclosure", name: "a.json", blob: new Blob([new Uint8Array(made.disclosure)]) } as const;
  assert.equal(meaningOf(await judged([receipt, disclosure])), "verified");
  // Another file is not yet one that was changed.
  const other = { role: "file", name: "b.json", blob: new Blob(["x"]) } as const;
  const wrong = await judged([receipt, disclosure, other]);
  assert.deepEqual([wrong.verdict, meaningOf(wrong)], ["rejected", "mistaken"]);
  for (const [language, first] of [["en", /check first that you took the right one/], ["zh", /请先确认拿对了文件/]] as const) {
    const speaker = new Speaker(language);
    for (const text of [firstLines(wrong, speaker).join(), ...wrong.reasons.map((reason) => speaker.sentence(reason))]) assert.match(text, first);
  }
});
