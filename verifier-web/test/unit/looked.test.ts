/** Units that no machine has inspected: the cases are those of `verifier-cli/src/reconcile/looked.rs`. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { encodeUtf8 } from "../../src/formats/encoding.ts";
import { calledOf } from "../../src/judge/list.ts";
import { lackingIn, sayLooked, sayShown, uninspected } from "../../src/judge/looked.ts";
import type { OpenedRecord } from "../../src/judge/opened.ts";
import { Draft } from "../../src/judge/report.ts";

const record = (kind: string, panel: string, units: string): OpenedRecord => {
  const field = (name: string, text: string) => ({ index: 1n, name, isKnown: true, value: encodeUtf8(text) });
  return { index: 1n, kind, fieldCount: 2n, fields: [field("panel", panel), field("units", units)] };
};

const serials = (units: readonly (readonly [string, string])[], ...records: OpenedRecord[]) =>
  uninspected(units.map(([serial, panel]) => ({ serial, panel, position: "" })), records).map(calledOf);

test("a unit is without inspection where reconciliation says so", () => {
  const records = [
    record("aoi-report", "PN1", "PN1\n"),
    record("spi-report", "PN2", "PN2\n"),
    record("oven-data", "PN2", "PN2\n"),
    record("review", "PN3", "SN3\n"),
    // The report on a panel says nothing of a board that is not among those that it names.
    record("aoi-report", "PN4", "SN4\n"),
    record("repair", "PN4", "SN5\n"),
  ];
  const units = [["SN1", "PN1"], ["SN2", "PN2"], ["SN3", ""], ["SN4", "PN4"], ["SN5", "PN4"], ["SN9", ""]] as const;
  // Nothing at all is found of SN9: that is said elsewhere.
  assert.deepEqual(serials(units, ...records), ["SN2", "SN3", "SN5"]);
  // Rows without a serial are as many units, each by its panel; an empty name of a record is none of theirs.
  assert.deepEqual(serials([["", "PN1"], ["", "PN2"]], ...records), ["PN2"]);
  assert.deepEqual(serials([["", "PN1"]], record("spi-report", "PN1", "PN1\n"), record("aoi-report", "PN1", "SN2\n\n")), ["PN1"]);
  assert.deepEqual(serials([["", "PN1"]], record("spi-report", "PN1", "PN1\n"), record("aoi-report", "PN1", "N/A\n\n")), []);
});

test("a panel is found by a look, and what several panels share is no board of one of them", () => {
  const paste = record("spi-report", "PN1", "SN1\n");
  // The panel's own report names no board.
  assert.deepEqual(serials([["SN1", ""]], paste, record("aoi-report", "PN1", "PN1\n")), []);
  const shared = [record("spi-report", "PN1", "L7\n"), record("aoi-report", "PN2", "L7\n")];
  assert.deepEqual(serials([["SN1", "PN1"]], ...shared), ["SN1"]);
  assert.deepEqual(serials([["SN1", "PN2"]], ...shared), []);
  // A unit of which no panel is known may be one itself; what could not be read names nobody, and a closing none.
  assert.deepEqual(serials([["PN1", ""]], record("aoi-report", "PN1", "SN1\n")), []);
  assert.deepEqual(serials([["N/A", "NOREAD"]], record("spi-report", "NOREAD", "N/A\n")), []);
  assert.deepEqual(serials([["12", ""]], record("closing", "", "12")), []);
});

test("units without an inspection are named, and many are counted", () => {
  const told = (count: number) => {
    const units = Array.from({ length: 12 }, (_, at) => ({ serial: `SN${at}`, panel: "", position: "" }));
    const draft = new Draft();
    sayLooked(draft, units, units.slice(0, count).map(({ serial }) => record("spi-report", "", `${serial}\n`)));
    assert.ok(draft.isInOrder);
    assert.equal(draft.lacking.length, count);
    assert.deepEqual(draft.look.flatMap(({ details }) => details.map(({ code, values }) => [code, ...values])), count > 0 ? [["look-ask-report", `${count}`]] : []);
    assert.deepEqual(draft.notChecked.map(({ code }) => code), count > 0 ? ["open-reconcile"] : []);
    return draft.reasons.map(({ code, values }) => [code, ...values]);
  };
  assert.deepEqual(told(0), []);
  assert.deepEqual(told(2), [["own-not-inspected", "2", "12", "SN0, SN1"]]);
  const names = Array.from({ length: 10 }, (_, at) => `SN${at}`).join(", ");
  assert.deepEqual(told(11), [["own-not-inspected", "11", "12", `${names} (+1)`]]);
});

test("without a list what no machine inspected is told where others were", () => {
  const told = (...records: (readonly [string, string, string])[]) => {
    const { all, lacking } = lackingIn(records.map(([kind, panel, units]) => record(kind, panel, units.replaceAll(" ", "\n"))));
    return [all, lacking.join(" ")];
  };
  const [aoi, paste, repair] = ["aoi-report", "spi-report", "repair"] as const;
  assert.deepEqual(told([aoi, "PN1", "PN1"], [paste, "PN2", "PN2"]), [2, "PN2"]);
  // Where none is, nobody knows of a machine that should have.
  assert.deepEqual(told([paste, "PN1", "PN1"], [paste, "PN2", "PN2"]), [2, ""]);
  assert.deepEqual(told(), [0, ""]);
  // Where there is one they are told, be it all of them: a report that names nobody, or what several panels share, is none of theirs.
  for (const [panel, units] of [["", ""], ["", "N/A"], ["NOREAD", "N/A"]] as const) {
    assert.deepEqual(told([paste, "PN1", "SN1"], [paste, "PN2", "SN2"], [aoi, panel, units]), [2, "SN1 SN2"], `${panel} ${units}`);
  }
  assert.deepEqual(told([paste, "PN1", "L7"], [paste, "PN2", "L7"], [aoi, "", "L7"]), [2, "PN1 PN2"]);
  // A report on the panel is one on its boards, unless it names some of them.
  assert.deepEqual(told([paste, "PN1", "SN1 SN2"], [aoi, "PN1", "PN1"]), [2, ""]);
  assert.deepEqual(told([repair, "PN1", "SN1 SN2"], [aoi, "PN1", "SN1"]), [2, "SN2"]);
  assert.deepEqual(told([paste, "", "PN1"], [aoi, "PN1", "SN1"]), [1, ""]);
  // What several panels share is the name of no board.
  assert.deepEqual(told([aoi, "PN1", "L7"], [paste, "PN2", "L7"], [paste, "PN3", ""]), [3, "PN2 PN3"]);

  // Where some have a report, those that lack one are told, and not that there is none.
  const draft = new Draft();
  sayShown(draft, [record(aoi, "PN1", "PN1\n"), record(paste, "PN2", "PN2\n")]);
  assert.deepEqual(draft.notChecked.map(({ code, values }) => [code, ...values]), [["open-not-inspected", "2", "1", "PN2"], ["open-reconcile"]]);
  assert.deepEqual([draft.lacking, draft.reasons], [["PN2"], []]);
  assert.deepEqual(draft.look.map(({ code }) => code), ["look-not-inspected"]);
});

test("without a list it is told where boards are named and no report of a machine that inspects is shown", () => {
  const told = (...records: OpenedRecord[]) => {
    const draft = new Draft();
    sayShown(draft, records);
    assert.deepEqual([draft.lacking, draft.reasons, draft.notChecked], [[], [], []]);
    return draft.look.map(({ code, values, units, details }) => [code, ...values, ...units, ...details.map((detail) => detail.code)].join(" "));
  };
  for (const kind of ["oven-data", "repair", "review", "spi-report"]) {
    assert.deepEqual(told(record(kind, "", "SN1\n")), ["look-no-report"], kind);
    assert.deepEqual(told(record(kind, "PN1", "")), ["look-no-report"], kind);
  }
  // Two panels that are called each other's boards are named all the same.
  assert.deepEqual(told(record("repair", "PN1", "PN2\n"), record("repair", "PN2", "PN1\n")), ["look-no-report"]);
  assert.deepEqual(told(record("spi-report", "", "SN1\n"), record("aoi-report", "", "SN1\n")), []);
  // Where one names nobody it is not said that there is none, and of every board that it lacks one.
  const draft = new Draft();
  sayShown(draft, [record("spi-report", "", "SN1\nSN2\n"), record("aoi-report", "", "")]);
  assert.deepEqual(draft.look.map(({ code, values, units }) => [code, ...values, ...units]), [["look-not-inspected", "2", "SN1", "SN2"]]);
  assert.deepEqual(draft.lacking, ["SN1", "SN2"]);
  assert.deepEqual(draft.notChecked.map(({ code, values }) => [code, ...values]), [["open-not-inspected", "2", "2", "SN1, SN2"], ["open-reconcile"]]);
  // What names no board, or is about none, asks for no report.
  assert.deepEqual(told(record("spi-report", "NOREAD", "N/A\n\n")), []);
  assert.deepEqual(told(record("program", "PN1", "SN1\n"), record("attachment", "PN1", ""), record("closing", "", "12")), []);
  assert.deepEqual(told(), []);
});
