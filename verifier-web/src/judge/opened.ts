/**
 * Checks a disclosure against a statement's commitment. Rule: `spec/text/disclosure.md`, "Checking
 * one"; vectors: `spec/vectors/evidence/disclosure/`.
 *
 * Up to the commitment it is about forgery on the way; behind it about a source that committed to
 * nonsense: what is opened must mean the same to everybody.
 */

import { sameBytes } from "../crypto/bytes.ts";
import { decodeUtf8, encodeBase64, parseDecimal, type Hash } from "../formats/encoding.ts";
import type { Disclosure, FieldOpening, RecordOpening } from "../formats/disclosure.ts";
import { HEADER_KIND, TABLES } from "../formats/kinds.ts";
import { rootOfMultiproof } from "../formats/multiproof.ts";
import { Refusal, within } from "../formats/refusal.ts";
import { batchCommitment, fieldLeaf, recordLeaf, type Place } from "./commitment.ts";

/** A field that the source has committed to, at its place. */
export interface OpenedField {
  readonly index: bigint;
  readonly name: string;
  /** Whether the name is in its kind's table; others are the source's own. */
  readonly isKnown: boolean;
  /** The value; undefined if the field is absent. */
  readonly value: Uint8Array | undefined;
}

/** A record of which something is opened. */
export interface OpenedRecord {
  readonly index: bigint;
  readonly kind: string;
  readonly fieldCount: bigint;
  readonly fields: readonly OpenedField[];
}

/** What a disclosure opens of a batch. */
export interface OpenedBatch {
  readonly recordCount: bigint;
  readonly records: readonly OpenedRecord[];
}

/** Checks everything that is opened against a commitment that was verified otherwise. */
export function openBatch(disclosure: Disclosure, place: Place, committed: Hash): OpenedBatch {
  const isOfPlace = disclosure.log === place.log && disclosure.source === place.source &&
    disclosure.sequence === place.sequence;
  if (!isOfPlace) throw new Refusal("Place");
  const leaves = disclosure.records.map((record) => ({
    index: record.index,
    hash: leafOf(record),
  }));
  const { recordCount: size, proof } = disclosure;
  const root = within("Records", () => rootOfMultiproof(leaves, size, proof));
  const computed = batchCommitment(place, { size, root });
  if (!sameBytes(computed, committed)) throw new Refusal("Commitment", encodeBase64(computed));
  const records = disclosure.records.map(openRecord);
  const [header] = records;
  if (header?.index === 0n) checkHeader(header, size);
  return { recordCount: size, records };
}

/** Whether every field of every record is opened. */
export function isWhole(opened: OpenedBatch): boolean {
  const all = (record: OpenedRecord) => BigInt(record.fields.length) === record.fieldCount;
  return BigInt(opened.records.length) === opened.recordCount && opened.records.every(all);
}

/** The value of a known field as text; undefined if it is hidden, absent or no text. */
export function knownText(record: OpenedRecord, name: string): string | undefined {
  const value = record.fields.find((field) => field.isKnown && field.name === name)?.value;
  return value && decodeUtf8(value);
}

function leafOf(record: RecordOpening): Hash {
  const leaves = record.fields.map((field) => ({
    index: field.index,
    hash: fieldLeaf(field.salt, field.name, field.value),
  }));
  const { fieldCount, proof } = record;
  return recordLeaf(fieldCount, within("Fields", () => rootOfMultiproof(leaves, fieldCount, proof)));
}

function openRecord(record: RecordOpening): OpenedRecord {
  const { index, fieldCount } = record;
  const { kind, table } = kindOf(record);
  if ((index === 0n) !== (kind === HEADER_KIND)) throw new Refusal("Header", `${index}`);
  if (fieldCount < BigInt(table.length)) throw new Refusal("FieldCount", `${index}`);
  const fields: OpenedField[] = [];
  for (const field of record.fields) {
    const opened = openField(field, table, fields[fields.length - 1]);
    if (!opened) throw new Refusal("Name", `${index}`, `${field.index}`);
    fields.push(opened);
  }
  return { index, kind, fieldCount, fields };
}

/** The kind of a record, from field 0, which must be opened. */
function kindOf(record: RecordOpening): { kind: string; table: readonly string[] } {
  const [first] = record.fields;
  const isKind = first?.index === 0n && first.name === "kind" && first.value !== undefined;
  const kind = isKind && first.value ? decodeUtf8(first.value) : undefined;
  const table = kind === undefined ? undefined : TABLES.get(kind);
  if (kind === undefined || !table) throw new Refusal("Kind", `${record.index}`);
  return { kind, table };
}

/** Gives a field its name; undefined if that name does not belong at its index. */
function openField(
  field: FieldOpening,
  table: readonly string[],
  before: OpenedField | undefined,
): OpenedField | undefined {
  const { index, name, value } = field;
  const known = table[Number(index)];
  if (known !== undefined) {
    const belongs = name === undefined || name === known;
    return belongs ? { index, name: known, isKnown: true, value } : undefined;
  }
  // Ascending order is what lets a full opening show that no name is there twice.
  const ascends = !before || before.isKnown || (name !== undefined && before.name < name);
  if (name === undefined || table.includes(name) || !ascends) return undefined;
  return { index, name, isKnown: false, value };
}

function checkHeader(header: OpenedRecord, recordCount: bigint): void {
  const field = header.fields.find((one) => one.name === "record/count");
  if (!field) return;
  const named = parseDecimal((field.value && decodeUtf8(field.value)) ?? "");
  if (named !== recordCount - 1n) throw new Refusal("Header", "0");
}
