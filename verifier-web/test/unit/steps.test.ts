/** Hostile bundles cost steps in proportion to what they hold: counted by what is read of acts, without a clock. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { encodeUtf8 } from "../../src/formats/encoding.ts";
import { actsOf, boundsOf } from "../../src/judge/acts.ts";
import { Followed } from "../../src/judge/followed.ts";
import type { Unit } from "../../src/judge/list.ts";
import { sayFailed } from "../../src/judge/look.ts";
import { uninspected } from "../../src/judge/looked.ts";
import type { OpenedRecord } from "../../src/judge/opened.ts";
import { Histories, choicesOf } from "../../src/judge/outcomes.ts";
import { Draft, type Act } from "../../src/judge/report.ts";
import { actOf } from "../act.ts";

/** Counts every item that is read of a list of an act, and every list and panel that is asked for. */
class Steps {
  count = 0;

  of(act: Act): Act {
    const lists = { units: this.#list(act.units), verdicts: this.#list(act.verdicts), verdictsBefore: this.#list(act.verdictsBefore) };
    const get = (from: Act, name: string | symbol): unknown => {
      if (["units", "panel", "about"].includes(String(name))) this.count += 1;
      return Reflect.get(from, name) as unknown;
    };
    return new Proxy({ ...act, ...lists }, { get });
  }

  #list(items: readonly string[]): readonly string[] {
    const get = (from: readonly string[], name: string | symbol): unknown => {
      if (typeof name === "string" && /^\d+$/.test(name)) this.count += 1;
      return Reflect.get(from, name) as unknown;
    };
    return new Proxy(items, { get });
  }
}

const MANY = 8000;

const names = Array.from({ length: MANY }, (_, at) => `SN${at}`);

/** A record that opens these fields. */
function recordOf(kind: string, values: Readonly<Record<string, string>>): OpenedRecord {
  const fields = Object.entries(values).map(([name, text], at) =>
    ({ index: BigInt(at), name, isKnown: true, value: encodeUtf8(text) })
  );
  return { index: 1n, kind, fieldCount: BigInt(fields.length), fields };
}

const linesOf = (items: readonly string[]) => items.map((item) => `${item}\n`).join("");

/** The act of a record with these lists, as a bundle's is made. */
function actIn(kind: string, lists: Readonly<Record<string, readonly string[]>>): Act {
  const values = Object.fromEntries(Object.entries(lists).map(([name, items]) => [name, linesOf(items)]));
  const bounds = { place: "aoi 1", ...boundsOf(undefined, undefined) };
  const [act] = actsOf({ recordCount: 2n, records: [recordOf(kind, values)] }, bounds, () => undefined);
  assert.ok(act);
  return act;
}

/** What is said of all that failed, and in how many steps. */
function failedIn(acts: readonly Act[]): { readonly said: string[]; readonly steps: number } {
  const steps = new Steps();
  const draft = new Draft();
  sayFailed(draft, acts.map((act) => steps.of(act)), undefined);
  return { said: draft.look.map(({ code, values }) => [code, ...values].join(" ")), steps: steps.count };
}

test("a record of thousands of boards has its words gone through once, and each board keeps its own", () => {
  const verdicts = names.map((_, at) => (at % 2 === 0 ? "Failed" : "Passed"));
  const each = failedIn([actIn("aoi-report", { units: names, verdict: verdicts })]);
  assert.deepEqual(each.said, [`look-failed ${MANY / 2}`]);
  assert.ok(each.steps < 30 * MANY, `${each.steps}`);
  // Where the words are not told apart, all of them are on each.
  const all = failedIn([actIn("aoi-report", { units: names, verdict: verdicts.slice(1) })]);
  assert.deepEqual(all.said, [`look-failed ${MANY}`]);
  assert.ok(all.steps < 30 * MANY, `${all.steps}`);
  // Likewise what a review names as what stood before it.
  const review = failedIn([actIn("review", { units: names, "verdict/before": verdicts, verdict: names.map(() => "Passed") })]);
  assert.deepEqual(review.said, [`look-passed-by-person ${MANY / 2}`]);
  assert.ok(review.steps < 40 * MANY, `${review.steps}`);
});

test("units to choose from are found to have failed in as many steps as there are names and words", () => {
  const steps = new Steps();
  const act = steps.of(actOf({ units: names, verdicts: names.map((_, at) => (at === 7 ? "Failed" : "Passed")) }));
  const failed = choicesOf([act], new Set(), new Set()).filter(({ isFailed }) => isFailed);
  assert.deepEqual(failed.map(({ unit }) => unit), ["SN7"]);
  assert.ok(steps.count < 30 * MANY, `${steps.count}`);
});

test("boards that share a name keep all words at its places", () => {
  const units = ["PN1", "PN1", "SN2"];
  const { said } = failedIn([actOf({ units, verdicts: ["Passed", "Failed", "Passed"] })]);
  assert.deepEqual(said, ["look-failed 1"]);
});

test("many records on one panel that share their files are followed no further than is allowed", () => {
  const count = 1000;
  const file = "a".repeat(64);
  const named = names.slice(0, count).map((unit, at) =>
    actOf({ units: [unit], panel: "PN1", fileHash: file, verdicts: ["Failed"], index: `${at}` })
  );
  const nameless = names.slice(0, count).map((_, at) => actOf({ kind: "review", about: file, fileHash: file, index: `${at}` }));
  const steps = new Steps();
  const most = 10 * count;
  const histories = new Histories([...named, ...nameless].map((act) => steps.of(act)), most);
  const followed = names.slice(0, count).map((unit) => histories.of(unit)).filter((chain) => chain !== undefined);
  // Of each the records of its panel are looked at, and it is its own and all that name the file alone.
  assert.deepEqual(followed.map((chain) => chain.length), [count + 1, count + 1, count + 1, count + 1]);
  // Their panel, asked for each board of it, is not gone through either once it is too much.
  for (const _ of named) assert.equal(histories.of("PN1"), undefined);
  assert.ok(steps.count < 12 * (most + 2 * count), `${steps.count}`);
});

/** How many items are gone through in lists, copies of them too, and asked for in sets. */
function itemsIn(work: () => void): number {
  let items = 0;
  const [lists, sets] = [Array.prototype, Set.prototype];
  const { concat, every, filter, find, flatMap, includes, map, slice, some } = lists;
  const methods = { concat, every, filter, find, flatMap, includes, map, slice, some };
  // What a spread copies it asks for here, as a loop does.
  const each = lists[Symbol.iterator];
  const { has } = sets;
  const counted = <Given extends unknown[], T>(method: (...given: Given) => T, size: (of: { length?: number }) => number) =>
    function (this: { length?: number }, ...given: Given): T {
      items += size(this);
      return method.apply(this, given);
    };
  const ofList = ({ length = 0 }) => length;
  try {
    for (const [name, method] of Object.entries(methods)) {
      Object.defineProperty(lists, name, { configurable: true, writable: true, value: counted(method as () => unknown, ofList) });
    }
    Object.defineProperty(lists, Symbol.iterator, { configurable: true, writable: true, value: counted(each, ofList) });
    Object.defineProperty(sets, "has", { configurable: true, writable: true, value: counted(has as () => unknown, () => 1) });
    work();
  } finally {
    Object.assign(lists, methods, { [Symbol.iterator]: each });
    Object.assign(sets, { has });
  }
  return items;
}

test("what hangs together is gone through once and not beyond the limit, number for number as by the program", () => {
  const isFollowed = (acts: readonly Act[], most: number, name = "SN1") => new Followed(acts, most).of(name) !== undefined;
  const many = (of: (at: number) => Partial<Act>, count = 500) => Array.from({ length: count }, (_, at) => actOf({ ...of(at), index: `${at}` }));
  const report: Partial<Act> = { units: ["SN1"], verdicts: ["Failed"], fileHash: "f" };
  const about: Partial<Act> = { kind: "review", about: "f", verdicts: ["Passed"] };
  // All reports are of one file, and its reviews are looked up for it once.
  const reviewed = [...many(() => report), ...many(() => about)];
  for (const [most, is] of [[1000, true], [999, false], [499, false]] as const) assert.equal(isFollowed(reviewed, most), is, `${most}`);
  assert.equal(new Followed(reviewed, 1000).of("SN1")?.length, 1000);
  // Panels of a board are compared with what their records name, and that counts too.
  const units = names.slice(0, 40);
  const panels = many((at) => ({ panel: `PN${at}`, units, verdicts: ["Failed"] }), 40);
  const most = 40 + 40 + 40 * 40;
  assert.deepEqual([isFollowed(panels, most), isFollowed(panels, most - 1)], [true, false]);
  // A board with one record costs that and its panel's, and what is of another kind, or about another file, nothing.
  const one = [
    actOf({ panel: "PN1", units: ["SN1"], fileHash: "f" }),
    actOf({ kind: "attachment", panel: "PN1", units: ["SN1"] }),
    actOf({ kind: "review", about: "g" }),
  ];
  assert.deepEqual([isFollowed(one, 2), isFollowed(one, 1)], [true, false]);
  // One about its file makes it compared: 2, then one panel with one unit, then that.
  const followed = [...one, actOf({ kind: "review", about: "f" })];
  assert.deepEqual([isFollowed(followed, 4), isFollowed(followed, 3)], [true, false]);
  // A board that is too much takes nothing from those behind it.
  const both = new Followed([...many(() => report), actOf({ units: ["SN2"] })], 499);
  assert.deepEqual([both.of("SN1"), both.of("SN2")?.length], [undefined, 1]);
});

test("units of the list that are found nowhere count for the limit in their order, and are not told", () => {
  const count = 1000;
  const units = names.slice(0, count);
  // For each board all records, all panels, and every panel in every record: half of what is allowed.
  const acts = units.map((_, at) => actOf({ units, panel: `PN${at}`, verdicts: ["Failed"], index: `${at}` }));
  const listed = names.slice(0, 3).map((serial): Unit => ({ serial, panel: "", position: "" }));
  const told = (list: readonly Unit[], found: readonly Unit[]) => {
    const draft = new Draft();
    sayFailed(draft, acts, list, found);
    return draft.look.map((look) => [look.code, ...look.units].join(" "));
  };
  assert.deepEqual(told(listed, listed), ["look-failed SN0", "look-unfollowed SN1 SN2"]);
  assert.deepEqual(told(listed, listed.slice(1)), ["look-unfollowed SN1 SN2"]);
  assert.deepEqual(told(listed.slice(1), listed.slice(1)), ["look-failed SN1", "look-unfollowed SN2"]);
});

test("boards that failed are put together in steps as many as there are boards", () => {
  const stepsOf = (count: number) => {
    const units = names.slice(0, count);
    const acts = [actIn("aoi-report", { units, verdict: units.map(() => "Failed") })];
    const draft = new Draft();
    const items = itemsIn(() => sayFailed(draft, acts, undefined));
    assert.deepEqual(draft.look[0]?.units.length, count);
    return items;
  };
  const [some, twice] = [stepsOf(MANY / 4), stepsOf(MANY / 2)];
  assert.ok(twice < 3 * some, `${some} ${twice}`);
});

test("whether units were inspected is found in steps as many as there are names, however they lie on panels", () => {
  const record = (kind: string, panel: string, units: readonly string[]) => recordOf(kind, { panel, units: linesOf(units) });
  const own = (count: number) => names.slice(0, count);
  const onOne = (count: number) => own(count).map((serial): Unit => ({ serial, panel: "PN1", position: "" }));
  const onPanels = (count: number) => own(count).map((serial, at): Unit => ({ serial, panel: `PN${at}`, position: "" }));
  const panels = (count: number) => own(count).map((_, at) => `PN${at}`);
  const onEach = (count: number) => panels(count).flatMap((panel) =>
    own(count).map((serial): Unit => ({ serial: `${panel}-${serial}`, panel, position: "" }))
  );
  const many = (count: number, of: () => OpenedRecord) => own(count).map(of);
  // Units and records of a count, how many are found then, and how often both are there in twice as many.
  const cases: readonly (readonly [string, number, (count: number) => Unit[], (count: number) => OpenedRecord[], number, number])[] = [
    ["one record of all boards", 2000, onOne, (count) => [record("spi-report", "PN1", own(count))], 2000, 2],
    ["one record of all panels", 2000, onPanels, (count) => [record("spi-report", "", panels(count))], 2000, 2],
    ["many records of one panel", 2000, onOne, (count) => many(count, () => record("spi-report", "PN1", ["PN1"])), 2000, 2],
    ["many records of one board on it", 2000, onOne, (count) => many(count, () => record("spi-report", "PN1", ["X1"])), 0, 2],
    ["many records of all panels, each with many boards", 40, onEach, (count) => many(count, () => record("spi-report", "", panels(count))), 1600, 4],
  ];
  for (const [what, count, unitsOf, recordsOf, expected, more] of cases) {
    const stepsOf = (size: number) => {
      const [units, records] = [unitsOf(size), recordsOf(size)];
      let found = 0;
      const items = itemsIn(() => {
        found = uninspected(units, records).length;
      });
      if (size === count) assert.equal(found, expected, what);
      return items;
    };
    const [once, twice] = [stepsOf(count), stepsOf(2 * count)];
    assert.ok(twice < 1.3 * more * once, `${what}: ${once} ${twice}`);
  }
});
