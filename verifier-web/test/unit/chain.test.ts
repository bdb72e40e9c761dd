/** The order of a board's records, and whose last word is what: case for case those of the program's report. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { encodeUtf8 } from "../../src/formats/encoding.ts";
import { BAD, GOOD, countsAny, saysBad, saysGood } from "../../src/evidence/words.ts";
import { actsOf, boundsOf } from "../../src/judge/acts.ts";
import type { Act } from "../../src/judge/report.ts";
import { parseMillis } from "../../src/judge/time.ts";
import { bySight, lastWordsOf } from "../../src/judge/chain.ts";
import { actOf } from "../act.ts";
import { ROOT } from "../vector.ts";

const at = (time: string) => ({ orderMillis: `${parseMillis(time)}` });
const lastOf = (...acts: Partial<Act>[]) => lastWordsOf(acts.map(actOf), (words) => words);
const look = (verdict: string, more: Partial<Act> = {}) => ({ kind: "aoi-report", verdicts: verdict.split("\n"), ...more });

test("rows are in the order of sight, and where that is alike or not opened, in that of the statements", () => {
  const seen = "2026-03-02T08:00:00Z";
  const acts = [
    actOf({ place: "a 1", index: "1" }),
    actOf({ place: "b 9", index: "1", seen }),
    actOf({ place: "a 10", index: "2", seen }),
    actOf({ place: "a 10", index: "10", seen }),
    actOf({ place: "a 9", index: "3", seen }),
    actOf({ place: "B 99", index: "1", seen }),
    // Milliseconds and other zones count; what a witness says later orders nothing.
    actOf({ place: "z 1", index: "1", seen: "2026-03-02T15:59:59.999+08:00", noLater: "2027-01-01T00:00:00Z" }),
    actOf({ place: "0 7", index: "1", seen: "no time", noLater: "2020-01-01T00:00:00Z" }),
  ];
  const order = ["z 1 1", "B 99 1", "a 9 3", "a 10 2", "a 10 10", "b 9 1", "0 7 1", "a 1 1"];
  for (const given of [acts, [...acts].reverse()]) {
    assert.deepEqual(bySight(given).map(({ place, index }) => `${place} ${index}`), order);
  }
});

test("the last word is that of the last time, whatever was seen first", () => {
  const [first, review, second] = ["2026-03-02T08:50:00Z", "2026-03-02T08:56:00Z", "2026-03-02T10:05:00Z"].map(at);
  // Seen at once, after an outage, in the order of their names.
  const seen = { seen: "2026-03-02T12:00:00Z" };
  const all = [
    look("Passed", { ...second, ...seen, index: "1" }),
    look("Failed", { ...first, ...seen, index: "2" }),
    { kind: "review", verdicts: ["Failed"], ...review, ...seen, index: "3" },
  ];
  const words = lastOf(...all);
  assert.deepEqual(words.machine, ["Passed"]);
  assert.ok(words.isFailed && !words.isOverridden);
  // A person's word without a time leaves the machine's in order.
  const untimed = { kind: "review", verdicts: ["Failed"], ...seen, index: "3" };
  assert.deepEqual(lastOf(...all.slice(0, 2), untimed).machine, ["Passed"]);
  // Where one claims no moment, or one that was still to come at the first sight, sight decides.
  const last = look("Failed", { ...seen, index: "2" });
  assert.deepEqual(lastOf(look("Passed", { ...second, ...seen, index: "1" }), last).machine, ["Failed"]);
  const early = { seen: "2026-03-02T09:00:00Z" };
  const [one, other] = [look("Passed", { ...second, ...early, index: "1" }), look("Failed", { ...first, ...seen, index: "2" })];
  assert.deepEqual(lastOf(one, other).machine, ["Failed"]);
});

test("a claimed time whose zone is not opened puts nothing in order", () => {
  const [passed, failed] = [["Passed", "2026-03-02T10:05:00Z"], ["Failed", "2026-03-02T08:50:00Z"]] as const;
  const actIn = (index: bigint, [verdict, time]: readonly [string, string], zone: string | undefined) => {
    const values = { verdict, units: "SN1\n", "claimed/start": time, ...(zone === undefined ? {} : { "claimed/zone": zone }) };
    const fields = Object.entries(values).map(([name, value], at) => {
      return { index: BigInt(at), name, value: encodeUtf8(value), isKnown: true };
    });
    const record = { index, kind: "aoi-report", fieldCount: BigInt(fields.length), fields };
    const bounds = { place: "aoi 1", ...boundsOf(undefined, undefined) };
    return actsOf({ recordCount: 3n, records: [record] }, bounds, () => undefined);
  };
  // Seen in this order, and made in the other.
  const last = (zone: string | undefined) =>
    lastOf(...actIn(1n, passed, "Z"), ...actIn(2n, failed, zone)).machine;
  assert.deepEqual(last("Z"), ["Passed"]);
  assert.deepEqual([last(undefined), last("")], [["Failed"], ["Failed"]]);
  // It is drawn all the same: the time has an offset of its own.
  assert.equal(actIn(2n, failed, undefined)[0]?.claimedMillis, `${parseMillis(failed[1])}`);
});

test("an oven hides no failed inspection, and paste no optics", () => {
  const words = lastOf(
    { kind: "spi-report", verdicts: ["GOOD"], index: "1" },
    look("Passed\nFailed", { index: "2" }),
    { kind: "oven-data", verdicts: ["Succeeded"], index: "3" },
    { kind: "spi-report", verdicts: ["OK"], index: "4" },
    { kind: "program", verdicts: ["approved"], index: "5" },
  );
  assert.deepEqual([words.machine, words.oven], [["Passed", "Failed"], ["Succeeded"]]);
  assert.ok(words.isFailed && !words.isOverridden && words.person === undefined);
  assert.deepEqual(words.paste, ["OK"]);
});

test("paste without a time leaves the rest in order", () => {
  const [failed, rejected, passed, confirmed] = ["08:50", "08:56", "10:05", "10:06"].map((time) => at(`2026-03-02T${time}:00Z`));
  // Seen in the order of their names: the last word is the one that claims the last time.
  const acts = [
    { kind: "review", verdicts: ["Passed"], ...confirmed, index: "1" },
    look("Passed", { ...passed, index: "2" }),
    { kind: "spi-report", verdicts: ["Passed"], index: "3" },
    { kind: "review", verdicts: ["Failed"], ...rejected, index: "4" },
    look("Failed", { ...failed, index: "5" }),
  ];
  const words = lastOf(...acts);
  assert.deepEqual([words.person, words.machine], [{ kind: "review", words: ["Passed"] }, ["Passed"]]);
  assert.deepEqual(lastOf(...acts.slice(1)).last, { kind: "aoi-report", words: ["Passed"] });
});

test("paste says nothing of an inspection that is not shown", () => {
  const paste = { kind: "spi-report", verdicts: ["Passed"], index: "1" };
  const words = lastOf(paste, { kind: "oven-data", verdicts: ["Succeeded"], index: "2" });
  assert.deepEqual([words.isInspected, words.machine, words.paste, words.last], [false, [], ["Passed"], undefined]);
  // Nor does a review stand for one; what it names as before it did find something.
  const reviewed = lastOf(paste, { kind: "review", verdicts: ["Passed"], verdictsBefore: ["Failed"], index: "2" });
  assert.ok(!reviewed.isInspected && reviewed.isFailed && reviewed.isOverridden);
  // One whose word is not opened is there.
  const hidden = lastOf(paste, { kind: "aoi-report", defects: "0", index: "2" });
  assert.ok(hidden.isInspected && !hidden.isFailed && hidden.machine.length === 0);
  // Bad paste is bad paste.
  const bad = lastOf({ ...paste, verdicts: ["NG"] }, look("OK", { index: "2" }));
  assert.ok(bad.isPasteFailed && !bad.isFailed);
});

test("a review that overrides is marked, and one that confirms is not", () => {
  const review = (words: string, before: string[] = []) => {
    const said = { kind: "review", verdicts: words.split("\n"), verdictsBefore: before, index: "2" };
    const last = lastOf(look("Failed\nFailed", { index: "1" }), said);
    assert.deepEqual(last.machine, ["Failed", "Failed"]);
    assert.deepEqual(last.person, { kind: "review", words: words.split("\n") });
    return last.isOverridden;
  };
  assert.ok(review("Passed\nPassed") && review("Passed\nFailed"));
  assert.ok(!review("Failed\nFailed") && !review("hold\nhold"));
  // What the review itself names as before stands before what the machine said last.
  assert.ok(!review("Passed\nFailed", ["Passed", "Failed"]));
});

test("a second attempt forgets no first one, and crossed-out boards did not fail", () => {
  const words = lastOf({ kind: "aoi-report", defects: "3", index: "1" }, look("Passed", { index: "2" }));
  assert.ok(words.isFailed);
  assert.deepEqual(words.machine, ["Passed"]);
  assert.ok(!lastOf(look("Passed\nSkipped")).isFailed);
  assert.ok(!lastOf({ kind: "aoi-report", defects: "0" }).isFailed);
});

test("the words of machines are those of the page on reconciling", () => {
  const page = readFileSync(join(ROOT, "spec/text/reconcile.md"), "utf8");
  const listed = (word: string) => {
    const line = page.split("\n").find((text) => text.startsWith(`- ${word}: `)) ?? "";
    return [...line.matchAll(/`([^`]+)`/g)].map(([, found]) => found);
  };
  assert.deepEqual([listed("good"), listed("bad")], [[...GOOD], [...BAD]]);
  for (const space of ["\ufeff", "\u00a0", "\u0085", "\u3000", "\u2028", "\v", "\r", " \u0085\ufeff\t"]) {
    const name = JSON.stringify(space);
    assert.ok(saysBad(`${space}NG${space}`) && saysGood(`${space}OK${space}`), name);
    assert.ok(countsAny(`${space}+1${space}`) && !countsAny(`${space}0${space}`), name);
    // Within a word it is a part of it.
    assert.ok(!saysBad(`N${space}G`) && !countsAny(`1${space}1`), name);
  }
  // What no Unicode calls white space.
  for (const mark of ["\u200b", "\u180e", "\u001c", "\0"]) assert.ok(!saysBad(`NG${mark}`) && !countsAny(`1${mark}`), JSON.stringify(mark));
  assert.ok(saysGood(" OK ") && !saysGood("okay") && saysBad("Fail") && !saysBad("Skipped"));
});

test("a count of defects says that something was found if it is digits and not nothing", () => {
  for (const some of ["1", "+2", "007", "9".repeat(25), `${"0".repeat(30)}1`, "10", "3\r"]) assert.ok(countsAny(some), some);
  for (const none of ["", "0", "+0", "00", "-1", "++1", "+ 1", "+", "1.0", "1e3", "\u0661", "\uff11", "many"]) assert.ok(!countsAny(none), none);
  // A board of so many has failed, where the machine has no word for it.
  assert.ok(lastOf({ kind: "aoi-report", defects: "9".repeat(25), index: "1" }).isFailed);
});
