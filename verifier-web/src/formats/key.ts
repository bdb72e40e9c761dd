/**
 * Verifier keys and key names. Rule: `spec/text/note.md`; vectors: `spec/vectors/key/`.
 *
 *     key ID        SHA-256(name || "\n" || type || public key), its first four bytes
 *     verifier key  <name>+<key ID, 8 hex digits>+<base64 of type || public key>
 */

import { concat } from "../crypto/bytes.ts";
import { isSoundKey } from "../crypto/ed25519.ts";
import { ML_DSA_KEY_SIZE } from "../crypto/mldsa.ts";
import { sha256 } from "../crypto/sha256.ts";
import { decodeBase64, encodeUtf8, hasControl, sizeOf } from "./encoding.ts";
import { encodeHex } from "./hex.ts";
import { Refusal } from "./refusal.ts";

/** The longest name of a key, in bytes: what ML-DSA's signed message can hold. */
export const MAX_NAME_SIZE = 255;

const ED25519_KEY_SIZE = 32;

/** A private key's text begins like this; it is never shown again. */
const PRIVATE = "PRIVATE+KEY+";

/** How a key signs, by the type byte of C2SP signed-note. */
export const NOTE_ED25519 = 0x01;
export const COSIGNATURE_ED25519 = 0x04;
export const COSIGNATURE_ML_DSA_44 = 0x06;
export type Algorithm =
  | typeof NOTE_ED25519
  | typeof COSIGNATURE_ED25519
  | typeof COSIGNATURE_ML_DSA_44;

/** A key that verifies, checked. */
export interface VerifierKey {
  readonly name: string;
  /** Eight hexadecimal digits. */
  readonly id: string;
  readonly algorithm: Algorithm;
  readonly publicBytes: Uint8Array;
  /** As it was written, which is its one spelling. */
  readonly text: string;
}

/** Whether a text can be the name of a key. */
export function isKeyName(text: string): boolean {
  const refused = /[\p{White_Space}+]/u.test(text) || hasControl(text);
  return text !== "" && !refused && sizeOf(text) <= MAX_NAME_SIZE;
}

/** The name of a signature type as people know it. */
export function nameOfAlgorithm(algorithm: Algorithm): string {
  return algorithm === COSIGNATURE_ML_DSA_44 ? "ML-DSA-44" : "Ed25519";
}

/** Parses a C2SP verifier key. */
export function parseKey(text: string): VerifierKey {
  if (text.startsWith(PRIVATE)) throw new Refusal("Private");
  const first = text.indexOf("+");
  const second = text.indexOf("+", first + 1);
  if (first < 0 || second < 0) throw new Refusal("Malformed");
  const [name, id, encoded] = [
    text.slice(0, first),
    text.slice(first + 1, second),
    text.slice(second + 1),
  ];
  if (!/^[0-9a-f]{8}$/.test(id)) throw new Refusal("Malformed");
  if (!isKeyName(name)) throw new Refusal("Name");
  const bytes = decodeBase64(encoded);
  if (!bytes) throw new Refusal("Base64");
  const [type] = bytes;
  if (type === undefined) throw new Refusal("Malformed");
  const publicBytes = bytes.subarray(1);
  const algorithm = checkPublic(type, publicBytes);
  const computed = keyId(name, algorithm, publicBytes);
  if (computed !== id) throw new Refusal("Id", id, computed);
  return { name, id, algorithm, publicBytes, text };
}

function checkPublic(type: number, publicBytes: Uint8Array): Algorithm {
  switch (type) {
    case NOTE_ED25519:
    case COSIGNATURE_ED25519:
      if (publicBytes.length !== ED25519_KEY_SIZE) throw new Refusal("Length");
      if (!isSoundKey(publicBytes)) throw new Refusal("Point");
      return type;
    case COSIGNATURE_ML_DSA_44:
      if (publicBytes.length !== ML_DSA_KEY_SIZE) throw new Refusal("Length");
      return type;
    default:
      throw new Refusal("Type", `0x${type.toString(16).padStart(2, "0")}`);
  }
}

function keyId(name: string, algorithm: Algorithm, publicBytes: Uint8Array): string {
  const typed = Uint8Array.of(algorithm);
  return encodeHex(sha256(concat(encodeUtf8(`${name}\n`), typed, publicBytes)).subarray(0, 4));
}
