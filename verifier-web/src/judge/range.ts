/**
 * Ranges: all statements of a source between two, opened far enough to see that nothing is missing.
 * Rule: `spec/text/disclosure.md`, "Ranges".
 *
 * Out of scope: whether the log holds a second chain of the same source. Only a reader of all its
 * entries can tell, and the verdict says that it was not checked.
 */

import { sameBytes } from "../crypto/bytes.ts";
import { MAX_U64, parseDecimal } from "../formats/encoding.ts";
import { TABLES, isEvidence } from "../formats/kinds.ts";
import type { Pin } from "../formats/pins.ts";
import { shownName } from "../formats/policy.ts";
import type { Statement } from "../formats/statement.ts";
import { knownText, type OpenedBatch, type OpenedField, type OpenedRecord } from "./opened.ts";
import { TAG_SIZE, octetsOf, ownTags, type Reader } from "./reader.ts";
import { rejected } from "./report.ts";
import { parseMillis } from "./time.ts";

/** After how many cadences without a statement an outage must have been stated. */
const SILENT_CADENCES = 3n;

/** What a record with a tag of the reader's shows besides. */
const OWN = ["units", "verdict", "seen", "file/sha256", "supersedes"];
const TAGGED = ["tags"];
const UNTAGGED = ["tags", "units", "panel", "lot"];
const CLOSING = ["claimed/start", "claimed/end", "claimed/zone", "records"];

/** A statement that holds by itself, and what is opened of it. */
export interface Opened {
  readonly statement: Statement;
  readonly opened: OpenedBatch;
}

/** What a sound range holds. */
export interface Followed {
  readonly first: bigint;
  readonly last: bigint;
  readonly statements: number;
  readonly records: bigint;
  /** Statements without records. */
  readonly heartbeats: number;
  readonly outages: number;
  /** Records of evidence without tags that name no unit. */
  readonly unnamed: number;
  readonly holdsPinned: boolean;
  /** The reader's own. */
  readonly own: readonly OwnRecord[];
}

/** A record of the reader's: its statement, its number there, and which of the reader's units it names. */
export type OwnRecord = readonly [bigint, bigint, readonly string[]];

/** Follows a range, whose statements are in order and at least one. */
export function followRange(
  pin: Pin,
  range: readonly Opened[],
  reader: Reader | undefined,
): Followed {
  let [records, heartbeats, outages, unnamed, holdsPinned] = [0n, 0, 0, 0, false];
  const own: OwnRecord[] = [];
  let before: Before | undefined;
  for (const { statement, opened } of range) {
    const count = opened.recordCount - 1n;
    const header = readHeader(pin, statement, opened);
    if (before) {
      checkContinued(pin, before.statement, statement);
      checkCount(pin, statement, header, before.header.first + before.count);
      checkSilence(pin, statement, header.closed - before.header.closed, header, opened);
    } else if (statement.sequence === 0n) {
      checkCount(pin, statement, header, 0n);
    }
    holdsPinned ||= checkPinned(pin, statement);
    const told = checkRecords(pin, statement, opened, reader);
    own.push(...told.own.map(([index, units]): OwnRecord => [statement.sequence, index, units]));
    records += count;
    heartbeats += count === 0n ? 1 : 0;
    outages += told.outages;
    unnamed += told.unnamed;
    before = { statement, header, count };
  }
  const sequence = (one: Opened | undefined) => one?.statement.sequence ?? 0n;
  const ends = { first: sequence(range[0]), last: sequence(range.at(-1)) };
  const counts = { statements: range.length, records, heartbeats, outages, unnamed };
  return { ...ends, ...counts, holdsPinned, own };
}

/** Whether any tag of the reader's is in these statements. Where it is in none, the keys may be of other lots. */
export function findsOwn(all: readonly Opened[], reader: Reader | undefined): boolean {
  return reader !== undefined && all.some(({ statement, opened }) => {
    const tags = new Set(opened.records.flatMap(tagsOf));
    return ownTags(reader, statement.source, statement.sequence, tags).size > 0;
  });
}

/** What the next statement must continue. */
interface Before {
  readonly statement: Statement;
  readonly header: Header;
  readonly count: bigint;
}

/** What a range reads of a header. */
interface Header {
  readonly first: bigint;
  /** Milliseconds since 1970. */
  readonly closed: bigint;
  readonly saysOutage: boolean;
}

/** Reads a header that is opened whole. */
function readHeader(pin: Pin, statement: Statement, opened: OpenedBatch): Header {
  const [header] = opened.records;
  const isWhole = header?.index === 0n && BigInt(header.fields.length) === header.fieldCount;
  const first = isWhole ? parseDecimal(knownText(header, "record/first") ?? "") : undefined;
  const closed = isWhole ? parseMillis(knownText(header, "closed") ?? "") : undefined;
  const isCounted = first !== undefined && first + opened.recordCount <= MAX_U64;
  if (!isWhole || !isCounted || closed === undefined) {
    throw rejected("range-header", pin.source, `${statement.sequence}`);
  }
  return { first, closed, saysOutage: valueOf(header, "outage/reason") !== undefined };
}

function checkContinued(pin: Pin, before: Statement, statement: Statement): void {
  const continues = statement.sequence === before.sequence + 1n &&
    sameBytes(statement.previous, before.leaf);
  if (!continues) throw rejected("range-broken", pin.source, `${statement.sequence}`);
  if (statement.after.tree.size < before.after.tree.size) {
    throw rejected("range-after-fell", pin.source, `${statement.sequence}`);
  }
}

function checkCount(pin: Pin, statement: Statement, header: Header, due: bigint): void {
  if (header.first === due) return;
  throw rejected("range-count", pin.source, `${statement.sequence}`, `${header.first}`, `${due}`);
}

/** Long silence must have been stated as an outage. */
function checkSilence(
  pin: Pin,
  statement: Statement,
  millis: bigint,
  header: Header,
  opened: OpenedBatch,
): void {
  if (pin.cadence === undefined || millis <= SILENT_CADENCES * pin.cadence * 1000n) return;
  const isSaid = header.saysOutage || opened.records.some((record) => record.kind === "outage");
  const numbers = [statement.sequence, millis / 1000n, pin.cadence].map(String);
  if (!isSaid) throw rejected("range-silence", pin.source, ...numbers);
}

/** Whether this is the pinned statement; another one in its place is refused. */
export function checkPinned(pin: Pin, statement: Statement): boolean {
  if (statement.sequence !== pin.first.sequence) return false;
  if (sameBytes(statement.leaf, pin.first.leaf)) return true;
  throw rejected("range-not-pinned", pin.source, `${statement.sequence}`);
}

/** Every record is there and shows what it must. */
function checkRecords(
  pin: Pin,
  statement: Statement,
  opened: OpenedBatch,
  reader: Reader | undefined,
) {
  let [outages, unnamed] = [0, 0];
  const own: (readonly [bigint, readonly string[]])[] = [];
  const tags = new Set(opened.records.flatMap(tagsOf));
  const { source, sequence } = statement;
  const known = reader ? ownTags(reader, source, sequence, tags) : new Map<string, string>();
  for (let index = 1n; index < opened.recordCount; index += 1n) {
    const record = opened.records[Number(index)];
    const field = record?.index === index ? missingField(record) : "kind";
    if (!record || field !== undefined) {
      throw rejected("range-hidden", pin.source, `${sequence}`, `${index}`, field ?? "kind");
    }
    outages += record.kind === "outage" ? 1 : 0;
    // What a closing calls units is a number, and elsewhere the names are the source's own.
    if (!isEvidence(record.kind)) continue;
    const told = checkTags(pin, statement, record, known, reader);
    if (told.isOwn) own.push([index, told.units]);
    unnamed += isOfNobody(record) ? 1 : 0;
  }
  return { outages, unnamed, own };
}

/** The first field that a record of a range should show and does not. */
function missingField(record: OpenedRecord): string | undefined {
  const table = TABLES.get(record.kind) ?? [];
  if (record.kind === "outage") {
    return BigInt(record.fields.length) === record.fieldCount ? undefined : "every field";
  }
  if (record.kind === "closing") {
    const isWithinTable = record.fieldCount === BigInt(table.length);
    return isWithinTable ? hiddenOf(record, CLOSING) : "what stands behind the table";
  }
  const hasTags = (valueOf(record, "tags")?.length ?? 0) > 0;
  return hiddenOf(record, hasTags ? TAGGED : UNTAGGED);
}

/** Tags and units belong together, and the reader's units have theirs. */
function checkTags(
  pin: Pin,
  statement: Statement,
  record: OpenedRecord,
  known: ReadonlyMap<string, string>,
  reader: Reader | undefined,
): { isOwn: boolean; units: readonly string[] } {
  const place = [pin.source, `${statement.sequence}`, `${record.index}`];
  const mistagged = () => rejected("range-mistagged", ...place);
  if ((valueOf(record, "tags")?.length ?? 0) % TAG_SIZE !== 0) throw mistagged();
  const tags = tagsOf(record);
  const isOwn = tags.some((tag) => known.has(tag));
  const hidden = isOwn ? hiddenOf(record, OWN) : undefined;
  if (hidden !== undefined) throw rejected("range-hidden", ...place, hidden);
  const list = valueOf(record, "units");
  if (!list) {
    if (isOwn) throw mistagged();
    return { isOwn, units: [] };
  }
  const units = itemsOf(octetsOf(list));
  const isOff = tags.some((tag, at) => known.has(tag) && known.get(tag) !== units[at]);
  if (isOff || (tags.length > 0 && tags.length !== units.length)) throw mistagged();
  const own = units.filter((unit) => reader?.units.has(unit));
  const untagged = units.find((unit, at) => reader?.units.has(unit) && !known.has(tags[at] ?? ""));
  if (untagged !== undefined) throw rejected("range-untagged", ...place, shownName(untagged));
  return { isOwn, units: own };
}

/** The tags of a record, if it shows any and they have their length. */
function tagsOf(record: OpenedRecord): string[] {
  const value = valueOf(record, "tags") ?? new Uint8Array();
  if (value.length % TAG_SIZE !== 0) return [];
  const count = value.length / TAG_SIZE;
  return Array.from({ length: count }, (_, at) =>
    octetsOf(value.subarray(at * TAG_SIZE, (at + 1) * TAG_SIZE))
  );
}

/** The items of a list, each of which ends in a line feed. */
export function itemsOf(list: string): string[] {
  const items = list.split("\n");
  return list === "" || list.endsWith("\n") ? items.slice(0, -1) : items;
}

/**
 * Whether a record has no tags and names no unit. A panel or a lot alone does not say which units: whose the
 * record is, nobody can tell by it.
 */
export function isOfNobody(record: OpenedRecord): boolean {
  return ["tags", "units"].every((name) => (valueOf(record, name)?.length ?? 0) === 0);
}

function hiddenOf(record: OpenedRecord, names: readonly string[]): string | undefined {
  return names.find((name) => fieldOf(record, name) === undefined);
}

function fieldOf(record: OpenedRecord, name: string): OpenedField | undefined {
  return record.fields.find((field) => field.name === name);
}

function valueOf(record: OpenedRecord, name: string): Uint8Array | undefined {
  return fieldOf(record, name)?.value;
}
