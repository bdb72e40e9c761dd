/** How the reader's own units are found, case for case as in `verifier-cli/src/dossier/own/found.rs`. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { concat } from "../../src/crypto/bytes.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { encodeUtf8 } from "../../src/formats/encoding.ts";
import { encodeHex } from "../../src/formats/hex.ts";
import { Boards, Named } from "../../src/judge/found.ts";
import type { Given } from "../../src/judge/given.ts";
import { calledOf, namesOf, readList } from "../../src/judge/list.ts";
import type { OpenedRecord } from "../../src/judge/opened.ts";
import { Stop, type Report } from "../../src/judge/report.ts";
import { judge } from "../../src/judge/verify.ts";
import { firstLines, wordOf } from "../../src/page/result.ts";
import { Speaker } from "../../src/page/speaker.ts";
import { LOT_KEY, makeBundle, makeRange, partsOf, pinsFrom, tagOf } from "../maker-bundle.ts";
import { NOTHING_ELSE, POLICY, SIGNERS, anchor } from "../maker.ts";

const HASH = sha256(encodeUtf8("a report"));

type Values = Readonly<Record<string, string>>;

function recordOf(values: Values, at: number): OpenedRecord {
  const fields = Object.entries(values).map(([name, value], index) => {
    return { index: BigInt(index), name, value: encodeUtf8(value), isKnown: true };
  });
  return { index: BigInt(at + 1), kind: "aoi-report", fieldCount: BigInt(fields.length), fields };
}

/** How each unit of a list is found in records that are read by name, and in the same by their tags. */
function found(units: readonly (readonly [string, string])[], records: readonly Values[]): string[][] {
  const list = units.map(([serial, panel]) => ({ serial, panel, position: "" }));
  const opened = records.map(recordOf);
  const boards = new Boards(list, opened);
  const [byName, byTag] = [new Named(boards), new Named(boards)];
  for (const record of opened) {
    byName.add(record);
    byTag.addTagged(record);
  }
  return [byName, byTag].map((named) => list.map((unit) => named.of(unit)));
}

const PANEL = { panel: "PNL7" };

test("a panel with boards of its own finds no board that is not among them", () => {
  const units = [["SN-1", "PNL7"], ["SN-GHOST", "PNL7"]] as const;
  const [, ghost] = units;
  const report = { ...PANEL, units: "SN-1\nSN-2\n" };
  assert.deepEqual(found(units, [report])[0], ["named", "missing"]);
  // Nor where the list does not have these boards: the report itself puts them on the panel.
  assert.deepEqual(found([ghost], [report])[0], ["missing"]);
  const beside = { units: "PNL7\nSN-2\n" };
  assert.deepEqual(found([ghost], [report, beside]), [["missing"], ["missing"]]);
  const both = ["named", "missing"];
  assert.deepEqual(found(units, [{ units: "PNL7\nSN-1\n" }]), [both, both]);
});

test("a panel that is named alone finds its boards and names none", () => {
  const units = [["SN-1", "PNL7"], ["SN-2", "PNL7"], ["SN-3", "PNL8"]] as const;
  const alone = { ...PANEL, units: "PNL7\nPNL7\n" };
  const panels = ["by-panel", "by-panel", "missing"];
  assert.deepEqual(found(units, [alone]), [panels, panels]);
  // The panel of a record is no unit of it, and has no tag.
  assert.deepEqual(found([units[0]], [PANEL]), [["by-panel"], ["missing"]]);
  assert.deepEqual(found(units, [alone, { ...PANEL, units: "SN-1\n" }])[0], ["named", "by-panel", "missing"]);
  // What several panels have is the name of no board of one of them, and what could not be read is none.
  const shared = { ...PANEL, units: "N/A\nL7\n" };
  const other = { panel: "PNL8", units: "L7\n" };
  assert.deepEqual(found(units, [shared, other])[0], ["by-panel", "by-panel", "by-panel"]);
  assert.deepEqual(found(units, [shared])[0], ["missing", "missing", "missing"]);
});

test("a unit without a serial is found by its panel alone", () => {
  const units = [["", "PNL7"], ["", "PNL8"], ["SN-3", "PNL8"]] as const;
  const alone = { ...PANEL, units: "PNL7\nN/A\n\n" };
  const missing = ["by-panel", "missing", "missing"];
  assert.deepEqual(found(units, [alone]), [missing, missing]);
  // A board that was not read, on any panel, is none of another; one that is named is not the one meant.
  const unread = { panel: "PNL8", units: "N/A\n\n" };
  assert.deepEqual(found(units, [alone, unread])[0], ["by-panel", "by-panel", "by-panel"]);
  assert.deepEqual(found(units, [alone, { panel: "PNL8", units: "SN-3\n" }])[0], ["by-panel", "missing", "named"]);
});

test("a row with a placeholder is known by its panel and its position there", () => {
  const unitsOf = (text: string) => readList(encodeUtf8(text)).units;
  for (const none of ["N/A", "n/a", "NA", "-", "--", "", "none", "None", "NOREAD", "#N/A", "无"]) {
    const units = unitsOf(`serial,panel,position\n${none},PN1,-\n${none},PN2,1\n${none},PN2,2\nSN1,PN2,3\n`);
    assert.deepEqual(units.map(calledOf), ["PN1", "PN2 #1", "PN2 #2", "SN1"], none);
    assert.deepEqual(units.slice(0, 2).map(namesOf), [["PN1"], ["PN2"]]);
  }
  assert.equal(unitsOf("serial,panel,position\nN/A,PN1,1\n-,PN1,1\n").length, 1);
  assert.deepEqual(unitsOf("serial,panel\nNA1,PN1\nNONE-2,PN1\n0,PN1\n").map(calledOf), ["NA1", "NONE-2", "0"]);
  // What nothing is known by is refused with its line.
  for (const [text, code, line] of [
    ["SN1\nN/A\n", "list-no-serial", "2"],
    ["serial,lot\nSN1,L7\n\nnone,L7\n", "list-no-serial", "4"],
    ["serial,panel\nN/A,NOREAD\n", "list-no-serial", "2"],
    ["serial,panel,position\n-,PN1,\n-,PN1,\n", "list-no-position", "3"],
  ] as const) {
    const isSaid = (error: unknown) =>
      error instanceof Stop && error.reasons[0]?.code === code && error.reasons[0].values[0] === line;
    assert.throws(() => unitsOf(text), isSaid, text);
  }
});

test("a panel that is shipped as a unit is named", () => {
  const units = [["PNL7", ""], ["NOREAD", ""], ["PNL7", "PNL9"]] as const;
  assert.deepEqual(found(units, [{ ...PANEL, units: "SN-1\n" }])[0], ["named", "missing", "missing"]);
  assert.deepEqual(found([units[0]], [{ ...PANEL, units: "SN-1\n" }])[1], ["missing"]);
});

async function judged(bundle: Uint8Array, changed: Partial<Given>): Promise<Report> {
  const blob = new Blob([new Uint8Array(bundle)]);
  const own = { policy: encodeUtf8(POLICY), keys: SIGNERS.source.vkey, ...NOTHING_ELSE };
  return judge({ files: [{ role: "bundle", name: "b.zip", blob }], ...own, ...changed }, () => {});
}

const valuesOf = (report: Report, code: string) =>
  report.reasons.filter((one) => one.code === code).map(({ values }) => values);

test("a unit that is nowhere is said alike by the page, the bundle's verdict and reconciliation", async () => {
  const of = async (units: string, list: string, more: readonly [string, string][] = []) => {
    const made = anchor("report.json", HASH, { values: new Map([["panel", "PNL7"], ["units", units], ...more]) });
    return judged(makeBundle(partsOf("records", made)), { units: encodeUtf8(`serial,panel\n${list}`) });
  };
  const [boards, panel] = ["SN-1\nSN-2\n", "PNL7\nPNL7\n"];
  const cases: [string, string, string][] = [
    [boards, "SN-1,PNL7\nSN-2,PNL7\n", "verified"],
    [boards, "SN-1,PNL7\nSN-GHOST,PNL7\n", "not-in-order"],
    [boards, "SN-GHOST,PNL7\n", "undecided"],
    [boards, "PNL7,\n", "verified"],
    [panel, "SN-1,PNL7\nSN-2,PNL7\n", "verified"],
    [panel, "SN-1,PNL7\nSN-3,PNL8\n", "not-in-order"],
    [panel, "SN-3,PNL8\n", "undecided"],
    // Two rows without a serial are two units, and none of them is called so.
    [panel, "N/A,PNL7\nN/A,PNL8\n", "not-in-order"],
  ];
  for (const [units, list, word] of cases) assert.equal(wordOf(await of(units, list)), word, list);
  assert.deepEqual(valuesOf(await of(panel, "SN-1,PNL7\n"), "own-by-panel"), [["1", "1"]]);
  assert.deepEqual(valuesOf(await of(boards, "SN-1,PNL7\n"), "own-by-panel"), []);
  // Where each panel is one board there is no neighbour to worry about; the list or a record may show that there is one.
  const single = "PNL7\n";
  const passed: [string, string][] = [["verdict", "Passed\n"]];
  assert.deepEqual(valuesOf(await of(single, "SN-1,PNL7\n", passed), "own-by-panel"), []);
  assert.deepEqual(valuesOf(await of(single, "SN-1,PNL7\nSN-3,PNL8\n", passed), "own-by-panel-some"), []);
  // That no record has its serial is told all the same; not of one that is called by its panel, or found by its serial.
  const listed = async (...given: Parameters<typeof of>) => valuesOf(await of(...given), "own-by-listed-panel");
  assert.deepEqual(await listed(single, "SN-1,PNL7\n", passed), [["1", "1"]]);
  assert.deepEqual(await listed(single, "SN-1,PNL7\nSN-3,PNL8\n", passed), [["1", "2"]]);
  assert.deepEqual(await listed(single, "N/A,PNL7\n", passed), []);
  assert.deepEqual(await listed(single, "PNL7,\n", passed), []);
  assert.deepEqual(await listed(boards, "SN-1,PNL7\n"), []);
  // One sentence is enough: a neighbour's record says more.
  assert.deepEqual(await listed(single, "SN-1,PNL7\nSN-2,PNL7\n"), []);
  assert.deepEqual(valuesOf(await of(single, "SN-1,PNL7\n", [["verdict", "Passed\nFailed\n"]]), "own-by-panel"), [["1", "1"]]);
  assert.deepEqual(valuesOf(await of(single, "SN-1,PNL7\nSN-2,PNL7\n"), "own-by-panel"), [["2", "2"]]);
  assert.deepEqual(valuesOf(await of(single, "SN-1,PNL7\nSN-2,PNL7\nSN-3,PNL8\n"), "own-by-panel-some"), [["2", "3", "SN-1, SN-2"]]);
  const many = await of(panel, Array.from({ length: 197 }, (_, at) => `SN${at},PNL7\n`).join(""));
  assert.deepEqual(valuesOf(many, "own-by-panel"), [["197", "197"]]);
  // They are named only where others are found otherwise, or not at all.
  const some = await of(panel, "SN-1,PNL7\nSN-3,PNL8\n");
  assert.deepEqual(valuesOf(some, "own-by-panel-some"), [["1", "2", "SN-1"]]);
  assert.deepEqual(valuesOf(await of(panel, "N/A,PNL7\nN/A,PNL8\n"), "own-unnamed"), [["PNL8"]]);
  // That no machine inspected them comes right behind what is found of them.
  const made = anchor("paste.json", HASH, { values: new Map([["kind", "spi-report"], ["panel", "PNL7"], ["units", panel]]) });
  const paste = await judged(makeBundle(partsOf("records", made)), { units: encodeUtf8("serial,panel\nSN-1,PNL7\n") });
  assert.deepEqual(paste.reasons.slice(0, 3).map(({ code }) => code), ["own-named", "own-not-inspected", "own-by-panel"]);
  assert.deepEqual([valuesOf(some, "own-by-panel"), valuesOf(many, "own-by-panel-some")], [[], []]);
});

test("a panel's tag finds its boards only where no tag of another board of it stands beside it", async () => {
  const of = async (units: readonly string[], list: string, others = units) => {
    const valuesAt = (at: bigint) => {
      const named = at === 21n ? others : units;
      return new Map<string, string | Uint8Array>([
        ["tags", concat(...named.map((unit) => tagOf(at, unit)))],
        ["units", named.map((unit) => `${unit}\n`).join("")],
        ["verdict", named.map(() => "Passed\n").join("")],
        ["panel", "PNL7"],
      ]);
    };
    const made = makeRange(HASH, { valuesAt });
    const parts = made.flatMap((one, at) => [...partsOf("range", one, at === made.length - 1)]);
    const pins = encodeUtf8(pinsFrom(made[0] ?? anchor("", HASH)));
    const reader = { lotKeys: encodeHex(LOT_KEY), units: encodeUtf8(`serial,panel\n${list}`) };
    return judged(makeBundle(new Map(parts)), { pins, keys: "", ...reader });
  };
  const alone = await of(["PNL7"], "SN-1,PNL7\n");
  assert.equal(alone.verdict, "verified");
  assert.deepEqual([valuesOf(alone, "own-by-panel"), valuesOf(alone, "own-by-listed-panel")], [[], [["1", "1"]]]);
  assert.deepEqual(valuesOf(alone, "own-sound").map((values) => values.slice(2)), [["1", "1"]]);
  assert.deepEqual(valuesOf(await of(["PNL7", "PNL7"], "SN-1,PNL7\n"), "own-by-panel"), [["1", "1"]]);
  // Of a record that no tag of the reader's finds, another board of the panel is known all the same.
  const shared = await of(["PNL7"], "SN-1,PNL7\n", ["SN-2"]);
  assert.deepEqual([wordOf(shared), valuesOf(shared, "own-sound").map(([count]) => count)], ["verified", ["2"]]);
  assert.deepEqual(valuesOf(shared, "own-by-panel"), [["1", "1"]]);
  const beside = await of(["PNL7", "SN-1"], "SN-1,PNL7\nSN-GHOST,PNL7\n");
  assert.equal(wordOf(beside), "not-in-order");
  assert.deepEqual(valuesOf(beside, "own-without").map(([, unit]) => unit), ["SN-GHOST"]);
  assert.deepEqual(valuesOf(beside, "own-by-panel"), []);
});

test("where nothing is found, columns that were not read and a first line unlike the others are named", async () => {
  const made = anchor("report.json", HASH, { values: new Map([["panel", "PNL7"], ["units", "PNL7\n"]]) });
  const doubts = async (list: string) => {
    const { verdict, reasons } = await judged(makeBundle(partsOf("records", made)), { units: encodeUtf8(list) });
    assert.deepEqual([verdict, reasons[0]?.code], ["undecided", "own-none-found"], list);
    return (reasons[0]?.details ?? []).map(({ code, values }) => [code, ...values].join(" "));
  };
  assert.deepEqual(await doubts("Board 1\nSN-1\nSN-2\n"), ["list-first-line Board 1"]);
  assert.deepEqual(await doubts("Unit1\nSN-1\nSN-2\nSN-30\n"), ["list-first-line Unit1"]);
  assert.deepEqual(await doubts("Baugruppe\nA1B2\n77AB\n"), ["list-first-line Baugruppe"]);
  const unread = "list-unread “Panel No.”, “Bemerkung”";
  assert.deepEqual(await doubts("serial;Panel No.;lot;Bemerkung\nSN-1;PNL7;L1;x\n"), [unread]);
  // Serials that differ, one alone, and columns that are all known leave no such doubt.
  for (const list of ["SN-1\nSN-2\n", "A1B2\n77AB\n9C\n", "Board 1\n", "serial,lot\nSN-1,L1\n"]) {
    assert.deepEqual(await doubts(list), [], list);
  }
});

test("a first line that alone is missing and looks like a header is no unit, and is told", async () => {
  const made = anchor("report.json", HASH, { values: new Map([["units", "SN-1\n"], ["verdict", "Passed\n"], ["claimed/start", "2026-09-21T14:00:00Z"]]) });
  const named = (list: string) => judged(makeBundle(partsOf("records", made)), { units: encodeUtf8(list) });
  for (const first of ["Board 1", "Baugruppe", "编号"]) {
    const header = await named(`${first}\nSN-1\n`);
    assert.deepEqual([header.verdict, header.holds, header.look.map(({ code }) => code)], ["verified", true, ["look-header"]], first);
    assert.deepEqual(header.notChecked.filter(({ code }) => code === "own-first-line").map(({ values }) => values), [[first]]);
    assert.deepEqual(header.reasons.find(({ code }) => code === "own-named")?.values, ["1", "1"]);
    assert.deepEqual(header.ownUnits, ["SN-1"]);
    for (const [language, said] of [["en", `The first line, \`${first}\`, was taken for a header.`], ["zh", `首行 \`${first}\` 被当作表头。`]] as const) {
      assert.equal(firstLines(header, new Speaker(language)).at(-1), said);
    }
  }
  // What is written as a unit is one, and so is a header that is all there is.
  for (const list of ["SN-9\nSN-1\n", "SN-1\nSN-9\n", "serial\nBoard 1\nSN-1\n"]) {
    const one = await named(list);
    assert.equal(wordOf(one), "not-in-order", list);
    assert.ok(!one.notChecked.some(({ code }) => /first-line/.test(code)), list);
    assert.deepEqual(one.look.map(({ code, units }) => [code, ...units]), [["look-nowhere", list.includes("Board") ? "Board 1" : "SN-9"]]);
  }
  const alone = await named("Board 1\n");
  assert.deepEqual([alone.verdict, alone.reasons[0]?.code], ["undecided", "own-none-found"]);
});
