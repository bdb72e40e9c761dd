/** Which unit is offered first, and what its rows say. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Act } from "../../src/judge/report.ts";
import { Panels } from "../../src/judge/panels.ts";
import { calledBy, chainOf, choicesOf, rowsOf } from "../../src/page/story.ts";
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

/** How many reads of links, and how many elements of lists that are looked through, `work` needs over these acts. */
function stepsOf(acts: Act[], work: (acts: readonly Act[]) => void): number {
  let steps = 0;
  const counted = acts.map((act) =>
    new Proxy(act, { get: (of, name) => ((steps += name === "follows" || name === "units" ? 1 : 0), Reflect.get(of, name)) })
  );
  const { includes } = Array.prototype;
  Array.prototype.includes = function (...given) {
    steps += this.length;
    return includes.apply(this, given);
  };
  try {
    work(counted);
  } finally {
    Array.prototype.includes = includes;
  }
  return steps;
}

test("a hostile chain of links costs steps in proportion to its acts, and none is forgotten", () => {
  const count = 2000;
  const hash = (at: number) => `${at}`.padStart(64, "0");
  const linked = (at: number, more: Partial<Act> = {}) =>
    actOf({ kind: "review", fileHash: hash(at), follows: hash(at - 1), index: `${at}`, ...more });
  const chain = Array.from({ length: count }, (_, at) => linked(at + 1, at === 0 ? { units: ["SN1"] } : {}));
  const named = Array.from({ length: count }, (_, at) => linked(2 * at + 1, { units: [`SN${at % 2}`] }));
  const nameless = chain.map((act) => ({ ...act, units: [] }));
  for (const [acts, unit, want] of [
    [chain, "SN1", count],
    // As they come in the worst order.
    [[...chain].reverse(), "SN1", count],
    [named, "SN1", count / 2],
    [nameless, "", count],
  ] as const) {
    let found = 0;
    const steps = stepsOf([...acts], (counted) => {
      found = chainOf(counted, unit).length;
    });
    assert.equal(found, want);
    assert.ok(steps >= count && steps <= 40 * count, `${steps} steps for ${count} acts`);
  }
});

test("links that lead in a circle, to one's own file or to many come to an end", () => {
  const hash = (letter: string) => letter.repeat(64);
  const seen = (minute: number) => ({ seen: `2026-03-02T08:0${minute}:00Z`, kind: "review" });
  const report = actOf({ units: ["SN1"], fileHash: hash("a"), seen: "2026-03-02T08:00:00Z" });
  const one = actOf({ ...seen(1), fileHash: hash("b"), follows: hash("c"), about: hash("a") });
  const other = actOf({ ...seen(2), fileHash: hash("c"), follows: hash("b"), supersedes: hash("c") });
  const same = actOf({ ...seen(3), fileHash: hash("c"), about: hash("b") });
  assert.deepEqual(chainOf([same, other, one, report], "SN1"), [report, one, other, same]);
});

test("a unit is called by the reader's serials and their panel, where the list has both", () => {
  const list = [["SN1", "PN1"], ["SN2", "PN2"], ["SN3", "PN2"], ["PN3", "PN3"], ["SN4", "N/A"], ["SN5", ""],
    ["A", "P"], ["B", "P"], ["C", "P"], ["D", "P"]] as const;
  const panels = new Panels(list.map(([serial, panel]) => ({ serial, panel })));
  const called = (unit: string, language: "en" | "zh") => calledBy(panels, unit, new Speaker(language));
  for (const [unit, en, zh, fact] of [
    ["PN1", "SN1 (panel PN1)", "SN1（拼板 PN1）", "SN1 (PN1)"],
    ["SN1", "SN1 (panel PN1)", "SN1（拼板 PN1）", "SN1 (PN1)"],
    ["PN2", "panel PN2: SN2, SN3", "拼板 PN2：SN2, SN3", "SN2, SN3 (PN2)"],
    ["P", "panel P: A, B, C, +1", "拼板 P：A, B, C, +1", "A, B, C, +1 (P)"],
    ["PN3", "PN3", "PN3", "PN3"],
    ["SN4", "SN4", "SN4", "SN4"],
    ["N/A", "N/A", "N/A", "N/A"],
  ] as const) {
    assert.deepEqual([called(unit, "en"), called(unit, "zh"), panels.called(unit)], [en, zh, fact]);
  }
});
