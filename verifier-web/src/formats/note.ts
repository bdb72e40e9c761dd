/**
 * Signed notes. Rule: `spec/text/note.md`; vectors: `spec/vectors/note/`.
 *
 * A note is parsed, printed again and compared: one note has one spelling.
 */

import { concat, sameBytes } from "../crypto/bytes.ts";
import { verifyEd25519 } from "../crypto/ed25519.ts";
import { ed25519Engine } from "../crypto/engine.ts";
import { decodeBase64, decodeUtf8, encodeBase64, encodeUtf8 } from "./encoding.ts";
import { decodeHex, encodeHex } from "./hex.ts";
import { NOTE_ED25519, isKeyName, type VerifierKey } from "./key.ts";
import { Refusal } from "./refusal.ts";

export const MAX_NOTE_SIZE = 262_144;
export const MAX_SIGNATURES = 64;

const PREFIX = "\u2014 ";

/** One signature line. Who it is by is only claimed until it is verified. */
export interface Signature {
  readonly name: string;
  /** Eight hexadecimal digits. */
  readonly id: string;
  /** What follows the key ID. */
  readonly bytes: Uint8Array;
}

/** A note of the right form. Nothing in it is verified. */
export interface Note {
  /** What is signed, with its final line break. */
  readonly text: string;
  readonly signatures: readonly Signature[];
}

/** What is known of the signatures of one key. */
export type Signed = "valid" | "missing" | "invalid" | "wrong-type";

/** Parses a note. */
export function parseNote(bytes: Uint8Array): Note {
  if (bytes.length > MAX_NOTE_SIZE) throw new Refusal("TooLarge", String(bytes.length));
  const whole = decodeUtf8(bytes);
  if (whole === undefined) throw new Refusal("Utf8");
  if (bytes.some((byte) => byte < 0x20 && byte !== 0x0a)) throw new Refusal("ControlCharacter");
  // The text may hold empty lines; the last one separates.
  const split = whole.lastIndexOf("\n\n");
  if (split < 0) throw new Refusal("NoSignatures");
  const note = { text: whole.slice(0, split + 1), signatures: parseLines(whole.slice(split + 2)) };
  if (!sameBytes(formatNote(note), bytes)) throw new Refusal("NotCanonical");
  return note;
}

/** Writes the one spelling of a note. */
export function formatNote(note: Note): Uint8Array<ArrayBuffer> {
  const lines = note.signatures.map((signature) => `${formatLine(signature)}\n`);
  return encodeUtf8(`${note.text}\n${lines.join("")}`);
}

function formatLine(signature: Signature): string {
  const id = decodeHex(signature.id) ?? new Uint8Array();
  return `${PREFIX}${signature.name} ${encodeBase64(concat(id, signature.bytes))}`;
}

function parseLines(block: string): Signature[] {
  if (!block.endsWith("\n")) throw new Refusal("NoSignatures");
  const lines = block.slice(0, -1).split("\n");
  return lines.map((line, at) => {
    if (at === MAX_SIGNATURES) throw new Refusal("TooManySignatures");
    return parseLine(line, at + 1);
  });
}

function parseLine(line: string, number: number): Signature {
  const refused = new Refusal("SignatureLine", String(number));
  const space = line.indexOf(" ", PREFIX.length);
  if (!line.startsWith(PREFIX) || space < 0) throw refused;
  const name = line.slice(PREFIX.length, space);
  const decoded = decodeBase64(line.slice(space + 1));
  // An ID of four bytes and at least one byte of a signature.
  if (!decoded || decoded.length < 5 || !isKeyName(name)) throw refused;
  return { name, id: encodeHex(decoded.subarray(0, 4)), bytes: decoded.subarray(4) };
}

/** Whether a line claims to be by this key. */
export function claims(key: VerifierKey, signature: Signature): boolean {
  return signature.name === key.name && signature.id === key.id;
}

/** Checks the lines of a key of type 0x01: every line that claims it must verify. */
export async function verifyNote(note: Note, key: VerifierKey): Promise<Signed> {
  if (key.algorithm !== NOTE_ED25519) return "wrong-type";
  const message = encodeUtf8(note.text);
  let found: Signed = "missing";
  for (const signature of note.signatures.filter((line) => claims(key, line))) {
    const engine = await ed25519Engine();
    if (!(await verifyEd25519(key.publicBytes, message, signature.bytes, engine))) return "invalid";
    found = "valid";
  }
  return found;
}
