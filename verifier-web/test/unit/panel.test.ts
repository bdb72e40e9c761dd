/** The panel of an inspection: what stands where, and who is told. The cases are those of `verifier-cli/src/html/panel.rs`. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Board, Call, Inspection, Judged } from "../../src/evidence/inspection.ts";
import { inspectionOf } from "../../src/evidence/inspection.ts";
import { programOf, type Program } from "../../src/evidence/program.ts";
import { parseEvidence, type Point } from "../../src/evidence/values.ts";
import { drawInspection } from "../../src/page/pictures/board.ts";
import { MARGIN, MARK, beside, layoutOf, middleOf, sheetsOf } from "../../src/page/pictures/panel.ts";
import { Speaker } from "../../src/page/speaker.ts";
import { withDocument, type Made } from "../dom.ts";

const call = (designator: string, region: readonly Point[] = [], judged: Judged = "open", verification = ""): Call =>
  ({ designator, what: "Tombstone", judged, verification, confidence: undefined, region, paste: undefined });

const board = (position: string, calls: readonly Call[], unit = `SN${position}`): Board =>
  ({ position, unit, result: "Failed", lookedAt: undefined, calls, deposits: { measured: 0, bad: 0 } });

const found = (...boards: Board[]): Inspection => ({ method: "AOI", panel: "P1", boards, left: 0 });

const PROGRAM: Program = {
  name: "P",
  board: [60, 40],
  panel: [130, 50],
  origins: new Map([[1, [0, 5]], [2, [65, 5]]]),
  parts: new Map([["C1", [10, 20]]]),
};

const near = (have: number | undefined, want: number) =>
  assert.ok(have !== undefined && Math.abs(have - want) < 1e-9, `${have} is not ${want}`);

test("a place on the board is a place on the drawing: x to the right, y upwards", () => {
  const { place, size } = layoutOf({ low: [0, 0], high: [100, 25] });
  // 628 units are left for 100 mm.
  const scale = (680 - 2 * MARGIN) / 100;
  assert.deepEqual(place([0, 0]), [MARGIN, size[1] - MARGIN]);
  assert.deepEqual(place([100, 25]), [680 - MARGIN, MARGIN]);
  const [x, y] = place([25, 10]);
  near(x, MARGIN + 25 * scale);
  near(y, MARGIN + 15 * scale);
  // A tall one is bound by its height, a point has a box of its own.
  assert.ok(layoutOf({ low: [0, 0], high: [10, 500] }).size[1] <= 300 + 1e-9);
  const point = layoutOf({ low: [7, 7], high: [7, 7] });
  const middle = point.place([7, 7]);
  near(middle[0], point.size[0] / 2);
  near(middle[1], point.size[1] / 2);
});

test("on a panel each board has its origin, and a part its place", () => {
  const area: Point[] = [[1, 2], [3, 2], [3, 6], [1, 6]];
  const boards = [
    board("1", [call("U9", area)]),
    board("2", [call("C1.2"), call("X1")]),
    board("7", [call("C1")]),
    board("", [call("C1")]),
  ];
  const sheets = sheetsOf(found(...boards), PROGRAM);
  assert.equal(sheets.length, 1);
  assert.deepEqual([sheets[0]?.frame, sheets[0]?.isOutline], [{ low: [0, 0], high: [130, 50] }, true]);
  // X1 is in no program, board 7 on no panel, and which board has no position nobody knows: none of them is drawn.
  assert.deepEqual(sheets[0]?.spots.map(({ number, middle }) => [number, middle]), [[1, [2, 9]], [2, [75, 25]]]);
  assert.deepEqual(sheets[0]?.seats.map(({ position, low, high }) => [position, low, high]), [
    [1, [0, 5], [60, 45]],
    [2, [65, 5], [125, 45]],
  ]);
  assert.deepEqual(sheets[0]?.parts, [[10, 25], [75, 25]]);
  // Where the program has one board or none, a board without a position is that one.
  const single = { ...PROGRAM, origins: new Map<number, Point>([[1, [3, 4]]]) };
  assert.deepEqual(sheetsOf(found(board("", [call("C1")])), single)[0]?.spots[0]?.middle, [13, 24]);
  const bare = { ...PROGRAM, origins: new Map<number, Point>() };
  const lone = sheetsOf(found(board("4", [call("C1")])), bare)[0];
  assert.deepEqual([lone?.spots[0]?.middle, lone?.frame.high], [[10, 20], [60, 40]]);
});

test("without a program each board is drawn by itself in a box", () => {
  const boards = [
    board("1", []),
    board("2", [call("R1", [[10, 10]]), call("R2"), call("R1", [[30, 20]])]),
    board("3", [call("R3")]),
  ];
  const sheets = sheetsOf(found(...boards), undefined);
  assert.equal(sheets.length, 1, "one board has places");
  const [sheet] = sheets;
  assert.deepEqual([sheet?.board?.position, sheet?.isOutline], ["2", false]);
  assert.deepEqual(sheet?.frame, { low: [10, 10], high: [30, 20] });
  assert.deepEqual(sheet?.spots.map(({ number }) => number), [1, 3]);
  assert.deepEqual(middleOf([[0, 0], [4, 0], [4, 2]]), [2, 1]);
});

test("without a program one place is no drawing, and that is said", async () => {
  const part = (x: number, y: number) => call("C1", [[x, y], [x + 1.6, y], [x + 1.6, y + 0.8], [x, y + 0.8]]);
  const alone = found(board("1", [part(30, 20)]));
  assert.deepEqual(sheetsOf(alone, undefined), []);
  // Nor are the pins of one part two places.
  assert.deepEqual(sheetsOf(found(board("1", [part(30, 20), part(30.5, 20), part(31, 24.9)])), undefined), []);
  assert.equal(sheetsOf(found(board("1", [part(30, 20), part(30, 26)])), undefined).length, 1);
  for (const [language, said] of [["en", "no outline of the board is known"], ["zh", "不知单板的外形"]] as const) {
    const figure = await drawing(alone, undefined, "", language);
    assert.ok(figure.text.includes(said) && figure.named("svg").length === 0, figure.text);
    assert.ok(figure.text.includes("30.80; 20.40"));
  }
});

test("a program that is meant by its name alone is told to be", async () => {
  const said = async (isByName: boolean) =>
    ((await withDocument(() => drawInspection(PANEL, PROGRAM, "", new Speaker("en"), isByName))) as unknown as Made[])[0]?.text;
  assert.ok((await said(true))?.includes("P, the only inspection program of this name that is shown"));
  assert.ok((await said(false))?.includes("the enclosed program P that the record names"));
});

test("marks stand apart where there is room", () => {
  const taken: Point[] = [];
  for (let at = 0; at < 12; at += 1) {
    const mark = beside([200, 200], [400, 400], taken);
    assert.ok(taken.every((other) => Math.hypot(other[0] - mark[0], other[1] - mark[1]) >= 2 * MARK), `${taken}`);
    taken.push(mark);
  }
  assert.deepEqual(beside([0, 0], [400, 400], []), [14, 14]);
});

/** What is drawn of an inspection, as one element. */
async function drawing(
  inspection: Inspection,
  program: Program | undefined,
  unit: string,
  language: "en" | "zh" = "en",
): Promise<Made> {
  const made = await withDocument(() => drawInspection(inspection, program, unit, new Speaker(language)));
  const [figure] = made as unknown as Made[];
  assert.ok(figure);
  return figure;
}

const PANEL = found(
  board("1", [call("U9", [[1, 2], [3, 2], [3, 6], [1, 6]], "confirmed", "DefectRepaired")]),
  board("2", [call("C1", [], "false", "DefectRejected"), call("C1"), call("X1")]),
);

test("the whole panel is drawn, with its boards, the unit's own among them, and every defect by its number", async () => {
  const figure = await drawing(PANEL, PROGRAM, "SN2");
  const [svg, ...more] = figure.named("svg").filter((one) => one.get("role") === "img");
  assert.ok(svg && more.length === 0, "one drawing of the panel");
  assert.deepEqual(svg.named("rect").flatMap((one) => one.get("data-board") ?? []), ["1", "2"]);
  assert.ok(svg.text.includes("2: this unit") && !svg.text.includes("1: this unit"));
  assert.deepEqual(svg.named("g").map((one) => one.get("data-mark")), ["1", "2", "3"]);
  // Each standing has a shape of its own, in the drawing and in the legend.
  const shapes = svg.named("g").map((mark) => ["rect", "polygon", "circle"].map((name) => mark.named(name).length));
  assert.deepEqual(shapes, [[1, 1, 1], [0, 0, 2], [0, 1, 1]]);
  const legend = figure.named("ul")[0];
  assert.deepEqual(legend?.named("li").map((one) => one.text.trim().replace(/^ +/, "")), ["called by the machine", "confirmed", "false call"]);
  assert.ok(legend?.named("svg").every((one) => one.get("aria-hidden") === "true"));
  const rows = figure.named("tbody")[0]?.named("tr").map((row) => row.text) ?? [];
  assert.equal(rows.length, 4);
  for (const [at, ...said] of [
    [0, "U9", "confirmed (DefectRepaired)", "2.00; 4.00 (file)"],
    [1, "C1", "false call (DefectRejected)", "10.00; 20.00 (program)"],
    [2, "not yet judged"],
    [3, "X1", "not stated"],
  ] as const) for (const text of said) assert.ok(rows[at]?.includes(text), `${at}: ${text}`);
  assert.ok(figure.text.includes("3 of 4 defects are drawn"));
  assert.ok(figure.text.includes("board 1: Failed; board 2: Failed"));
  assert.ok(figure.text.includes("Of this unit, by the file: board 2."));
  assert.ok(figure.text.includes("130.0 × 50.0 mm"));
});

test("the unit's own board is marked also without a call, and however its position is written", async () => {
  const marked = async (...boards: Board[]) => {
    const svg = (await drawing(found(...boards), PROGRAM, "SN2")).named("svg").find((one) => one.get("role") === "img");
    assert.ok(svg);
    return ["1", "2"].filter((position) => svg.text.includes(`${position}: this unit`));
  };
  const called = [call("C1")];
  assert.deepEqual(await marked(board("1", called), board("2", [], "SN2")), ["2"]);
  assert.deepEqual(await marked(board("01", called, "SN2"), board("2", called, "SN1")), ["1"]);
  assert.deepEqual(await marked(board("1", called, "SN1"), board("002", [], "SN2")), ["2"]);
  assert.deepEqual(await marked(board("1", called, "SN2"), board("2", [], "SN2")), ["1", "2"]);
  // What is no position marks none, nor does one that is not on the panel.
  assert.deepEqual(await marked(board("1", called, "SN1"), board("", [], "SN2"), board("7", [], "SN2")), []);
});

test("a drawing has a title and a description, and nothing in it takes the keyboard", async () => {
  for (const language of ["en", "zh"] as const) {
    const figures = [await drawing(PANEL, PROGRAM, "", language), await drawing(PANEL, PROGRAM, "", language)];
    const ids = figures.flatMap((figure) => figure.all.flatMap((one) => one.get("id") ?? []));
    assert.equal(new Set(ids).size, ids.length, "an id stands for one element");
    for (const figure of figures) {
      const svg = figure.named("svg").find((one) => one.get("role") === "img");
      const of = (reference: string) => svg?.all.find((one) => one.get("id") === svg.get(reference));
      assert.equal(of("aria-labelledby")?.name, "title");
      assert.equal(of("aria-labelledby")?.text, language === "en" ? "Defects at their positions" : "不良的位置");
      const said = of("aria-describedby");
      assert.equal(said?.name, "desc");
      for (const part of ["1", "U9", "C1", "Tombstone"]) assert.ok(said?.text.includes(part), part);
      const focusable = svg?.all.filter((one) => ["tabindex", "focusable", "href"].some((name) => one.get(name) !== undefined));
      assert.deepEqual(focusable, []);
      // What can be scrolled can be reached.
      const table = figure.all.find((one) => one.get("class") === "wide");
      assert.deepEqual([table?.get("tabindex"), table?.get("role")], ["0", "region"]);
    }
  }
});

test("text of files is shown as text, and what is too much is counted", async () => {
  const many = Array.from({ length: 230 }, (_, at) => call(`\u202eR${at}`, [[at % 50, at % 30]]));
  const figure = await drawing({ ...found(board("1", many)), left: 4 }, PROGRAM, "");
  assert.ok(!figure.text.includes("\u202e") && figure.text.includes("\\u{202e}R0"));
  assert.equal(figure.named("g").length, 200);
  assert.equal(figure.named("tbody")[0]?.named("tr").length, 200);
  assert.ok(figure.text.includes("34 more calls or boards"));
  assert.ok(figure.named("desc")[0]?.text.includes("176 more are in the table."));
  assert.ok((await drawing(found(board("1", [])), PROGRAM, "")).text.includes("The file lists no defect."));
  assert.ok((await drawing(found(board("1", [call("R1")])), undefined, "")).text.includes("states no positions"));
});

test("a program says where boards and parts stand, or is none", () => {
  const text = "Program,P\r\nBoard,60,40\r\nPanel,130,50\r\nOrigin,1,0,5\r\nOrigin,2, 65 ,5\r\n\r\nDesignator,X,Y\r\nC1,10,20\r\n";
  assert.deepEqual(programOf(text), PROGRAM);
  for (const [from, to] of [
    ["Origin,2", "Origin,1"],
    ["Origin,2", "Origin,x"],
    ["Origin,2, 65 ", "Origin,2,75"],
    ["Origin,1,0,5", "Origin,1,0,-1"],
    ["Panel,130,50", "Panel,100,50"],
    ["Panel,130,50", "Panel,wide,50"],
    ["Board,60,40", "Board,0,40"],
    ["C1,10,20\r\n", ""],
    ["C1,10,20", "C1,10,here"],
    ["Designator,X,Y", "Designator,X,Z"],
  ] as const) {
    assert.ok(text.includes(from));
    assert.equal(programOf(text.replace(from, to)), undefined, to);
  }
  const boards = Array.from({ length: 257 }, (_, at) => `Origin,${at},0,0`).join("\n");
  assert.equal(programOf(`Program,P\nBoard,1,1\nPanel,1,1\n${boards}\nDesignator,X,Y\nC1,0,0\n`), undefined);
});

test("what a person has dealt with as a defect is confirmed, by whatever word of CFX", () => {
  const judged = (word: string) =>
    inspectionOf(parseEvidence(`{"InspectedUnits": [{"TotalInspectionCount": 7, "Inspections": [{"DefectsFound": [
      {"Verification": "${word}"}]}]}]}`))?.boards[0];
  for (const word of ["DefectAccepted", "DefectClosed", "DefectConfirmed", "DefectRepaired"]) {
    assert.equal(judged(word)?.calls[0]?.judged, "confirmed", word);
  }
  assert.equal(judged("DefectRejected")?.calls[0]?.judged, "false");
  assert.equal(judged("Strange")?.calls[0]?.judged, "other");
  assert.equal(judged("")?.lookedAt, 7);
});
