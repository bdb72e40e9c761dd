/**
 * Receipts: C2SP tlog-proof. Rule: `spec/text/proof.md`; vectors: `spec/vectors/proof/`.
 *
 *     c2sp.org/tlog-proof@v1
 *     extra <base64; left out without extra data>
 *     index <decimal>
 *     <base64 of a hash, from the leaf's sibling up> ...
 *
 *     <the checkpoint with its signatures>
 */

import { concat, sameBytes } from "../crypto/bytes.ts";
import { parseCheckpoint, type Checkpoint } from "./checkpoint.ts";
import {
  decodeBase64,
  decodeHash,
  decodeUtf8,
  encodeBase64,
  encodeUtf8,
  parseDecimal,
  type Hash,
} from "./encoding.ts";
import { formatNote, parseNote, type Note } from "./note.ts";
import { Refusal, within } from "./refusal.ts";
import { MAX_INCLUSION_PROOF } from "./tree.ts";

/** The largest entry, and so the most extra data, in bytes. */
export const MAX_ENTRY_SIZE = 65_535;

/** The most bytes of a receipt: the largest extra line, path and note, and the lines around them. */
export const MAX_PROOF_SIZE = 352_532;

export const PROOF_HEADER = "c2sp.org/tlog-proof@v1";

/** A receipt of the right form. Nothing in it is verified; extra data never is by the proof. */
export interface Proof {
  readonly extra: Uint8Array | undefined;
  readonly index: bigint;
  readonly hashes: readonly Hash[];
  readonly note: Note;
  readonly checkpoint: Checkpoint;
}

/** Parses a receipt. */
export function parseProof(bytes: Uint8Array): Proof {
  if (bytes.length > MAX_PROOF_SIZE) throw new Refusal("TooLarge", String(bytes.length));
  const whole = decodeUtf8(bytes);
  if (whole === undefined) throw new Refusal("Utf8");
  // No line of the first part is empty, so the first empty line separates.
  const split = whole.indexOf("\n\n");
  if (split < 0) throw new Refusal("NoCheckpoint");
  const lines = whole.slice(0, split).split("\n");
  if (lines.shift() !== PROOF_HEADER) throw new Refusal("Header");
  const extra = lines[0]?.startsWith("extra ") ? parseExtra(lines.shift() ?? "") : undefined;
  const index = parseIndex(lines.shift());
  const hashes = lines.map((line, at) => parsePathHash(line, at));
  const note = within("Note", () => parseNote(encodeUtf8(whole.slice(split + 2))));
  const checkpoint = within("Checkpoint", () => parseCheckpoint(note.text));
  const proof = { extra, index, hashes, note, checkpoint };
  if (!sameBytes(formatProof(proof), bytes)) throw new Refusal("NotCanonical");
  return proof;
}

/** Writes the one spelling of a receipt. */
export function formatProof(proof: Proof): Uint8Array<ArrayBuffer> {
  const lines = [
    PROOF_HEADER,
    ...(proof.extra ? [`extra ${encodeBase64(proof.extra)}`] : []),
    `index ${proof.index}`,
    ...proof.hashes.map(encodeBase64),
  ];
  const head = lines.map((line) => `${line}\n`).join("");
  return concat(encodeUtf8(`${head}\n`), formatNote(proof.note));
}

function parseExtra(line: string): Uint8Array {
  const bytes = decodeBase64(line.slice("extra ".length));
  if (!bytes || bytes.length === 0 || bytes.length > MAX_ENTRY_SIZE) throw new Refusal("Extra");
  return bytes;
}

function parseIndex(line: string | undefined): bigint {
  const index = line?.startsWith("index ") ? parseDecimal(line.slice("index ".length)) : undefined;
  if (index === undefined) throw new Refusal("Index");
  return index;
}

function parsePathHash(line: string, at: number): Hash {
  if (at === MAX_INCLUSION_PROOF) throw new Refusal("TooManyHashes");
  const hash = decodeHash(line);
  if (!hash) throw new Refusal("Hash", `${at + 1}`);
  return hash;
}
