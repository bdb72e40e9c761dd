/**
 * Evidence of a split: two checkpoints of one log that cannot both be true.
 *
 * Rule: `spec/text/split.md`; vectors: `spec/vectors/split/`.
 */

import { concat, sameBytes } from "../crypto/bytes.ts";
import { parseCheckpoint, type Checkpoint } from "./checkpoint.ts";
import { decodeHash, decodeUtf8, encodeBase64, encodeUtf8, type Hash } from "./encoding.ts";
import { formatNote, parseNote, type Note } from "./note.ts";
import { Refusal, within } from "./refusal.ts";
import { MAX_CONSISTENCY_PROOF } from "./tree.ts";

export const SPLIT_HEADER = "fiducial/split/v1";
export const MAX_SPLIT_SIZE = 527_278;

const MAX_HASHES = MAX_CONSISTENCY_PROOF + 1;

/** A signed head of one of the two histories. Who has signed it is not verified. */
export interface Head {
  readonly note: Note;
  readonly checkpoint: Checkpoint;
}

/** A file of the right form. */
export interface Split {
  readonly hashes: readonly Hash[];
  readonly older: Head;
  readonly newer: Head;
}

/** Parses the file. */
export function parseSplit(bytes: Uint8Array): Split {
  if (bytes.length > MAX_SPLIT_SIZE) throw new Refusal("TooLarge", String(bytes.length));
  const whole = decodeUtf8(bytes);
  if (whole === undefined) throw new Refusal("Utf8");
  const [head, older, newer] = cut(whole);
  const [header, ...lines] = (head ?? "").split("\n");
  if (header !== SPLIT_HEADER) throw new Refusal("Header");
  const hashes = lines.map((line, at) => {
    if (at === MAX_HASHES) throw new Refusal("TooManyHashes");
    return decodeHash(line) ?? refuseHash(at);
  });
  if (older === undefined || newer === undefined) throw new Refusal("Parts");
  const notes = [older, newer].map((text) => within("Note", () => parseNote(encodeUtf8(text))));
  const [first, second] = notes.map(readHead);
  if (!first || !second) throw new Refusal("Parts");
  if (first.checkpoint.tree.size > second.checkpoint.tree.size) throw new Refusal("Order");
  const split = { hashes, older: first, newer: second };
  if (!sameBytes(formatSplit(split), bytes)) throw new Refusal("NotCanonical");
  return split;
}

/** Writes the one spelling of a split. */
export function formatSplit(split: Split): Uint8Array {
  const lines = [SPLIT_HEADER, ...split.hashes.map(encodeBase64), "", ""];
  const newline = encodeUtf8("\n");
  return concat(
    encodeUtf8(lines.join("\n")),
    formatNote(split.older.note),
    newline,
    formatNote(split.newer.note),
  );
}

/**
 * Cuts at empty lines: hashes, text and signatures of the smaller checkpoint, the larger one. No
 * text of a checkpoint and no block of signatures holds an empty line.
 */
function cut(whole: string): (string | undefined)[] {
  const [head, text, signatures, ...rest] = whole.split("\n\n");
  if (text === undefined || signatures === undefined || rest.length === 0) return [head];
  return [head, `${text}\n\n${signatures}\n`, rest.join("\n\n")];
}

function readHead(note: Note): Head {
  return { note, checkpoint: within("Checkpoint", () => parseCheckpoint(note.text)) };
}

function refuseHash(at: number): never {
  throw new Refusal("Hash", `${at + 1}`);
}
