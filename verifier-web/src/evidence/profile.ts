/**
 * What a reflow profile says: the curve of each thermocouple, figures and limits as the file states them,
 * and the oven's zones.
 *
 * Traces are lines of keys and figures, then a row of headings that begins with the time, then samples:
 * KIC-like with commas, Datapaq-like with semicolons and decimal commas, T-962-like. Cells that are no
 * numbers (`*OC*`, `*NA*`, `***`) are missing samples, and are counted by their word. CFX holds zones and an
 * index, and no curve.
 */

import type { Json } from "../formats/json.ts";
import { list, member, numberOf, parseNumber, shortened, word } from "./values.ts";

const MAX_CHANNELS = 24;
/** An hour at 20 Hz. */
const MAX_SAMPLES = 72_000;
const MAX_STATED = 40;
const MAX_ZONES = 40;
/** No oven is hotter, and none colder, in degrees Celsius. */
const MAX_DEGREES = 2000;
const MIN_DEGREES = -300;

/** How many words for a missing sample are told apart, and what stands for all others. */
const MAX_WORDS = 16;
const OTHER_WORDS = "…";

/** Headings of the column of times, in seconds. */
const TIMES = ["time", "zeit", "时间", "時間"];

/** Words by which a line holds one figure for each channel. */
const FIGURE = /slope|ramp|soak|peak|above|liquid|steigung|spitze|flussmittel|haltezeit|斜率|恒温|峰值|回流/i;

/** One thermocouple, degrees Celsius; undefined where the file has no number. */
export interface Channel {
  readonly name: string;
  readonly samples: readonly (number | undefined)[];
}

/** One figure for each channel, as written. */
export interface StatedFigure {
  readonly name: string;
  readonly limits: readonly [low: number, high: number] | undefined;
  readonly values: readonly string[];
}

/** One zone of an oven: where, what, and how hot. */
export interface Zone {
  readonly name: string;
  readonly setpoints: readonly (readonly [where: string, celsius: number])[];
  readonly readings: readonly (readonly [where: string, celsius: number])[];
  /** What else was set or read, in the file's words. */
  readonly others: readonly Other[];
}

/** A quantity of a zone that is no temperature: its type and where it is, such as `O2 WholeZone`. */
export interface Other {
  readonly name: string;
  readonly setpoint: number | undefined;
  readonly reading: number | undefined;
}

/** A profile as a picture needs it. */
export interface Profile {
  /** Names and values as the file states them. */
  readonly stated: readonly (readonly [name: string, value: string])[];
  readonly figures: readonly StatedFigure[];
  /** Seconds, ascending; empty if there is no curve. */
  readonly times: readonly number[];
  readonly channels: readonly Channel[];
  /** How many cells were no numbers, by what stood there. */
  readonly missing: ReadonlyMap<string, number>;
  readonly zones: readonly Zone[];
}

/** Reads a trace; undefined if it has no row of headings or no samples in order. */
export function traceOf(text: string): Profile | undefined {
  const lines = text.split(/\r?\n/);
  const at = lines.slice(0, 400).findIndex((line) => headingsOf(line) !== undefined);
  const headings = headingsOf(lines[at] ?? "");
  if (!headings) return undefined;
  const { delimiter, cells } = headings;
  const named = cells.flatMap((name, place) => (/^Temp\d/.test(name) ? [place] : []));
  const rest = cells.flatMap((name, place) => (place > 0 && name !== "" ? [place] : []));
  const columns = named.length > 0 ? named : rest;
  if (columns.length === 0 || columns.length > MAX_CHANNELS) return undefined;
  const curve = samplesOf(lines.slice(at + 1), delimiter, columns);
  if (!curve) return undefined;
  const channels = columns.map((column, place) => {
    return { name: cells[column] ?? "", samples: curve.samples[place] ?? [] };
  });
  const head = statedOf(lines.slice(0, at), delimiter, columns.length);
  return { ...head, times: curve.times, channels, missing: curve.missing, zones: [] };
}

function headingsOf(line: string): { delimiter: string; cells: string[] } | undefined {
  for (const delimiter of [";", "\t", ","]) {
    const cells = line.split(delimiter).map(shortened);
    // The word alone, or with its unit: "Time above 217 °C" is a figure.
    const first = (cells[0] ?? "").replace(/^#\s*/, "").split(/[([]/)[0] ?? "";
    if (cells.length > 1 && TIMES.includes(first.trim().toLowerCase())) return { delimiter, cells };
  }
  return undefined;
}

function samplesOf(lines: readonly string[], delimiter: string, columns: readonly number[]) {
  const times: number[] = [];
  const samples = columns.map((): (number | undefined)[] => []);
  const missing = new Map<string, number>();
  for (const line of lines) {
    const cells = line.split(delimiter);
    const time = parseNumber(cells[0] ?? "", delimiter !== ",");
    // A row of units under the headings; behind the first sample, the end of the grid.
    if (time === undefined && times.length === 0) continue;
    if (time === undefined) break;
    const last = times.at(-1);
    if ((last !== undefined && last >= time) || times.length >= MAX_SAMPLES) return undefined;
    times.push(time);
    columns.forEach((column, place) => {
      const cell = (cells[column] ?? "").trim();
      const value = parseNumber(cell, delimiter !== ",");
      const isSample = value !== undefined && value >= -300 && value <= 2000;
      samples[place]?.push(isSample ? value : undefined);
      if (isSample) return;
      const word = shortened(cell).slice(0, 16);
      const name = missing.has(word) || missing.size < MAX_WORDS ? word : OTHER_WORDS;
      missing.set(name, (missing.get(name) ?? 0) + 1);
    });
  }
  return times.length > 1 ? { times, samples, missing } : undefined;
}

/** Keeps the lines of the head: figures with a value for each channel, or else names and values. */
function statedOf(lines: readonly string[], delimiter: string, channels: number) {
  const stated: [string, string][] = [];
  const figures: StatedFigure[] = [];
  for (const line of lines) {
    const split = delimiter === ";" ? line.indexOf(";") : line.indexOf(":");
    if (split < 1 || stated.length >= MAX_STATED || figures.length >= MAX_STATED) continue;
    const [name, rest] = [shortened(line.slice(0, split)), line.slice(split + 1)];
    const cells = rest.split(delimiter).map((cell) => cell.trim());
    const [low, high] = cells.map((cell) => parseNumber(cell, delimiter !== ","));
    const hasLimits = cells.length === channels + 2 && low !== undefined && high !== undefined;
    if (FIGURE.test(name) && hasLimits) {
      figures.push({ name, limits: [low, high], values: cells.slice(2).map(shortened) });
    } else if (FIGURE.test(name) && cells.length === channels && channels > 1) {
      figures.push({ name, limits: undefined, values: cells.map(shortened) });
    } else {
      stated.push([name, shortened(rest)]);
    }
  }
  return { stated, figures };
}

/** Reads CFX `UnitsProcessed` with zones; undefined if it is none. */
export function ovenOf(json: Json | undefined): Profile | undefined {
  const data = member(member(json, "MessageBody") ?? json, "CommonProcessData");
  const zones = list(member(data, "ZoneData")).slice(0, MAX_ZONES);
  if (!(data instanceof Map) || zones.length === 0) return undefined;
  const stated = [...data].flatMap(([name, value]): [string, string][] => {
    const text = word(value);
    return name.startsWith("$") || text === "" ? [] : [[shortened(name), text]];
  });
  return {
    stated: stated.slice(0, MAX_STATED),
    figures: [],
    times: [],
    channels: [],
    missing: new Map(),
    zones: zones.map(zoneOf),
  };
}

function zoneOf(zone: Json): Zone {
  const of = (name: string, type: string, value: string) =>
    list(member(zone, name)).slice(0, 8).flatMap((one): [string, number][] => {
      const celsius = numberOf(member(one, value));
      const isOne = celsius !== undefined && celsius >= MIN_DEGREES && celsius <= MAX_DEGREES;
      return isOne && word(member(one, type)) === "Temperature" ? [[word(member(one, "SubZone")), celsius]] : [];
    });
  const place = member(zone, "Zone");
  const name = word(member(place, "StageName")) || word(member(place, "StageSequence"));
  return {
    name,
    setpoints: of("Setpoints", "SetpointType", "Setpoint"),
    readings: of("Readings", "ReadingType", "ReadingValue"),
    others: othersOf(zone),
  };
}

/** The first value of each, in the order in which the file first names them. */
function othersOf(zone: Json): Other[] {
  const others = new Map<string, Other>();
  const add = (items: string, type: string, value: string, kind: "setpoint" | "reading") => {
    for (const one of list(member(zone, items)).slice(0, 32)) {
      const [what, number] = [word(member(one, type)), numberOf(member(one, value))];
      if (what === "Temperature" || number === undefined) continue;
      const name = `${what} ${word(member(one, "SubZone"))}`.trim();
      const known = others.get(name) ?? { name, setpoint: undefined, reading: undefined };
      if (known[kind] !== undefined || (!others.has(name) && others.size >= 8)) continue;
      others.set(name, { ...known, [kind]: number });
    }
  };
  add("Setpoints", "SetpointType", "Setpoint", "setpoint");
  add("Readings", "ReadingType", "ReadingValue", "reading");
  return [...others.values()];
}
