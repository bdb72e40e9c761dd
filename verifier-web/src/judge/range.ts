/**
 * Ranges: all statements of a source between two, opened far enough to see that nothing is missing.
 * Rule: `spec/text/disclosure.md`, "Ranges", steps 1 to 4.
 *
 * Out of scope: whose records these are (steps 5 and 6 need a lot key and a list of units), and
 * whether the log holds a second chain of the same source. The verdict says that neither was checked.
 */

import { sameBytes } from "../crypto/bytes.ts";
import { parseDecimal } from "../formats/encoding.ts";
import { TABLES } from "../formats/kinds.ts";
import type { Pin } from "../formats/pins.ts";
import type { Statement } from "../formats/statement.ts";
import { knownText, type OpenedBatch, type OpenedField, type OpenedRecord } from "./opened.ts";
import { rejected } from "./report.ts";
import { parseMillis } from "./time.ts";

/** After how many cadences without a statement an outage must have been stated. */
const SILENT_CADENCES = 3n;

const TAG_SIZE = 32;
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
  /** Records without tags that name no unit, panel or lot. */
  readonly unnamed: number;
  readonly holdsPinned: boolean;
}

/** Follows a range, whose statements are in order and at least one. */
export function followRange(pin: Pin, range: readonly Opened[]): Followed {
  let [records, heartbeats, outages, unnamed, holdsPinned] = [0n, 0, 0, 0, false];
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
    const told = checkRecords(pin, statement, opened);
    records += count;
    heartbeats += count === 0n ? 1 : 0;
    outages += told.outages;
    unnamed += told.unnamed;
    before = { statement, header, count };
  }
  const sequence = (one: Opened | undefined) => one?.statement.sequence ?? 0n;
  const ends = { first: sequence(range[0]), last: sequence(range.at(-1)) };
  return { ...ends, statements: range.length, records, heartbeats, outages, unnamed, holdsPinned };
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
  if (!isWhole || first === undefined || closed === undefined) {
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
  if (!isSaid) throw rejected("range-silence", pin.source, `${statement.sequence}`, `${millis / 1000n}`);
}

/** Whether this is the pinned statement; another one in its place is refused. */
function checkPinned(pin: Pin, statement: Statement): boolean {
  if (statement.sequence !== pin.first.sequence) return false;
  if (sameBytes(statement.leaf, pin.first.leaf)) return true;
  throw rejected("range-not-pinned", pin.source, `${statement.sequence}`);
}

/** Every record is there and shows what it must. */
function checkRecords(pin: Pin, statement: Statement, opened: OpenedBatch) {
  let [outages, unnamed] = [0, 0];
  for (let index = 1n; index < opened.recordCount; index += 1n) {
    const record = opened.records[Number(index)];
    const field = record?.index === index ? missingField(record) : "kind";
    if (!record || field !== undefined) {
      const numbers = [`${statement.sequence}`, `${index}`];
      throw rejected("range-hidden", pin.source, ...numbers, field ?? "kind");
    }
    checkTags(pin, statement, record);
    outages += record.kind === "outage" ? 1 : 0;
    unnamed += namesNothing(record) ? 1 : 0;
  }
  return { outages, unnamed };
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

/** Tags are 32 bytes each, and where units are shown as many as these. */
function checkTags(pin: Pin, statement: Statement, record: OpenedRecord): void {
  const size = valueOf(record, "tags")?.length ?? 0;
  const units = valueOf(record, "units");
  const unitCount = units?.filter((byte) => byte === 0x0a).length ?? 0;
  const isOff = size > 0 && units !== undefined && size / TAG_SIZE !== unitCount;
  if (size % TAG_SIZE !== 0 || isOff) {
    throw rejected("range-mistagged", pin.source, `${statement.sequence}`, `${record.index}`);
  }
}

/** Whether a record of evidence has no tags, and shows that it names no unit, panel or lot. */
function namesNothing(record: OpenedRecord): boolean {
  const isEvidence = TABLES.get(record.kind)?.includes("tags") ?? false;
  const hasTags = (valueOf(record, "tags")?.length ?? 0) > 0;
  const isAbsent = (name: string) => {
    const field = fieldOf(record, name);
    return field !== undefined && field.value === undefined;
  };
  return isEvidence && !hasTags && ["units", "panel", "lot"].every(isAbsent);
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
