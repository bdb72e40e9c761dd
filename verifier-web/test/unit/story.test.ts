/** Which unit is offered first, and what its rows say. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Act } from "../../src/judge/report.ts";
import { Panels } from "../../src/judge/panels.ts";
import { chainOf, choicesOf } from "../../src/judge/outcomes.ts";
import { calledBy, labelsOf, rowsOf, showStory, written } from "../../src/page/story.ts";
import { Speaker } from "../../src/page/speaker.ts";
import { actOf, actOn } from "../act.ts";
import { withDocument, type Made } from "../dom.ts";

test("the reader's own units come first, and those that failed before the others", () => {
  const act = (unit: string, verdict: string) => actOf({ units: [unit], verdicts: [verdict] });
  const acts = [act("SN1", "Passed"), act("SN2", "Failed"), act("SN3", "Passed"), act("SN4", "NG"), act("SN4", "Passed")];
  const order = (own: string[], lacking: string[] = []) =>
    choicesOf(acts, new Set(own), new Set(lacking)).map(({ unit, isOwn, isFailed }) => `${unit}${isOwn ? "*" : ""}${isFailed ? "!" : ""}`);
  assert.deepEqual(order([]), ["SN2!", "SN4!", "SN1", "SN3"]);
  assert.deepEqual(order(["SN3", "SN4"]), ["SN4*!", "SN3*", "SN2!", "SN1"]);
  // One that no machine inspected comes before those that failed.
  assert.deepEqual(order(["SN3", "SN4"], ["SN1", "SN3"]), ["SN3*", "SN4*!", "SN1", "SN2!"]);
});

test("of very many words of one record the first are written out, and the rest is counted", () => {
  const words = Array.from({ length: 514 }, (_, at) => `w${at}`);
  assert.equal(written(["Passed", "Failed"]), "Passed, Failed");
  assert.equal(written(words.slice(0, 512)), words.slice(0, 512).join(", "));
  assert.ok(written(words).endsWith(", w511 (+2)"));
  // One behind them is judged all the same.
  const act = actOf({ units: ["SN1"], verdicts: [...words, "Failed"] });
  assert.ok(rowsOf([act], "SN1", new Speaker("en"))[0]?.isFailed);
});

test("a unit that failed says how it went on, by the last word on it", () => {
  const hash = "a".repeat(64);
  const acts = [
    actOn("A", "aoi-report", "Failed", "1"),
    actOn("B", "aoi-report", "Failed", "1"),
    actOn("B", "review", "Passed", "2"),
    actOn("C", "aoi-report", "Failed", "1"),
    actOn("C", "repair", "RepairSuccessful", "2"),
    actOn("D", "aoi-report", "Failed", "1"),
    actOn("D", "repair", "RepairSuccessful", "2"),
    actOn("D", "aoi-report", "Passed", "3"),
    actOn("E", "aoi-report", "Failed", "1"),
    actOn("E", "review", "Passed", "2"),
    actOn("E", "aoi-report", "Failed", "3"),
    // The word of an oven or of paste is none on the board, and a word that nobody explains is none at all.
    actOn("F", "aoi-report", "Failed", "1"),
    actOn("F", "oven-data", "Succeeded", "2"),
    actOn("F", "spi-report", "Passed", "3"),
    actOn("G", "aoi-report", "Failed", "1"),
    actOn("G", "review", "hold", "2"),
    actOn("H", "aoi-report", "Passed", "1"),
    // By the panel, and by a link of a record that names no board.
    actOn("I", "aoi-report", "Failed", "1", { panel: "P1" }),
    actOf({ units: ["P1"], panel: "P1", kind: "review", verdicts: ["Passed"], index: "2" }),
    actOn("J", "aoi-report", "Failed", "1", { fileHash: hash }),
    actOf({ kind: "review", verdicts: ["Passed"], index: "2", about: hash, fileHash: "b".repeat(64) }),
  ];
  const own = new Set(["A", "B", "H"]);
  const labels = (language: "en" | "zh") => labelsOf(acts, choicesOf(acts, own, new Set()), (unit) => unit, new Speaker(language));
  assert.deepEqual(labels("en"), [
    "A (yours, failed)",
    "B (yours, failed, then passed review)",
    "H (yours)",
    "C (failed, then repaired)",
    "D (failed, then passed inspection)",
    "E (failed)",
    "F (failed)",
    "G (failed)",
    "I (failed, then passed review)",
    "J (failed, then passed review)",
    "P1 (failed, then passed review)",
  ]);
  assert.equal(labels("zh")[1], "B（您的，曾判不良，后复判通过）");
});

test("of a board that no machine inspected it is said that none is shown, and paste has its own word", async () => {
  const listOf = async (acts: Act[], lacking: string[] = []) => {
    const own = { names: [], panels: [], lacking };
    const made = await withDocument(() => showStory(acts, own, [], { unit: undefined }, new Speaker("en")));
    return (made as unknown as Made).all.find((one) => one.get("class") === "last-words");
  };
  const words = async (...acts: Act[]) => {
    const list = await listOf(acts);
    return list?.all.filter(({ name }) => name === "dt" || name === "dd").map(({ text }) => text);
  };
  const paste = actOf({ units: ["SN1"], kind: "spi-report", verdicts: ["Passed"], index: "1" });
  const [inspection, spi] = ["Inspection (AOI), last verdict as stated", "Paste inspection (SPI), last as stated"];
  assert.deepEqual(await words(paste), [inspection, "none shown", spi, "Passed"]);
  const report = actOf({ units: ["SN1"], verdicts: ["Failed"], index: "2" });
  assert.deepEqual(await words(paste, report), [inspection, "Failed", "a machine said failed", spi, "Passed"]);
  const list = await listOf([paste]);
  assert.deepEqual(list?.named("strong").map(({ text }) => text), ["none shown"]);
  // A profile is no board.
  assert.equal(await words(actOf({ kind: "reflow-certificate", fileHash: "c".repeat(64) })), undefined);
});

test("a board that no machine inspected is chosen first, says so, and takes no word of another board of its panel", async () => {
  const acts = [
    actOf({ units: ["SN1"], panel: "PN1", verdicts: ["Passed"], index: "1" }),
    actOf({ units: ["SN2"], panel: "PN1", kind: "repair", verdicts: ["RepairSuccessful"], index: "2" }),
    actOf({ units: ["SN3"], panel: "PN3", verdicts: ["Failed"], index: "3" }),
    actOf({ units: ["SN4"], panel: "PN4", kind: "spi-report", verdicts: ["NG"], index: "4" }),
  ];
  const own = { names: ["SN1", "SN2", "SN3"], panels: [], lacking: ["SN2", "SN4"] };
  for (const [language, labels, none] of [
    ["en", ["SN2 (yours, no inspection shown)", "SN3 (yours, failed)", "SN1 (yours)", "SN4 (no inspection shown, failed once)"], "none shown"],
    ["zh", ["SN2（您的，未出示检测）", "SN3（您的，有不良）", "SN1（您的）", "SN4（未出示检测，曾判不良）"], "未出示"],
  ] as const) {
    const made = await withDocument(() => showStory(acts, own, [], { unit: undefined }, new Speaker(language))) as unknown as Made;
    assert.deepEqual(made.named("option").map(({ text }) => text), labels);
    assert.equal((made.named("select")[0] as unknown as { value: string }).value, "SN2");
    const list = made.all.find((one) => one.get("class") === "last-words");
    assert.deepEqual(list?.named("strong").map(({ text }) => text), [none]);
    assert.ok(!list?.text.includes("Passed"));
  }
});

test("which attempt a record is, it says itself, and no count of rows does", () => {
  const english = new Speaker("en");
  const seen = "2026-03-02T10:10:00Z";
  // After an outage: the file of the second look comes first by its name, and both are seen at once.
  const second = actOf({ units: ["SN1"], seen, place: "aoi 4", attempt: "2", fileHash: "b".repeat(64), follows: "a".repeat(64) });
  const first = actOf({ units: ["SN1"], seen, place: "aoi 5", fileHash: "a".repeat(64) });
  const rows = rowsOf(chainOf([first, second], "SN1"), "SN1", english);
  assert.deepEqual(rows.map(({ title }) => title), ["Optical inspection (AOI), attempt 2", "Optical inspection (AOI)"]);
  assert.deepEqual(rows.map(({ links }) => links), [["logged after row 2"], []]);
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
    "logged after a report that is not shown here (dddddddddddd...)",
    "verdict before: NG, OK",
    "logged late: seen 270 d 5 h after the time that it claims; sealed 59 s after it was seen; x",
  ]);
  assert.equal(links("zh")?.at(-1), "记入日志较迟：自称的时间之后 270 天 5 小时 才被看到；看到之后 59 秒 才封入声明；x");
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

test("what is said beside the units to choose from costs steps in proportion to the acts, however they are linked", () => {
  const count = 1000;
  const hash = (at: number) => `${at}`.padStart(64, "0");
  const linked = Array.from({ length: count }, (_, at) =>
    actOf({ kind: "review", fileHash: hash(at + 1), follows: hash(at), index: `${at}` })
  );
  // Each unit leads to all of it.
  const failed = Array.from({ length: count }, (_, at) =>
    actOf({ units: [`SN${at}`], verdicts: ["Failed"], fileHash: hash(0), index: `${at}` })
  );
  const acts = [...failed, ...linked];
  const choices = choicesOf(acts, new Set(), new Set()).slice(0, 500);
  const steps = stepsOf(acts, (counted) => {
    assert.equal(labelsOf(counted, choices, (unit) => unit, new Speaker("en")).length, 500);
  });
  assert.ok(steps < 1_500_000, `${steps}`);
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
  const panels = new Panels(list.map(([serial, panel]) => ({ serial, panel, position: "" })));
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
