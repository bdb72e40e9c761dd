/**
 * Whose records are looked for in a range: the keys of lots and a list of units, both the reader's own.
 *
 *     statement key     HMAC-SHA256(lot key, "fiducial/tag/v1\n" || source || u64 sequence)
 *     tag               HMAC-SHA256(statement key, unit)
 *
 * Rule: `spec/text/evidence.md`, "Tags". Units and tags are octets, kept as strings of one letter an
 * octet, so that they can be looked up.
 */

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";

import { bigEndian, concat } from "../crypto/bytes.ts";
import { encodeUtf8 } from "../formats/encoding.ts";
import { decodeHex } from "../formats/hex.ts";
import { namesOf, readList, type List } from "./list.ts";
import { mistaken } from "./mistaken.ts";
import { undecided } from "./report.ts";

export const TAG_SIZE = 32;

/** The most bytes of a list of units: some hundred thousand serial numbers. */
export const MAX_UNITS_SIZE = 16 * 1024 * 1024;

/** The most letters of lot keys. */
export const MAX_LOT_KEYS_SIZE = 64 * 1024;

const LOT_KEY_SIZE = 32;
const PREFIX = encodeUtf8("fiducial/tag/v1\n");

/** What the reader looks for. */
export interface Reader {
  readonly keys: readonly Uint8Array[];
  /** All names of all units, as octets. */
  readonly units: ReadonlySet<string>;
  readonly list: List;
}

/** One letter for each octet. */
export function octetsOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** Reads both; undefined without either. Keys say nothing without units. */
export function readReader(lotKeys: string, unitList: Uint8Array): Reader | undefined {
  const swapped = mistaken("units", unitList);
  if (swapped) throw swapped;
  const isTooLarge = lotKeys.length > MAX_LOT_KEYS_SIZE || unitList.length > MAX_UNITS_SIZE;
  if (isTooLarge) throw undecided("reader-too-large");
  const lines = lotKeys.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const keys = lines.map((line, at) => {
    const key = decodeHex(line.toLowerCase());
    // The text is not shown: it may be most of a key.
    if (key?.length !== LOT_KEY_SIZE) {
      throw mistaken("lotKeys", encodeUtf8(lotKeys)) ?? undecided("bad-lot-key", `${at + 1}`);
    }
    return key;
  });
  if (unitList.length === 0) {
    if (keys.length > 0) throw undecided("reader-incomplete");
    return undefined;
  }
  const list = readList(unitList);
  const units = new Set(list.units.flatMap(namesOf).map((name) => octetsOf(encodeUtf8(name))));
  return { keys, units, list };
}

/** The reader's units among these tags of one statement: each tag with its unit. */
export function ownTags(
  reader: Reader,
  source: string,
  sequence: bigint,
  tags: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  if (tags.size === 0) return found;
  for (const key of reader.keys) {
    const message = concat(PREFIX, encodeUtf8(source), bigEndian(sequence, 8));
    const keyed = hmac.create(sha256, hmac(sha256, key, message));
    for (const unit of reader.units) {
      const bytes = Uint8Array.from(unit, (letter) => letter.charCodeAt(0));
      const tag = octetsOf(keyed.clone().update(bytes).digest());
      if (tags.has(tag)) found.set(tag, unit);
    }
  }
  return found;
}
