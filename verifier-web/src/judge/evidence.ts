/**
 * Evidence of a bundle: each piece is named by an opened record, and what is named and not there is
 * told. Rule: `spec/text/bundle.md`, step 9.
 */

import type { Bundle } from "../formats/bundle.ts";
import { decodeUtf8 } from "../formats/encoding.ts";
import { parsePath } from "../formats/parts.ts";
import type { Checked } from "./bundle.ts";
import { knownText, type OpenedRecord } from "./opened.ts";
import { rejected } from "./report.ts";

const FILE_HASH = "file/sha256";

/** The fields by which a record commits to bytes. */
const HASHES = [FILE_HASH, "part/of-sha256", "program/sha256", "received/sha256", "trace/sha256"];

/** How much evidence there is. */
export interface Compared {
  /** Pieces that an opened record commits to. */
  readonly vouched: number;
  /** Files of opened records that are not there. */
  readonly missing: number;
  /** The path of a record's file in the bundle, if it is there. */
  fileOf(record: OpenedRecord): string | undefined;
}

/** Compares the evidence with what is opened; that it is what its path says was checked before. */
export function compareEvidence(bundle: Bundle, checked: readonly Checked[]): Compared {
  const records = checked.flatMap((one) => one.opened.records);
  const named = new Set(records.flatMap(hashesOf));
  const files = new Set(records.flatMap((record) => fileHash(record) ?? []));
  const there = new Set<string>();
  for (const path of bundle.parts.keys()) {
    const kind = parsePath(path);
    if (kind?.kind !== "evidence") continue;
    if (!named.has(kind.hash)) throw rejected("evidence-unnamed", path);
    there.add(kind.hash);
  }
  const missing = [...files].filter((hash) => !there.has(hash)).length;
  const fileOf = (record: OpenedRecord) => {
    const hash = fileHash(record);
    return hash !== undefined && there.has(hash) ? `evidence/${hash}` : undefined;
  };
  return { vouched: there.size, missing, fileOf };
}

/** The hash of a record's own file, if it is one. */
function fileHash(record: OpenedRecord): string | undefined {
  const text = knownText(record, FILE_HASH);
  return text !== undefined && isHash(text) ? text : undefined;
}

function hashesOf(record: OpenedRecord): string[] {
  return record.fields.filter((field) => HASHES.includes(field.name)).flatMap((field) => {
    const text = field.value && decodeUtf8(field.value);
    return text !== undefined && isHash(text) ? [text] : [];
  });
}

function isHash(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}
