/**
 * The reader's own units: what the evidence says of each, and that none is passed over in silence.
 *
 * Rule: `spec/text/bundle.md`, "Your own units". A verdict is never "verified" if units were given and one of them
 * is found nowhere. If none is, nothing is told: a key of another lot, and a list that spells units as no machine
 * does, prove nothing. If some are, the others are missing, and that is not in order.
 */

import { Boards, Named, type Found } from "./found.ts";
import { calledOf, doubtsOf, looksLikeHeader, namesOf, type List, type Unit } from "./list.ts";
import { firstOf, sayLooked, textOf } from "./looked.ts";
import { mayHaveNeighbours } from "./neighbours.ts";
import type { OpenedRecord } from "./opened.ts";
import { Panels, isOnPanel } from "./panels.ts";
import type { Followed, Opened } from "./range.ts";
import type { Reader } from "./reader.ts";
import { Stop, say, sayWith, undecided, type Draft } from "./report.ts";

/** How many of a long list are said. */
const MAX_LISTED = 100;

/** How many of the reader's records are listed. */
const MAX_RECORDS = 10;

/** A range that holds, and whose it is. */
type OfSource = Followed & { readonly source: string };

/** A statement that holds, in the folder that claims something of it. */
type Claimed = Opened & { readonly place: { readonly claim: string } };

/** Who looks for tags: without a key nobody does, and units are looked for by name. */
export function taggedReader(reader: Reader | undefined): Reader | undefined {
  return reader && reader.keys.length > 0 ? reader : undefined;
}

/** Says of each range which records are the reader's, and of each unit whether it is found at all. */
export function sayOwn(
  draft: Draft,
  reader: Reader | undefined,
  ranges: readonly OfSource[],
  checked: readonly Claimed[],
): void {
  const hasKeys = taggedReader(reader) !== undefined;
  if (!reader) return ranges.forEach(({ source }) => draft.open("open-no-reader", source));
  if (!hasKeys) ranges.forEach(({ source }) => draft.open("open-no-key", source));
  const all = reader.list.units;
  const records = checked.flatMap(({ opened }) => opened.records);
  const boards = new Boards(all, records);
  const named = new Named(boards);
  const read = checked.filter(({ place }) => !hasKeys || place.claim === "records");
  read.forEach(({ opened }) => opened.records.forEach((record) => named.add(record)));
  ranges.forEach((range) => ownRecords(range, checked).forEach((record) => named.addTagged(record)));
  const nowhere = foundSo(all, named, "missing");
  if (nowhere.length === all.length) {
    throw new Stop("undecided", sayWith(say("own-none-found", `${all.length}`), doubtsOf(reader.list)));
  }
  const { units, missing } = withoutHeader(draft, reader.list, nowhere);
  draft.ownUnits = units.flatMap(namesOf);
  draft.ownPanels = units.filter(isOnPanel);
  const lost = new Set(missing);
  draft.found = units.filter((unit) => !lost.has(unit));
  if (!hasKeys || ranges.length === 0) {
    draft.reason("own-named", `${units.length - missing.length}`, `${units.length}`);
    sayLooked(draft, units, records);
    sayMissing(draft, undefined, missing);
  } else {
    const absent = ranges.map((range) => sayRange(draft, range, units, checked, boards));
    sayLooked(draft, units, records);
    ranges.forEach(({ source }, at) => sayMissing(draft, source, absent[at] ?? []));
  }
  const byPanel = foundSo(units, named, "by-panel");
  if (mayHaveNeighbours(units, byPanel, records)) sayByPanel(draft, byPanel, units.length);
  else sayByListedPanel(draft, byPanel, units.length);
  if (missing.length > 0) {
    const numbers = [`${missing.length}`, `${units.length}`];
    draft.look.push({ ...sayWith(say("look-nowhere", ...numbers), [say("look-ask-records")]), units: missing.map(calledOf) });
    draft.notInOrder(say("own-absent", ...numbers));
  }
}

/**
 * The units without a first line that alone is missing and looks like a header that names no known column: it is no unit,
 * which is said. Where more is missing than that line nobody can tell.
 */
function withoutHeader(draft: Draft, list: List, missing: readonly Unit[]) {
  const [first, ...others] = list.units;
  if (!first || list.hasHeader || first !== missing[0]) return { units: list.units, missing };
  if (missing.length === 1 && looksLikeHeader(list)) {
    draft.open("own-first-line", first.serial);
    draft.look.push({ ...say("look-header", first.serial), units: [] });
    return { units: others, missing: [] };
  }
  // A serial has a digit: this looks like a header that names no known column.
  if (!/[0-9]/.test(first.serial)) throw undecided("list-header", first.serial);
  if (missing.length > 1) draft.open("open-first-line", first.serial);
  return { units: list.units, missing };
}

/** Returns the units that it does not have. */
function sayRange(
  draft: Draft,
  range: OfSource,
  units: readonly Unit[],
  checked: readonly Claimed[],
  boards: Boards,
): Unit[] {
  const { source, own } = range;
  const named = new Named(boards);
  ownRecords(range, checked).forEach((record) => named.addTagged(record));
  const missing = foundSo(units, named, "missing");
  const numbers = [`${own.length}`, source, `${units.length - missing.length}`, `${units.length}`];
  draft.reason("own-sound", ...numbers);
  const panels = new Panels(units);
  for (const [sequence, index, names] of own.slice(0, MAX_RECORDS)) {
    const called = names.map((name) => panels.called(textOf(name)));
    draft.fact("own-record", `${source} ${sequence}, ${index}: ${called.join(", ")}`);
  }
  if (own.length > MAX_RECORDS) draft.fact("own-more", `${source}: ${own.length - MAX_RECORDS}`);
  draft.open("open-noise", source);
  return missing;
}

/** A line for each unit that is not found; the rest is counted. They were looked for, so this is no open point. */
function sayMissing(draft: Draft, source: string | undefined, missing: readonly Unit[]): void {
  for (const unit of missing.slice(0, MAX_LISTED)) {
    if (source === undefined) draft.reason("own-unnamed", calledOf(unit));
    else draft.reason("own-without", source, calledOf(unit));
  }
  if (missing.length > MAX_LISTED) draft.reason("own-missing-more", `${missing.length - MAX_LISTED}`);
}

/**
 * That units are found by their panel alone is told, and is no reason against them: boards of one panel often share
 * its name, and a machine that reads no other writes that. Where it is all of them, names say nothing.
 */
function sayByPanel(draft: Draft, units: readonly Unit[], all: number): void {
  if (units.length === 0) return;
  const numbers = [`${units.length}`, `${all}`];
  if (units.length === all) draft.reason("own-by-panel", ...numbers);
  else draft.reason("own-by-panel-some", ...numbers, firstOf(units.map(calledOf)));
}

/**
 * Where each of these panels is one board nobody need worry about a neighbour, and yet who looks for a serial in the
 * records finds none: the list alone says which board it is of. What has no serial is called by its panel anyway.
 */
function sayByListedPanel(draft: Draft, byPanel: readonly Unit[], all: number): void {
  const count = byPanel.filter(({ serial }) => serial !== "").length;
  if (count > 0) draft.reason("own-by-listed-panel", `${count}`, `${all}`);
}

/** The units that are found so. */
function foundSo(units: readonly Unit[], named: Named, found: Found): Unit[] {
  return units.filter((unit) => named.of(unit) === found);
}

/** The reader's records in a range. */
function ownRecords({ source, own }: OfSource, checked: readonly Claimed[]): OpenedRecord[] {
  const places = new Set(own.map(([sequence, index]) => `${sequence} ${index}`));
  const inRange = checked.filter(({ place, statement }) => place.claim === "range" && statement.source === source);
  return inRange.flatMap(({ statement, opened }) =>
    opened.records.filter(({ index }) => places.has(`${statement.sequence} ${index}`))
  );
}
