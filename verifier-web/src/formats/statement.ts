/**
 * Statements: what a source says to the log. Rule: `spec/text/statement.md`; vectors:
 * `spec/vectors/evidence/statement/`.
 *
 * A signed note of seven lines in one order and one signature line.
 */

import { sameBytes } from "../crypto/bytes.ts";
import { isOrigin } from "./checkpoint.ts";
import { decodeHash, encodeBase64, encodeUtf8, parseDecimal, type Hash } from "./encoding.ts";
import { isKeyName } from "./key.ts";
import { formatNote, parseNote, type Note } from "./note.ts";
import { Refusal, within } from "./refusal.ts";
import { leafHash, makeTree, type Tree } from "./tree.ts";

/** The most bytes of a statement. */
export const MAX_STATEMENT_SIZE = 1151;

const HEADER = "fiducial/statement/v1";
const SIGNATURE_SIZE = 64;
const ZERO: Hash = new Uint8Array(32);

/** A statement of the right form. Whether its source has signed it is another question. */
export interface Statement {
  readonly log: string;
  readonly source: string;
  readonly sequence: bigint;
  readonly previous: Hash;
  readonly after: { readonly tree: Tree; readonly noteHash: Hash };
  readonly batch: Hash;
  readonly note: Note;
  readonly leaf: Hash;
}

/** Parses an entry as a statement. */
export function parseStatement(entry: Uint8Array): Statement {
  if (entry.length > MAX_STATEMENT_SIZE) throw new Refusal("TooLarge", String(entry.length));
  const note = within("Note", () => parseNote(entry));
  const said = parseText(note.text);
  const [signature, ...others] = note.signatures;
  const isByItsSource = signature?.name === said.source && others.length === 0;
  if (!isByItsSource || signature.bytes.length !== SIGNATURE_SIZE) throw new Refusal("Signature");
  const written = formatNote({ text: formatText(said), signatures: note.signatures });
  if (!sameBytes(written, entry)) throw new Refusal("NotCanonical");
  return { ...said, note, leaf: leafHash(entry) };
}

type Said = Omit<Statement, "note" | "leaf">;

function parseText(text: string): Said {
  const lines = text.slice(0, -1).split("\n");
  if (lines.shift() !== HEADER) throw new Refusal("Header");
  const value = <T>(name: string, read: (value: string) => T | undefined): T => {
    const line = lines.shift();
    const read_ = line?.startsWith(`${name} `) ? read(line.slice(name.length + 1)) : undefined;
    if (read_ === undefined) throw new Refusal("Line", name);
    return read_;
  };
  const log = value("log", (word) => (isOrigin(word) ? word : undefined));
  const source = value("source", (word) => (isKeyName(word) ? word : undefined));
  const sequence = value("sequence", parseDecimal);
  const previous = value("previous", decodeHash);
  const after = value("after", parseAfter);
  const batch = value("batch", decodeHash);
  if (lines.length > 0) throw new Refusal("TrailingLines");
  if ((sequence === 0n) !== sameBytes(previous, ZERO)) throw new Refusal("Previous");
  return { log, source, sequence, previous, after, batch };
}

function parseAfter(value: string): Statement["after"] | undefined {
  const [size, root, note, ...more] = value.split(" ");
  const count = parseDecimal(size ?? "");
  const [hash, noteHash] = [decodeHash(root ?? ""), decodeHash(note ?? "")];
  if (count === undefined || !hash || !noteHash || more.length > 0) return undefined;
  const tree = makeTree(count, hash);
  // A tree without entries has no note, and any other tree has one.
  if (!tree || (count === 0n) !== sameBytes(noteHash, ZERO)) throw new Refusal("After");
  return { tree, noteHash };
}

function formatText(said: Said): string {
  const { tree, noteHash } = said.after;
  return [
    HEADER,
    `log ${said.log}`,
    `source ${said.source}`,
    `sequence ${said.sequence}`,
    `previous ${encodeBase64(said.previous)}`,
    `after ${tree.size} ${encodeBase64(tree.root)} ${encodeBase64(noteHash)}`,
    `batch ${encodeBase64(said.batch)}`,
    "",
  ].join("\n");
}

/** The bytes that a source signs. */
export function signedBytes(statement: Statement): Uint8Array {
  return encodeUtf8(statement.note.text);
}
