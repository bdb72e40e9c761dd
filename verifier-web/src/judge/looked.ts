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
 * there, whatever it names: only where there is none at all nobody knows of a machine that should have. A panel with boards
 * of its own is not counted beside them, and a name that several panels share is none of a board. A report on a panel is one
 * on every board of it, unless it names some of them.
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

/** The units of which something is shown and no report of a machine that inspects. */
export function uninspected(units: readonly Unit[], records: readonly OpenedRecord[]): Unit[] {
  // What a closing calls units is a number.
  const named = records.filter(({ kind }) => isEvidence(kind)).map(namedIn);
  const book = new Book(new Panels(units, named), named);
  return units.filter((unit) => book.isInspected(unit) === false);
}

/** Which boards are of which panel. */
class Panels {
  readonly #listed = new Map<string, string[]>();
  /** Empty for a name that records put on several panels. */
  readonly #recorded = new Map<string, string>();

  constructor(units: readonly Unit[], records: readonly Named[]) {
    for (const { serial, panel } of units) {
      // What has no serial is a board of its panel that no record can name.
      if (serial === "" || !isName(panel)) continue;
      const known = this.#listed.get(octets(serial));
      if (known) known.push(octets(panel));
      else this.#listed.set(octets(serial), [octets(panel)]);
    }
    for (const record of records) {
      const { panel } = record;
      if (!isName(panel)) continue;
      for (const name of namesIn(record)) {
        this.#recorded.set(name, (this.#recorded.get(name) ?? panel) === panel ? panel : "");
      }
    }
  }

  /** The panels that a board of this name is of; none that has its name. */
  of(board: string): string[] {
    return [...(this.#listed.get(board) ?? []), this.#recorded.get(board) ?? ""].filter((panel) => panel !== "" && panel !== board);
  }
}

/** Of what is about a name, whether a report of a machine that inspects is among it. */
type About = Map<string, boolean>;

/**
 * What is about each name. Every record is gone through as often as it has names, whatever it puts on one panel: a hostile
 * one may name thousands, and thousands of records one panel.
 */
class Book {
  readonly #units: About = new Map();
  readonly #panels: About = new Map();
  /** Of panels, the records that name none of their boards. */
  readonly #whole: About = new Map();
  /** The panel that the first look at a unit names. */
  readonly #looked = new Map<string, string>();

  constructor(panels: Panels, records: readonly Named[]) {
    for (const record of records) this.#add(panels, record);
  }

  #add(panels: Panels, record: Named): void {
    const { kind, units, panel } = record;
    const isInspected = isInspection(kind);
    const add = (to: About, name: string) => to.set(name, isInspected || to.get(name) === true);
    for (const unit of units) add(this.#units, unit);
    if (isName(panel)) add(this.#panels, panel);
    // The panels of all its boards at once: none of its names is compared with each.
    const inPart = new Set<string>();
    for (const unit of units) for (const one of panels.of(unit)) inPart.add(one);
    for (const name of namesIn(record)) if (!inPart.has(name)) add(this.#whole, name);
    if (!isName(panel) || !LOOKS.includes(kind)) return;
    for (const unit of units) if (isName(unit) && !this.#looked.has(unit)) this.#looked.set(unit, panel);
  }

  /** Whether a machine has inspected a unit; undefined where nothing is about it. */
  isInspected(unit: Unit): boolean | undefined {
    const serial = octets(unit.serial);
    const own = isName(serial) ? this.#units.get(serial) : undefined;
    const panel = isName(unit.panel) ? octets(unit.panel) : this.#looked.get(serial);
    // A unit of which no panel is known may be one itself.
    const onPanel = panel === undefined ? this.#panels.get(serial) : this.#whole.get(panel);
    return own === undefined || onPanel === undefined ? own ?? onPanel : own || onPanel;
  }
}

/** Each name of a record, its panel among them. */
function namesIn({ units, panel }: Named): Set<string> {
  return new Set([...units, panel].filter(isName));
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
