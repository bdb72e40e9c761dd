/**
 * Ed25519, strictly: what is accepted here is accepted by every careful verifier.
 *
 * Danger: WebCrypto takes public keys of small order, for which anybody can make up signatures, and
 * some implementations multiply by the cofactor, so that two verifiers disagree about one signature.
 * Therefore, before WebCrypto sees anything:
 *
 * - the key is a point on the curve in its one spelling, and not of small order (`isSoundKey`);
 * - so is R, the first half of the signature; and S, the second half, is below the group's order.
 *
 * The equation is the one without cofactor: [S]B - [k]A is spelled exactly as R. WebCrypto computes
 * it where it can. Where it lacks Ed25519, or is found to use the cofactor, or the key has a part of
 * small order, it is computed here with the points of `@noble/curves` (audited by Trail of Bits 2023,
 * Cure53 2024), which the page needs for the checks of keys in any case.
 */

import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";

import { concat, sameBytes } from "./bytes.ts";

const KEY_SIZE = 32;
const SIGNATURE_SIZE = 64;

/** The order of the group that the base point generates (RFC 8032, section 5.1). */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

const Point = ed25519.Point;
type CurvePoint = InstanceType<typeof Point>;

/** Which implementation checks the equation. */
export type Ed25519Engine = "webcrypto" | "own";

/** Whether the bytes are a public key that only its owner can sign for. */
export function isSoundKey(key: Uint8Array): boolean {
  return soundKey(key) !== undefined;
}

/** Checks a signature; `engine` is what `engine.ts` has found to be right in this browser. */
export async function verifyEd25519(
  key: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  engine: Ed25519Engine,
): Promise<boolean> {
  const known = soundKey(key);
  if (!known || signature.length !== SIGNATURE_SIZE) return false;
  const r = signature.subarray(0, KEY_SIZE);
  const s = littleEndian(signature.subarray(KEY_SIZE));
  if (!pointOf(r) || s >= ORDER) return false;
  if (engine === "webcrypto" && known.isTorsionFree) {
    return verifyByPlatform(key, message, signature);
  }
  const k = littleEndian(sha512(concat(r, key, message))) % ORDER;
  const computed = Point.BASE.multiplyUnsafe(s).subtract(known.point.multiplyUnsafe(k));
  return sameBytes(computed.toBytes(), r);
}

/** The browser's own answer, for keys and signatures that were checked before. */
export async function verifyByPlatform(
  key: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const subtle = globalThis.crypto.subtle;
  const imported = await subtle.importKey("raw", concat(key), "Ed25519", false, ["verify"]);
  return subtle.verify("Ed25519", imported, concat(signature), concat(message));
}

/** A key that was checked: one key signs many statements, and checking costs as much as a signature. */
interface SoundKey {
  /** A copy of the key: the array that it was read from could change. */
  readonly bytes: Uint8Array;
  readonly point: CurvePoint;
  readonly isTorsionFree: boolean;
}

const checked = new WeakMap<Uint8Array, SoundKey>();

function soundKey(key: Uint8Array): SoundKey | undefined {
  const before = checked.get(key);
  if (before && sameBytes(before.bytes, key)) return before;
  const point = pointOf(key);
  if (!point) return undefined;
  const known = { bytes: key.slice(), point, isTorsionFree: point.isTorsionFree() };
  checked.set(key, known);
  return known;
}

/** The point that 32 bytes spell; undefined for none, a second spelling, or one of small order. */
function pointOf(bytes: Uint8Array): CurvePoint | undefined {
  if (bytes.length !== KEY_SIZE) return undefined;
  try {
    const point = Point.fromBytes(bytes, false);
    const isSound = !point.isSmallOrder() && sameBytes(point.toBytes(), bytes);
    return isSound ? point : undefined;
  } catch {
    return undefined;
  }
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}
