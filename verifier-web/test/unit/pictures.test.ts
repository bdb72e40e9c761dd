/** What pictures are made from: samples of machines, figures of curves, and files that are none. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { figuresOf, samplesOf, type Sample } from "../../src/evidence/figures.ts";
import { inspectionOf } from "../../src/evidence/inspection.ts";
import { ovenOf, traceOf } from "../../src/evidence/profile.ts";
import { placeOf, programOf, windowNamed, windowOf } from "../../src/evidence/program.ts";
import { tableInspectionOf } from "../../src/evidence/table.ts";
import { textOf } from "../../src/evidence/text.ts";
import { parseEvidence } from "../../src/evidence/values.ts";
import { limitsBeside, pathOf } from "../../src/page/pictures/curve.ts";
import { programMeant, readEvidence } from "../../src/page/pictures/gallery.ts";
import { encodeUtf8 } from "../../src/formats/encoding.ts";
import type { Act } from "../../src/judge/report.ts";
import { actOf } from "../act.ts";
import { ROOT } from "../vector.ts";

const sample = (name: string) => new Uint8Array(readFileSync(join(ROOT, "tests/samples", name)));
const agents = (name: string) =>
  new Uint8Array(readFileSync(join(ROOT, "evidence-agent/tests/samples", name)));

async function json(bytes: Uint8Array) {
  return parseEvidence((await textOf(bytes)) ?? "");
}

test("an inspection says where each call is, and what became of it", async () => {
  const inspection = inspectionOf(await json(sample("aoi-panel-failed.json")));
  assert.deepEqual(inspection?.boards.map((board) => [board.position, board.calls.length]), [
    ["1", 0],
    ["2", 2],
    ["3", 0],
  ]);
  const [call] = inspection?.boards[1]?.calls ?? [];
  assert.equal(call?.designator, "C14");
  assert.equal(call?.confidence, 93.5);
  assert.equal(call?.judged, "open");
  assert.deepEqual(call?.region, [[41.3, 18.7], [42.5, 18.7], [42.5, 19.5], [41.3, 19.5]]);
  // In its envelope, and compressed, it is the same.
  const again = inspectionOf(await json(new Uint8Array(gzipSync(sample("aoi-panel-failed.json")))));
  assert.deepEqual(again, inspection);
  const second = inspectionOf(await json(sample("aoi-panel-second-attempt.json")));
  assert.ok(second);
  assert.equal(inspectionOf(await json(sample("repair.json"))), undefined);
});

test("a region that nobody has set is no position, and a place beyond any board neither", () => {
  const call = (region: string, place = "null") =>
    inspectionOf(parseEvidence(`{"InspectedUnits": [{"Inspections": [{"DefectsFound": [{
      "RegionOfInterest": ${region}, "ComponentOfInterest": {"UnitPosition": ${place}}}]}]}]}`))
      ?.boards[0]?.calls[0]?.region;
  assert.deepEqual(call('{"StartPointX": 0.0, "StartPointY": 0.0, "RegionSegments": []}'), []);
  assert.deepEqual(call("null", '{"X": 3, "Y": 4.5}'), [[3, 4.5]]);
  assert.deepEqual(call("null", '{"X": 1e9, "Y": 4.5}'), []);
  assert.deepEqual(call('{"StartPointX": "1", "StartPointY": 2}'), []);
});

test("evidence that names a member twice, or is nested without end, is not read", () => {
  assert.equal(parseEvidence('{"InspectedUnits": [], "InspectedUnits": []}'), undefined);
  assert.equal(parseEvidence("[".repeat(500) + "]".repeat(500)), undefined);
  assert.equal(parseEvidence("{"), undefined);
  assert.equal(parseEvidence("[1e999]"), undefined);
  assert.deepEqual(parseEvidence("[1.5, -2e-3, 9007199254740993]"), [1.5, -0.002, 9007199254740993n]);
});

test("tables of called parts are read by their headings, as the program reads them", async () => {
  const read = async (name: string) => {
    const found = readEvidence((await textOf(agents(name))) ?? "");
    assert.ok(found?.kind === "inspection", name);
    return found.inspection.boards;
  };
  const boards = await read("domestic-like.csv");
  assert.equal(boards.length, 3);
  const [call] = boards[1]?.calls ?? [];
  assert.deepEqual([call?.designator, call?.what, call?.region], ["C14", "TMB01 立碑", [[12.5, 8.25]]]);
  const reviewed = (await read("domestic-like-review.csv")).flatMap(({ calls }) => calls);
  assert.deepEqual(reviewed.map(({ judged }) => judged), ["confirmed", "false"]);
  const omron = await read("AOI7_L0055_PNL0099123_REFLOW_TOP_20260302081558.csv");
  assert.equal(omron[0]?.calls.length, 3);
  const quoted = tableInspectionOf('a\r\n\r\nComponentID,Result,Defect\n"R""1, x",NG,"two\nlines"\nR2,OK');
  assert.deepEqual(quoted?.boards[0]?.calls.map(({ designator, what, judged }) => [designator, what, judged]), [
    ['R"1, x', "two\nlines", "open"],
    ["R2", "", "false"],
  ]);
  const many = Array.from({ length: 257 }, (_, at) => `${at},R1,NG\n`).join("");
  for (const text of ["", "a,b\n1,2\n", "ComponentID,Defect\nR1,x\n", `SegmentNo,ComponentID,Result\n${many}`]) {
    assert.equal(tableInspectionOf(text), undefined, text.slice(0, 40));
  }
  assert.equal(readEvidence((await textOf(agents("kic-like.csv"))) ?? "")?.kind, "profile");
});

test("an outline is that of the very program which a record names by its hash", () => {
  const act = (kind: string, fileHash: string, programHash: string, isEnclosed = true) =>
    actOf({
      kind,
      fileHash,
      programHash,
      exhibit: isEnclosed ? { given: "b.zip", start: 0, size: 1, sha256: fileHash } : undefined,
    });
  const [first, second, third] = [act("program", "1", ""), act("program", "2", ""), act("program", "3", "", false)];
  const acts = [first, second, third, act("aoi-report", "4", "")];
  assert.equal(programMeant(act("aoi-report", "9", "2"), acts), second);
  // Another revision of it, one that is not enclosed, a report, and none.
  for (const hash of ["5", "3", "4", ""]) {
    assert.equal(programMeant(act("aoi-report", "9", hash), acts), undefined, hash);
  }
});

test("of a record that names no file of its program the outline is that of the only one of its name", () => {
  const program = (fileHash: string, more: Partial<Act> = {}) =>
    actOf({ kind: "program", program: "P1_TOP", fileHash, exhibit: { given: "b.zip", start: 0, size: 1, sha256: fileHash }, ...more });
  const report = actOf({ program: "P1_TOP", isVersionless: true });
  const [first, again, other] = [program("1"), program("1"), program("2")];
  assert.equal(programMeant(report, [first]), first);
  assert.equal(programMeant(report, [first, again]), first);
  // Another one of that name leaves a doubt, enclosed or not, and so does one whose file is not named.
  for (const more of [other, program("2", { exhibit: undefined }), program("", { exhibit: undefined })]) {
    assert.equal(programMeant(report, [first, more]), undefined);
  }
  // Not that of another name or source, nor one that is not enclosed; nor where the report may name a file.
  assert.equal(programMeant({ ...report, program: "P2" }, [first]), undefined);
  assert.equal(programMeant({ ...report, place: "other 1" }, [first]), undefined);
  assert.equal(programMeant(report, [program("1", { exhibit: undefined })]), undefined);
  assert.equal(programMeant({ ...report, isVersionless: false }, [first]), undefined);
  assert.equal(programMeant({ ...report, programHash: "9" }, [first]), undefined);
});

test("a program gives outline and positions, pin by pin", () => {
  const text = "Program,P1\r\nRevision,3\r\nBoard,64.00,52.00\r\nPanel,130,62\r\n" +
    "Designator,PartNumber,Package,X,Y,Rotation,Pins\r\nC1,41,0402,4.20,4.10,90,2\r\nU2,8,Q,30,20,0,48\r\n";
  const program = programOf(text);
  assert.deepEqual(program?.board, [64, 52]);
  assert.deepEqual(program && placeOf(program, "C1"), [4.2, 4.1]);
  assert.deepEqual(program && placeOf(program, "U2.11-12"), [30, 20]);
  assert.equal(program && placeOf(program, "R9"), undefined);
  assert.equal(programOf(`${text}C1,41,0402,9,9,90,2\r\n`), undefined);
  assert.equal(programOf(text.replace("Board,64.00,52.00\r\n", "")), undefined);
  assert.equal(programOf("OvenRecipe,SAC305\r\n"), undefined);
});

test("traces are read with their decimal commas, and cells without a number are counted", async () => {
  const kic = traceOf((await textOf(agents("kic-like.csv"))) ?? "");
  assert.deepEqual(kic?.channels.map(({ name }) => name), ["TC1 BGA", "TC2 board", "TC3 edge", "TC4 air"]);
  assert.deepEqual(kic?.times, [0, 0.5, 1, 120, 240, 338]);
  assert.deepEqual([...(kic?.missing ?? [])], [["*OC*", 2]]);
  assert.ok(kic?.stated.some(([name, value]) => name === "PWI" && value === "71.2"));
  const datapaq = traceOf((await textOf(agents("datapaq-like.csv"))) ?? "");
  assert.deepEqual(datapaq?.channels[1]?.samples, [25, undefined, 25.9, 241.7]);
  assert.deepEqual([...(datapaq?.missing ?? [])], [["*NA*", 1], ["*OC*", 1], ["*LO*", 1], ["***", 1], ["*HI*", 1]]);
  assert.ok(datapaq?.stated.some(([name, value]) => name === "Bediener" && value === "Köhler"));
  const gbk = traceOf((await textOf(agents("kic-like-gbk.csv"))) ?? "");
  assert.ok(gbk?.stated.some(([name, value]) => name === "Result" && value === "合格"));
  // Every one is counted, also where there are more words for it than are told apart.
  const rows = Array.from({ length: 60 }, (_, at) => `${at},w${at % 20}\n`);
  const missing = traceOf(`Time,TC1\n${rows.join("")}`)?.missing;
  assert.deepEqual(["w0", "…", "w19"].map((word) => missing?.get(word)), [3, 12, undefined]);
  assert.equal(traceOf((await textOf(agents("t-962-like.csv"))) ?? "")?.channels.length, 4);
  for (const text of ["", "a,b\n1,2\n", "Time,TC1\n", "Time,TC1\n1,20\n1,21\n", "Time,TC1\n2,20\n1,21\n"]) {
    assert.equal(traceOf(text), undefined, text);
  }
});

test("figures of each channel stand with their window", () => {
  const text = "PWI: 71.2\r\nPeak (°C): 235.0,255.0,241.70,243.10\r\n" +
    "Time above 217 °C (s): 40.0,90.0,55.50,54.00\r\nTime (s),TC1,TC2\r\n0.0,25,25\r\n0.5,26,26\r\n";
  const profile = traceOf(text);
  assert.deepEqual(profile?.figures, [
    { name: "Peak (°C)", limits: [235, 255], values: ["241.70", "243.10"] },
    { name: "Time above 217 °C (s)", limits: [40, 90], values: ["55.50", "54.00"] },
  ]);
  assert.deepEqual(profile?.stated, [["PWI", "71.2"]]);
});

test("deposits of solder paste that are not good are calls at their places", async () => {
  const text = (await textOf(sample("spi-panel.json"))) ?? "";
  const sound = inspectionOf(parseEvidence(text))?.boards[0];
  assert.deepEqual(sound?.deposits, { measured: 3, bad: 0 });
  assert.deepEqual(sound?.calls, []);
  const at = text.lastIndexOf('"Result": "Passed"');
  const failed = `${text.slice(0, at)}"Result": "Failed"${text.slice(at + '"Result": "Passed"'.length)}`;
  const bad = inspectionOf(parseEvidence(failed))?.boards[0];
  assert.deepEqual(bad?.deposits, { measured: 3, bad: 1 });
  const [call] = bad?.calls ?? [];
  assert.deepEqual([call?.designator, call?.what, call?.judged], ["U2.11", "Failed", "open"]);
  assert.deepEqual(call?.region, [[62.14, 33.41]]);
  assert.deepEqual(call?.paste?.volume, { value: 0.104, expected: 0.098 });
  assert.deepEqual(call?.paste?.offset, [0.04, 0.01]);
  // On the very corner nothing was set, and without a volume it is no deposit.
  const corner = failed.replaceAll("62.14", "0").replaceAll("33.41", "0");
  assert.deepEqual(inspectionOf(parseEvidence(corner))?.boards[0]?.calls[0]?.region, []);
  const none = failed.replaceAll('"Vol"', '"V"').replaceAll('"EVol"', '"EV"');
  assert.deepEqual(inspectionOf(parseEvidence(none))?.boards[0]?.deposits, { measured: 0, bad: 0 });
});

test("a temperature that no oven has is none, so that every drawing ends", () => {
  const read = (celsius: string) =>
    ovenOf(parseEvidence(`{"CommonProcessData": {"ZoneData": [{"Setpoints": [
      {"SetpointType": "Temperature", "SubZone": "Top", "Setpoint": ${celsius}}]}]}}`))?.zones[0]?.setpoints;
  assert.deepEqual(read("2000"), [["Top", 2000]]);
  for (const far of ["2000.5", "-300.5", "1.5e300", "123456789012345"]) assert.deepEqual(read(far) ?? [], []);
});

test("an oven's zones are read from CFX, and there is no curve in them", async () => {
  const oven = ovenOf(await json(sample("reflow-profile.json")));
  assert.ok((oven?.zones.length ?? 0) > 3);
  assert.deepEqual(oven?.zones[0]?.setpoints, [["Top", 150], ["Bottom", 150]]);
  assert.ok(oven?.stated.some(([name, value]) => name === "ProductionUnitPWI" && value === "71.2"));
  assert.deepEqual(oven?.channels, []);
  const data = ovenOf(await json(sample("reflow-oven-data.json")));
  assert.deepEqual(data?.zones[0]?.others, [{ name: "O2 WholeZone", setpoint: undefined, reading: 442 }]);
  assert.ok(data?.zones[0]?.readings.every(([, celsius]) => celsius < 200), "oxygen is no temperature");
  assert.equal(ovenOf(await json(sample("aoi-panel-failed.json"))), undefined);
});

/** Straight lines between corners, a sample every half second. */
function curve(...corners: Sample[]): Sample[] {
  const samples: Sample[] = [];
  const end = corners.at(-1)?.[0] ?? 0;
  for (let time = 0; time <= end; time += 0.5) {
    const after = Math.max(1, corners.findIndex(([at]) => at >= time));
    const [[t0, c0], [t1, c1]] = [corners[after - 1], corners[after]] as [Sample, Sample];
    samples.push([time, c0 + ((c1 - c0) * (time - t0)) / (t1 - t0)]);
  }
  return samples;
}

test("figures are those of the curve", () => {
  // 2 °C/s to 150, 80 s of soak to 200, up to 240 in 40 s, down by 3 °C/s.
  const there = curve([0, 30], [60, 150], [140, 200], [180, 240], [240, 60]);
  const figures = figuresOf(there);
  const near = (have: number | undefined, want: number) =>
    assert.ok(have !== undefined && Math.abs(have - want) < 0.01, `${have} is not ${want}`);
  near(figures.ramp, 2);
  near(figures.soak, 80);
  near(figures.peak, 240);
  // 23 s on the way up, 23/3 s on the way down.
  near(figures.above, 23 + 23 / 3);
  near(figures.fall, -3);
});

test("over a gap nothing is computed but the peak, and no line is drawn", () => {
  const there = curve([0, 30], [60, 150], [140, 200], [180, 240], [240, 60]);
  const figures = figuresOf(there.filter(([time]) => time < 100 || time > 106));
  assert.deepEqual({ ...figures, peak: 0 }, { ramp: undefined, soak: undefined, above: undefined, fall: undefined, peak: 0 });
  assert.equal(figures.peak, 240);
  assert.equal(figuresOf([]).peak, undefined);
  assert.deepEqual(samplesOf([0, 1, 2], [5, undefined, 6]), [[0, 5], [2, 6]]);
  const same = (value: number) => value;
  assert.equal(pathOf([0, 1, 2, 3], [1, undefined, 3, 4], same, same), "M0.0 1.0M2.0 3.0L3.0 4.0");
  assert.equal(pathOf([0, 1, 9], [1, 2, 3], same, same), "M0.0 1.0L1.0 2.0M9.0 3.0");
});

test("what is no text, damaged or too long is not read", async () => {
  assert.equal(await textOf(Uint8Array.of(0x41, 0, 0x42)), undefined);
  assert.equal(await textOf(Uint8Array.of(0x1f, 0x8b, 8, 0, 1, 2, 3)), undefined);
  const bomb = new Uint8Array(gzipSync(new Uint8Array(17 * 1024 * 1024).fill(0x41)));
  assert.ok(bomb.length < 100_000);
  assert.equal(await textOf(bomb), undefined);
  assert.equal(await textOf(encodeUtf8("\ufeffabc")), "abc");
});

test("limits that a profile does not state are those of the recipe with the window that its record names", () => {
  const recipe = "OvenRecipe,A\r\nWindow,W\r\nFigure,Low,High,Unit\r\nPeak,235.0,255.0,C\r\nSoak,60,120,s\r\n";
  const window = windowOf(recipe);
  assert.ok(window);
  assert.deepEqual([window.name, ...window.limits], ["W", ["Peak", [235, 255]], ["Soak", [60, 120]]]);
  for (const text of [
    "",
    recipe.replace("OvenRecipe", "Program"),
    recipe.replace("Window,W", ""),
    `${recipe}Window,V\r\n`,
    recipe.replace("255.0", "hot"),
    "OvenRecipe,A\nWindow,W\n",
  ]) {
    assert.equal(windowOf(text), undefined, text);
  }
  const other = windowOf(recipe.replace("255.0", "260.0"));
  assert.ok(other);
  assert.equal(windowNamed("W", [window, window]), window);
  assert.equal(windowNamed("V", [window]), undefined);
  assert.equal(windowNamed("W", [window, other]), undefined);

  const bare = traceOf("Time,Temp1\n0,25\n1,26\n");
  assert.ok(bare);
  assert.deepEqual(limitsBeside(bare, window, "peak"), { limits: [235, 255], isRecipes: true });
  assert.equal(limitsBeside(bare, window, "above"), undefined);
  assert.equal(limitsBeside(bare, undefined, "peak"), undefined);
  const stating = traceOf("Peak:230,250,241\nTime,Temp1\n0,25\n1,26\n");
  assert.ok(stating);
  assert.deepEqual(limitsBeside(stating, window, "peak"), { limits: [230, 250], isRecipes: false });
});
