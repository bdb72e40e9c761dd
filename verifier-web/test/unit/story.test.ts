/** Which unit is offered first, and what its rows say. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { chainOf, choicesOf, rowsOf } from "../../src/page/story.ts";
import { Speaker } from "../../src/page/speaker.ts";
import { actOf } from "../act.ts";

test("the reader's own units come first, and those that failed before the others", () => {
  const act = (unit: string, verdict: string) => actOf({ units: [unit], verdicts: [verdict] });
  const acts = [act("SN1", "Passed"), act("SN2", "Failed"), act("SN3", "Passed"), act("SN4", "NG"), act("SN4", "Passed")];
  const order = (own: string[]) =>
    choicesOf(acts, new Set(own)).map(({ unit, isOwn, isFailed }) => `${unit}${isOwn ? "*" : ""}${isFailed ? "!" : ""}`);
  assert.deepEqual(order([]), ["SN2!", "SN4!", "SN1", "SN3"]);
  assert.deepEqual(order(["SN3", "SN4"]), ["SN4*!", "SN3*", "SN2!", "SN1"]);
});

test("which attempt a record is, it says itself, and no count of rows does", () => {
  const english = new Speaker("en");
  const seen = "2026-03-02T10:10:00Z";
  // After an outage: the file of the second look comes first by its name, and both are seen at once.
  const second = actOf({ units: ["SN1"], seen, place: "aoi 4", attempt: "2", fileHash: "b".repeat(64), follows: "a".repeat(64) });
  const first = actOf({ units: ["SN1"], seen, place: "aoi 5", fileHash: "a".repeat(64) });
  const rows = rowsOf(chainOf([first, second], "SN1"), "SN1", english);
  assert.deepEqual(rows.map(({ title }) => title), ["Optical inspection (AOI), attempt 2", "Optical inspection (AOI)"]);
  assert.deepEqual(rows.map(({ links }) => links), [["follows row 2"], []]);
});

test("rows say what a record replaces, is about and follows, what stood before, and how late it is", () => {
  const hash = (letter: string) => letter.repeat(64);
  const late = "seen 23347067 s after the time that it claims; sealed 59 s after it was seen; x";
  const chain = [
    actOf({ fileHash: hash("a") }),
    actOf({ fileHash: hash("b"), supersedes: hash("a"), about: hash("c"), follows: hash("d"), verdictsBefore: ["NG", "OK"], late }),
  ];
  const links = (language: "en" | "zh") => rowsOf(chain, "", new Speaker(language))[1]?.links;
  assert.deepEqual(links("en"), [
    "the same file with other bytes, in place of row 1",
    "about a report that is not shown here (cccccccccccc...)",
    "follows a report that is not shown here (dddddddddddd...)",
    "verdict before: NG, OK",
    "late: seen 270 d 5 h after the time that it claims; sealed 59 s after it was seen; x",
  ]);
  assert.equal(links("zh")?.at(-1), "迟到：自称的时间之后 270 天 5 小时 才被看到；看到之后 59 秒 才封入声明；x");
});

test("a word that is crossed out, or that nobody has explained, is no failure", () => {
  const rows = (verdict: string) => rowsOf([actOf({ verdicts: [verdict] })], "", new Speaker("en"))[0]?.isFailed;
  for (const bad of ["Failed", " ng ", "NOK", "不良", "Rejected", "nicht bestanden"]) assert.equal(rows(bad), true, bad);
  for (const other of ["Skipped", "跳过", "OK", "NoFailures", "hold", ""]) assert.equal(rows(other), false, other);
});

test("a record that names no board belongs to the one that its links lead to", () => {
  const hash = (letter: string) => letter.repeat(64);
  const report = actOf({ units: ["SN1"], fileHash: hash("a"), seen: "2026-03-02T08:00:00Z" });
  const review = actOf({ kind: "review", about: hash("a"), fileHash: hash("b"), seen: "2026-03-02T08:01:00Z", panel: "N/A" });
  const repair = actOf({ kind: "repair", follows: hash("b"), fileHash: hash("c"), seen: "2026-03-02T08:02:00Z" });
  const stranger = actOf({ kind: "review", about: hash("e"), fileHash: hash("f") });
  const named = actOf({ kind: "review", about: hash("a"), fileHash: hash("d"), units: ["SN2"] });
  const program = actOf({ kind: "program", follows: hash("a"), fileHash: hash("9") });
  const all = [repair, stranger, named, program, review, report];
  assert.deepEqual(chainOf(all, "SN1"), [report, review, repair]);
});
