/** Where it is told that records of a panel may be of another board of it; each case alone turns the sentence on. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { encodeUtf8 } from "../../src/formats/encoding.ts";
import type { Unit } from "../../src/judge/list.ts";
import { mayHaveNeighbours } from "../../src/judge/neighbours.ts";
import type { OpenedField, OpenedRecord } from "../../src/judge/opened.ts";

type Values = Readonly<Record<string, string>>;

const SN1: Unit = { serial: "SN-1", panel: "PNL7", position: "" };
const SN8: Unit = { serial: "SN-8", panel: "PNL8", position: "" };

/** What shows one board on the panel. */
const ONE: Values = { panel: "PNL7", units: "PNL7\n", verdict: "Passed\n" };

/** Stands for units that are kept from the reader. */
const HIDDEN = "hidden";

function recordOf({ kind = "aoi-report", ...values }: Values, at: number): OpenedRecord {
  const shown = Object.entries(values).filter(([, value]) => value !== HIDDEN);
  const fields = shown.map(([name, value], index): OpenedField => {
    return { index: BigInt(index), name, value: encodeUtf8(value), isKnown: name !== "unit/positions" };
  });
  if (!("units" in values)) fields.push({ index: 20n, name: "units", value: undefined, isKnown: true });
  return { index: BigInt(at + 1), kind, fieldCount: BigInt(fields.length), fields };
}

const isToldOf = (units: readonly Unit[], byPanel: readonly Unit[], ...records: Values[]) =>
  mayHaveNeighbours(units, byPanel, records.map(recordOf));

const isTold = (...records: Values[]) => isToldOf([SN1], [SN1], ...records);

test("a panel that all records show as one board has no neighbour on it", () => {
  assert.equal(isTold(ONE), false);
  assert.equal(isTold({ units: "PNL7\n" }), false);
  // Others that name it may have no unit, one word, and the same place.
  assert.equal(isTold(ONE, { panel: "PNL7" }, { panel: "PNL7", verdict: "Failed\n", "unit/positions": "1\n" }), false);
  assert.equal(isTold({ ...ONE, "unit/positions": "1\n" }, { kind: "review", ...ONE, "verdict/before": "Failed\n", "unit/positions": "1\n" }), false);
  // What is on another panel, or no evidence, says nothing of this one.
  assert.equal(isTold(ONE, { panel: "PNL8", units: "SN-8\nSN-9\n", verdict: "Passed\nFailed\n" }), false);
  assert.equal(isTold(ONE, { kind: "closing", panel: "PNL7", units: "12" }), false);
  assert.equal(isToldOf([SN1, SN8], [SN1], ONE), false);
  assert.equal(isToldOf([SN1, SN8], [SN1, SN8], ONE, { units: "PNL8\n" }), false);
  // Who is found by a name of its own is not asked about.
  assert.equal(isToldOf([SN1], [], { units: "SN-1\n" }), false);
});

test("the list, or any record that is opened, may show that there is another board", () => {
  const two: Unit = { serial: "SN-2", panel: "PNL7", position: "" };
  assert.equal(isToldOf([SN1, two], [SN1, two], ONE), true);
  // Also where the other one is found by its own name.
  assert.equal(isToldOf([SN1, two], [SN1], ONE), true);
  assert.equal(isToldOf([SN1, { serial: "", panel: "PNL7", position: "2" }], [SN1], ONE), true);
  // Another lot's, or one that is no report.
  assert.equal(isTold(ONE, { panel: "PNL7", units: "SN-2\n" }), true);
  assert.equal(isTold(ONE, { kind: "oven-data", panel: "PNL7", units: "SN-2\n" }), true);
  assert.equal(isTold(ONE, { panel: "PNL8", units: "SN-2\nPNL7\n" }), true);
  assert.equal(isTold(ONE, { panel: "PNL7", verdict: "Passed\nFailed\n" }), true);
  assert.equal(isTold(ONE, { kind: "review", panel: "PNL7", "verdict/before": "Passed\nFailed\n" }), true);
  assert.equal(isTold(ONE, { panel: "PNL7", "unit/positions": "1\n2\n" }), true);
  assert.equal(isTold({ ...ONE, "unit/positions": "1\n" }, { ...ONE, "unit/positions": "2\n" }), true);
  assert.equal(isTold(ONE, { units: "PNL7\nPNL7\n" }), true);
  assert.equal(isTold(ONE, { units: "PNL7\nN/A\n" }), true);
  assert.equal(isTold(ONE, { panel: "PNL7", units: "N/A\n" }), true);
  assert.equal(isTold(ONE, { panel: "PNL7", units: "\n" }), true);
});

test("units that are kept from the reader may be other boards", () => {
  assert.equal(isTold(ONE, { panel: "PNL7", units: HIDDEN }), true);
  assert.equal(isTold({ panel: "PNL7", units: HIDDEN, verdict: "Passed\n" }, ONE), true);
  // One that does not show its panel either may be about anything, as a record that is not here.
  assert.equal(isTold(ONE, { units: HIDDEN, verdict: "Passed\n" }), false);
});

test("where no record has the panel as its one unit, nobody says that it is one board", () => {
  assert.equal(isTold({ panel: "PNL7", verdict: "Passed\n" }), true);
  assert.equal(isTold(), true);
  // Each panel counts for itself, and the order of records for nothing.
  assert.equal(isToldOf([SN1, SN8], [SN1, SN8], ONE, { panel: "PNL8" }), true);
  assert.equal(isTold({ panel: "PNL7" }, ONE), false);
});

test("a record with thousands of panels as its units has its lines counted once", () => {
  let counted = 0;
  const many = 2000;
  const units = Array.from({ length: many }, (_, at): Unit => ({ serial: `SN-${at}`, panel: `PNL${at}`, position: "" }));
  const lines = encodeUtf8("1\n".repeat(many));
  const positions: OpenedField = {
    index: 1n,
    name: "unit/positions",
    isKnown: false,
    get value() {
      counted += 1;
      return lines;
    },
  };
  const named = recordOf({ units: units.map(({ panel }) => `${panel}\n`).join("") }, 0);
  assert.equal(mayHaveNeighbours(units, units, [{ ...named, fields: [...named.fields, positions] }]), true);
  assert.equal(counted, 1);
});
