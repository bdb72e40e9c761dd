/**
 * What an inspection says of its boards: results, and calls with their designators and positions.
 *
 * Read from CFX `UnitsInspected`, bare or in its envelope, and from Saki-like XML; tables are read in
 * `table.ts`. Deposits of solder paste that a file's own word does not call good are calls like others; the rest are counted. Positions are what the
 * file states. Where it states none they are looked up in the inspection program, if that is there too
 * (`program.ts`), and else there is none: nothing is placed by guessing.
 */

import type { Json } from "../formats/json.ts";
import { list, member, numberOf, pointOf, shortened, word, type Point } from "./values.ts";

/** The most boards and calls of one file that are kept; a page of more nobody reads. */
export const MAX_BOARDS = 256;
export const MAX_CALLS = 2000;

/** What a person or a later machine said of a call. */
export type Judged = "open" | "false" | "confirmed" | "other";

/** One call of the machine: it did not like something. */
export interface Call {
  readonly designator: string;
  /** Category, code and description, in the file's words. */
  readonly what: string;
  readonly judged: Judged;
  /** The file's own word for that; empty if it has none. */
  readonly verification: string;
  /** Per cent, as the machine states it. */
  readonly confidence: number | undefined;
  /** The corners of its region, or the one point; empty if the file states none. */
  readonly region: readonly Point[];
  /** What was measured, where it is a deposit of solder paste. */
  readonly paste: Deposit | undefined;
}

/** One deposit of solder paste, in the file's own units. */
export interface Deposit {
  readonly volume: Measured;
  readonly area: Measured;
  readonly height: Measured;
  /** How far from where it should be: x and y. */
  readonly offset: readonly [number | undefined, number | undefined];
}

/** A figure, and what it should be. */
export interface Measured {
  readonly value: number | undefined;
  readonly expected: number | undefined;
}

/** One board of a panel, or the panel itself at position undefined. */
export interface Board {
  readonly position: string;
  readonly unit: string;
  readonly result: string;
  /** How many places were looked at, if the file says so. */
  readonly lookedAt: number | undefined;
  readonly calls: readonly Call[];
  /** How many deposits of solder paste were measured, and how many of them are not called good. */
  readonly deposits: { readonly measured: number; readonly bad: number };
}

/** An inspection as a picture needs it. */
export interface Inspection {
  readonly method: string;
  readonly panel: string;
  readonly boards: readonly Board[];
  /** How many boards or calls the file has beyond those kept. */
  readonly left: number;
}

/** Reads the message out of JSON; undefined if it is no inspection. */
export function inspectionOf(json: Json | undefined): Inspection | undefined {
  const body = member(json, "MessageBody") ?? json;
  const units = member(body, "InspectedUnits");
  if (!Array.isArray(units)) return undefined;
  const keeper = new Keeper();
  const panel = member(body, "InspectedPanel");
  const boards = units.slice(0, MAX_BOARDS).map((unit) => boardOf(unit, keeper));
  if (list(member(panel, "Inspections")).length > 0) boards.push(boardOf(panel, keeper));
  return {
    method: word(member(body, "InspectionMethod")),
    panel: word(member(panel, "UnitIdentifier")),
    boards,
    left: keeper.left + Math.max(0, units.length - MAX_BOARDS),
  };
}

/** Keeps so many calls and counts the rest. */
export class Keeper {
  left = 0;
  #kept = 0;

  keep(calls: readonly Call[]): Call[] {
    const kept = calls.slice(0, MAX_CALLS - this.#kept);
    this.#kept += kept.length;
    this.left += calls.length - kept.length;
    return kept;
  }
}

function boardOf(unit: Json | undefined, keeper: Keeper): Board {
  const inspections = list(member(unit, "Inspections"));
  const defects = inspections.flatMap((inspection) =>
    list(member(inspection, "DefectsFound")).map((defect) => callOf(defect, inspection))
  );
  const measured = inspections.flatMap((inspection) => list(member(inspection, "Measurements")))
    .filter((one) => ["Vol", "EVol"].some((name) => numberOf(member(one, name)) !== undefined));
  const bad = measured.filter((one) => !GOOD.includes(word(member(one, "Result"))));
  return {
    position: word(member(unit, "UnitPositionNumber")),
    unit: word(member(unit, "UnitIdentifier")),
    result: word(member(unit, "OverallResult")),
    lookedAt: numberOf(member(unit, "TotalInspectionCount")),
    calls: keeper.keep([...defects, ...bad.map(depositOf)]),
    deposits: { measured: measured.length, bad: bad.length },
  };
}

/** Words by which a deposit is none of those that are shown. */
const GOOD = ["", "Passed", "Skipped"];

/** CFX `SolderPasteMeasurement`: X and Y are where it is, what begins with E is what should be. */
function depositOf(deposit: Json): Call {
  const of = (name: string) => numberOf(member(deposit, name));
  const measured = (value: string, expected: string) => ({ value: of(value), expected: of(expected) });
  const place = pointOf(of("X"), of("Y"));
  // Nobody puts paste on the very corner: that is what stands there where nothing was set.
  const isSet = place !== undefined && (place[0] !== 0 || place[1] !== 0);
  return {
    designator: word(member(deposit, "MeasurementName")) || word(member(deposit, "CRDs")),
    what: word(member(deposit, "Result")),
    judged: "open",
    verification: "",
    confidence: undefined,
    region: isSet ? [place] : [],
    paste: {
      volume: measured("Vol", "EVol"),
      area: measured("A", "EA"),
      height: measured("Z", "EZ"),
      offset: [of("DX"), of("DY")],
    },
  };
}

function callOf(defect: Json, inspection: Json): Call {
  const component = member(defect, "ComponentOfInterest");
  const said = ["DefectCategory", "DefectCode", "Description"].map((name) => word(member(defect, name)));
  const verification = word(member(defect, "Verification") ?? member(inspection, "Verification"));
  return {
    designator: word(member(component, "ReferenceDesignator")) || word(member(inspection, "InspectionName")),
    what: said.filter((text) => text !== "").join(", "),
    judged: judgedOf(verification),
    verification,
    confidence: numberOf(member(defect, "ConfidenceLevel")),
    region: regionOf(defect, component),
    paste: undefined,
  };
}

/** Words of CFX by which a person has dealt with a call as with a defect. */
const CONFIRMED = ["DefectAccepted", "DefectClosed", "DefectConfirmed", "DefectRepaired"];

function judgedOf(verification: string): Judged {
  if (verification === "DefectRejected") return "false";
  if (CONFIRMED.includes(verification)) return "confirmed";
  return verification === "" || verification === "NotVerifiedYet" ? "open" : "other";
}

/** A region's corners; else the place of the component. */
function regionOf(defect: Json, component: Json | undefined): Point[] {
  const region = member(defect, "RegionOfInterest");
  const at = (json: Json | undefined, x: string, y: string) =>
    pointOf(numberOf(member(json, x)), numberOf(member(json, y)));
  const start = at(region, "StartPointX", "StartPointY");
  const segments = list(member(region, "RegionSegments")).slice(0, 64);
  const corners = segments.map((segment) => at(segment, "X", "Y")).filter((corner) => corner !== undefined);
  // Zero, zero and no corner is what stands there where nobody has set anything.
  const isSet = start !== undefined && (corners.length > 0 || start[0] !== 0 || start[1] !== 0);
  if (isSet) return [start, ...corners];
  const place = at(member(component, "UnitPosition"), "X", "Y");
  return place ? [place] : [];
}

/** Reads Saki-like XML; undefined if it is none. A document type is refused before anything is parsed. */
export function sakiInspectionOf(text: string): Inspection | undefined {
  if (/<!DOCTYPE|<!ENTITY/i.test(text) || typeof DOMParser === "undefined") return undefined;
  const xml = new DOMParser().parseFromString(text, "application/xml");
  const panel = xml.documentElement;
  if (xml.querySelector("parsererror") || panel.tagName !== "Panel") return undefined;
  const keeper = new Keeper();
  const images = [...panel.children].filter(({ tagName }) => tagName === "Image");
  const named = (element: Element, name: string) => shortened(element.getAttribute(name) ?? "");
  const boards = images.slice(0, MAX_BOARDS).map((image) => ({
    position: named(image, "id"),
    unit: named(image, "barcode"),
    result: named(image, "result"),
    lookedAt: undefined,
    calls: keeper.keep([...image.querySelectorAll("Results > * > Reference")].map(sakiCall)),
    deposits: { measured: 0, bad: 0 },
  }));
  return {
    method: "AOI",
    panel: named(panel, "barcode"),
    boards,
    left: keeper.left + Math.max(0, images.length - MAX_BOARDS),
  };
}

function sakiCall(reference: Element): Call {
  const isFalse = reference.parentElement?.tagName === "FalseCalls";
  return {
    designator: shortened(reference.getAttribute("designator") ?? ""),
    what: shortened(reference.getAttribute("description") ?? ""),
    judged: isFalse ? "false" : "open",
    verification: isFalse ? "FalseCalls" : "Failed",
    confidence: undefined,
    region: [],
    paste: undefined,
  };
}
