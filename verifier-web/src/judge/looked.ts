/**
 * Boards that no machine has inspected, as far as is shown: the reader's units, by the rule of `fiducial reconcile`
 * (`verifier-cli/src/reconcile/looked.rs`; `spec/text/reconcile.md`, "Whose record it is"), or without a list all that
 * are named (`verifier-cli/src/dossier/looked.rs`).
 *
 * That is no verdict on them: `reconcile` gives that. But nobody is to read VERIFIED over a board that was never
 * inspected without being told.
 */

import { encodeUtf8 } from "../formats/encoding.ts";
import { ABOUT_BOARDS, isEvidence } from "../formats/kinds.ts";
import { calledOf, namesOf, type Unit } from "./list.ts";
import type { OpenedRecord } from "./opened.ts";
import { itemsOf } from "./range.ts";
import { octetsOf } from "./reader.ts";
import { say, sayWith, type Draft } from "./report.ts";
import { haveInCommon } from "./sets.ts";

/** How many of them are named. */
const MAX_NAMED = 10;

/** What machines write for a board whose code they could not read. */
const NO_NAMES = ["", "N/A", "NOREAD"];

/** Kinds of records that say what a machine or a person saw of a board. */
const LOOKS = ["aoi-report", "review", "spi-report"];

/**
 * Whether records of this kind are reports of a machine that inspects boards. One of paste looks before anything is
 * placed on it, a review is a person's, and what has no kind of its own (AXI) is an attachment.
 */
export function isInspection(kind: string): boolean {
  return kind === "aoi-report";
}

/** Says of how many units, and of which, no report of a machine that inspects is shown. */
export function sayLooked(draft: Draft, units: readonly Unit[], records: readonly OpenedRecord[]): void {
  const missing = uninspected(units, records);
  if (missing.length === 0) return;
  draft.lacking = missing.flatMap(namesOf);
  const names = missing.map(calledOf);
  draft.reason("own-not-inspected", `${missing.length}`, `${units.length}`, firstOf(names));
  sayToLook(draft, names);
}

/** Says the same of all boards and panels that are named, for who gave no list, or that there is no such report at all. */
export function sayShown(draft: Draft, records: readonly OpenedRecord[]): void {
  if (isWithoutReport(records)) draft.look.push({ ...say("look-no-report"), units: [] });
  const { all, lacking } = lackingIn(records);
  if (lacking.length === 0) return;
  draft.lacking = lacking;
  draft.open("open-not-inspected", `${all}`, `${lacking.length}`, firstOf(lacking));
  sayToLook(draft, lacking);
}

/**
 * Whether boards or panels are named and nothing that is shown is a report of a machine that inspects. Nobody knows whether
 * there should be one, so none of them is called lacking.
 */
function isWithoutReport(records: readonly OpenedRecord[]): boolean {
  if (records.some(({ kind }) => isInspection(kind))) return false;
  return records.filter(({ kind }) => ABOUT_BOARDS.includes(kind)).some((record) => {
    const { units, panel } = namedIn(record);
    return [...units, panel].some(isName);
  });
}

/** It is read before the reasons: a report that is not there is none of them. What judges it is no more than a detail. */
function sayToLook(draft: Draft, units: readonly string[]): void {
  const count = `${units.length}`;
  draft.look.push({ ...sayWith(say("look-not-inspected", count), [say("look-ask-report", count)]), units });
  draft.open("open-reconcile");
}

/** The first names, and how many more there are. */
export function firstOf(names: readonly string[]): string {
  const more = names.length > MAX_NAMED ? ` (+${names.length - MAX_NAMED})` : "";
  return `${names.slice(0, MAX_NAMED).join(", ")}${more}`;
}

/**
 * How many boards and panels records name, and those on which no machine that inspects has reported, if any such report is
 * there, whatever it names: only where there is none at all nobody knows of a machine that should have. A panel with boards of its own is not counted beside them, and a name that several panels share is none of a board. A
 * report on a panel is one on every board of it, unless it names some of them.
 *
 * Every record is gone through as often as it has names: there may be hundreds of thousands, and a hostile one may put
 * all on one panel.
 */
export function lackingIn(records: readonly OpenedRecord[]): { readonly all: number; readonly lacking: string[] } {
  const named = records.filter(({ kind }) => ABOUT_BOARDS.includes(kind)).map((record) => {
    const { kind, units, panel } = namedIn(record);
    const boards = [...units].filter(isName);
    return { kind, panel, boards, names: isName(panel) ? [...boards, panel] : boards };
  });
  // Of a name that several panels share it is empty.
  const panels = new Map<string, string>();
  for (const { panel, boards } of named.filter(({ panel }) => isName(panel))) {
    for (const board of boards) {
      if (board !== panel) panels.set(board, (panels.get(board) ?? panel) === panel ? panel : "");
    }
  }
  const reports = named.filter(({ kind }) => isInspection(kind));
  const inspected = new Set<string>();
  for (const { boards, names } of reports) {
    const inPart = new Set(boards.map((board) => panels.get(board)));
    names.filter((name) => !inPart.has(name)).forEach((name) => inspected.add(name));
  }
  const ofBoards = new Set(panels.values());
  const isBoard = (name: string) => !ofBoards.has(name) && panels.get(name) !== "";
  const all = [...new Set(named.flatMap(({ names }) => names))].filter(isBoard);
  if (reports.length === 0) return { all: all.length, lacking: [] };
  const lacking = all.filter((name) => !inspected.has(name) && !inspected.has(panels.get(name) ?? ""));
  return { all: all.length, lacking: lacking.sort((one, other) => (one < other ? -1 : 1)).map(textOf) };
}

/** Octets as text. */
export function textOf(octets: string): string {
  return new TextDecoder().decode(Uint8Array.from(octets, (letter) => letter.charCodeAt(0)));
}

/** What a record of evidence names, as octets. */
interface Named {
  readonly kind: string;
  readonly units: ReadonlySet<string>;
  readonly panel: string;
}

/** Whether records are about a unit at all, and one of them is a report of a machine that inspects. */
interface About {
  readonly isShown: boolean;
  readonly isInspected: boolean;
}

/** The units of which something is shown and no report of a machine that inspects. */
export function uninspected(units: readonly Unit[], records: readonly OpenedRecord[]): Unit[] {
  const book = new Book(units, records);
  return units.filter((unit) => {
    const { isShown, isInspected } = book.of(unit);
    return isShown && !isInspected;
  });
}

/**
 * All records by what they name, and which boards are of which panel. A hostile record may name thousands, and thousands
 * of records one panel: what is asked for each of them is put together once.
 */
class Book {
  readonly #byName = new Map<string, Named[]>();
  readonly #listed = new Map<string, string[]>();
  readonly #alone = new Map<string, About>();
  /** The panel beside which records have a name; empty for one that they have beside several. */
  readonly #beside = new Map<string, string>();

  constructor(units: readonly Unit[], records: readonly OpenedRecord[]) {
    for (const record of records) {
      // What a closing calls units is a number.
      if (!isEvidence(record.kind)) continue;
      const one = namedIn(record);
      for (const name of new Set([...one.units, one.panel].filter(isName))) {
        add(this.#byName, name, one);
        if (isName(one.panel)) this.#beside.set(name, (this.#beside.get(name) ?? one.panel) === one.panel ? one.panel : "");
      }
    }
    for (const { serial, panel } of units) {
      // What has no serial is a board of its panel that no record can name.
      if (serial !== "" && isName(panel)) add(this.#listed, octets(panel), octets(serial));
    }
  }

  /** Of the records about a unit: those that name it, or its panel and no other board of that. */
  of(unit: Unit): About {
    const serial = octets(unit.serial);
    const named = this.#byName.get(serial) ?? [];
    const panel = isName(unit.panel) ? octets(unit.panel) : this.#panelOf(serial, named);
    const own = aboutIn(named.filter((one) => one.units.has(serial) || (panel === undefined && one.panel === serial)));
    if (panel === undefined) return own;
    const alone = this.#aloneOn(panel);
    return { isShown: own.isShown || alone.isShown, isInspected: own.isInspected || alone.isInspected };
  }

  /** The panel that a look at the unit names. */
  #panelOf(serial: string, named: readonly Named[]): string | undefined {
    const looks = named.filter(({ kind, units }) => LOOKS.includes(kind) && units.has(serial));
    return looks.find(({ panel }) => isName(panel))?.panel;
  }

  /** Of the records that name a panel and none of its boards. */
  #aloneOn(panel: string): About {
    const known = this.#alone.get(panel);
    if (known) return known;
    const all = this.#byName.get(panel) ?? [];
    const recorded = all.filter((one) => one.panel === panel).flatMap((one) => [...one.units]);
    const boards = new Set([
      ...(this.#listed.get(panel) ?? []),
      ...recorded.filter((name) => isName(name) && this.#beside.get(name) === panel),
    ]);
    boards.delete(panel);
    const alone = aboutIn(all.filter(({ units }) => !haveInCommon(units, boards)));
    this.#alone.set(panel, alone);
    return alone;
  }
}

function aboutIn(records: readonly Named[]): About {
  return { isShown: records.length > 0, isInspected: records.some(({ kind }) => isInspection(kind)) };
}

function add<T>(lists: Map<string, T[]>, name: string, one: T): void {
  const list = lists.get(name);
  if (list) list.push(one);
  else lists.set(name, [one]);
}

function namedIn({ kind, fields }: OpenedRecord): Named {
  const value = (name: string) => fields.find((field) => field.name === name)?.value ?? new Uint8Array();
  return { kind, units: new Set(itemsOf(octetsOf(value("units")))), panel: octetsOf(value("panel")) };
}

function isName(name: string): boolean {
  return !NO_NAMES.includes(name);
}

function octets(name: string): string {
  return octetsOf(encodeUtf8(name));
}
