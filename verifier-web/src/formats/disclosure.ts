/**
 * Disclosures as a file: some records and fields of one statement, opened.
 *
 * Rule: `spec/text/disclosure.md`, "The file"; vectors: `spec/vectors/evidence/disclosure/`. What is
 * read here is not verified: that is `judge/opened.ts`.
 */

import { isOrigin } from "./checkpoint.ts";
import {
  MAX_U64,
  decodeBase64,
  decodeHash,
  decodeUtf8,
  encodeUtf8,
  parseDecimal,
  type Hash,
} from "./encoding.ts";
import { parseJson, type Json } from "./json.ts";
import { isKeyName } from "./key.ts";
import { isFieldName } from "./kinds.ts";
import { Refusal } from "./refusal.ts";

export const MAX_DISCLOSURE_SIZE = 32 * 1024 * 1024;
export const DISCLOSURE_FORMAT = "fiducial/disclosure/v1";

export const MAX_RECORDS = 4096n;
export const MAX_FIELDS = 64n;
const MAX_VALUE_SIZE = 65_536;

/** An opened field. Without name and value it is absent from its record. */
export interface FieldOpening {
  readonly index: bigint;
  readonly salt: Uint8Array;
  readonly name: string | undefined;
  readonly value: Uint8Array | undefined;
}

/** What is opened of one record. */
export interface RecordOpening {
  readonly index: bigint;
  readonly fieldCount: bigint;
  readonly fields: readonly FieldOpening[];
  readonly proof: readonly Hash[];
}

/** A disclosure of the right form. */
export interface Disclosure {
  readonly log: string;
  readonly source: string;
  readonly sequence: bigint;
  readonly recordCount: bigint;
  readonly records: readonly RecordOpening[];
  readonly proof: readonly Hash[];
}

/** Parses the file. */
export function parseDisclosure(bytes: Uint8Array): Disclosure {
  if (bytes.length > MAX_DISCLOSURE_SIZE) throw new Refusal("TooLarge", String(bytes.length));
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new Refusal("Json", "1", "1");
  const members = readObject(parseJson(text), [
    "format", "log", "source", "sequence", "record_count", "records", "proof",
  ]);
  if (readText(members, "format") !== DISCLOSURE_FORMAT) throw new Refusal("Format");
  const [log, source] = [readText(members, "log"), readText(members, "source")];
  const sequenceText = readText(members, "sequence");
  const recordCount = readCount(members, "record_count");
  const items = readList(members, "records");
  const most = recordCount > BigInt(items.length) ? recordCount : BigInt(items.length);
  if (most > MAX_RECORDS) throw new Refusal("TooManyRecords", `${most}`);
  const sequence = parseDecimal(sequenceText);
  if (!isOrigin(log)) throw new Refusal("Member", "log");
  if (!isKeyName(source)) throw new Refusal("Member", "source");
  if (sequence === undefined) throw new Refusal("Member", "sequence");
  const records = items.map(readRecord);
  return { log, source, sequence, recordCount, records, proof: readProof(members) };
}

function readRecord(json: Json): RecordOpening {
  const members = readObject(json, ["index", "field_count", "fields", "proof"]);
  const [index, fieldCount] = [readCount(members, "index"), readCount(members, "field_count")];
  const items = readList(members, "fields");
  if (fieldCount > MAX_FIELDS || BigInt(items.length) > MAX_FIELDS) {
    throw new Refusal("FieldCount", `${index}`);
  }
  return { index, fieldCount, fields: items.map(readField), proof: readProof(members) };
}

function readField(json: Json): FieldOpening {
  const members = readObject(json, ["index", "salt"], ["name", "text", "base64"]);
  const [index, salt] = [readCount(members, "index"), decodeHash(readText(members, "salt"))];
  if (!salt) throw new Refusal("Member", "salt");
  const has = (name: string) => members.has(name);
  if (!has("name") && !has("text") && !has("base64")) {
    return { index, salt, name: undefined, value: undefined };
  }
  if (!has("name")) throw new Refusal("Member", "name");
  if (has("text") === has("base64")) throw new Refusal("Member", "text");
  const name = readText(members, "name");
  if (!isFieldName(name)) throw new Refusal("Member", "name");
  const value = has("text") ? encodeUtf8(readText(members, "text")) : readBase64(members);
  if (value.length > MAX_VALUE_SIZE) throw new Refusal("Member", "text");
  return { index, salt, name, value };
}

function readBase64(members: ReadonlyMap<string, Json>): Uint8Array {
  const value = decodeBase64(readText(members, "base64"));
  // What is text is written as text, so that a value has one spelling.
  if (!value || decodeUtf8(value) !== undefined) throw new Refusal("Member", "base64");
  return value;
}

function readProof(members: ReadonlyMap<string, Json>): Hash[] {
  return readList(members, "proof").map((item) => {
    if (typeof item !== "string") throw new Refusal("Json", "proof");
    const hash = decodeHash(item);
    if (!hash) throw new Refusal("Member", "proof");
    return hash;
  });
}

/** An object with all of `required`, some of `optional`, and nothing else. */
function readObject(
  json: Json,
  required: readonly string[],
  optional: readonly string[] = [],
): ReadonlyMap<string, Json> {
  if (!(json instanceof Map)) throw new Refusal("Json");
  const missing = required.find((name) => !json.has(name));
  const known = new Set([...required, ...optional]);
  const unknown = [...json.keys()].find((name) => !known.has(name));
  if (missing !== undefined || unknown !== undefined) throw new Refusal("Json", missing ?? unknown ?? "");
  return json;
}

function readText(members: ReadonlyMap<string, Json>, name: string): string {
  const value = members.get(name);
  if (typeof value !== "string") throw new Refusal("Json", name);
  return value;
}

function readCount(members: ReadonlyMap<string, Json>, name: string): bigint {
  const value = members.get(name);
  if (typeof value !== "bigint" || value < 0n || value > MAX_U64) throw new Refusal("Json", name);
  return value;
}

function readList(members: ReadonlyMap<string, Json>, name: string): Json[] {
  const value = members.get(name);
  if (!Array.isArray(value)) throw new Refusal("Json", name);
  return value;
}
