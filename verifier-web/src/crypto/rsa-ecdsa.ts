/**
 * The signatures of timestamping authorities, by WebCrypto: RSA (PKCS #1 v1.5, RFC 8017) and ECDSA.
 *
 * Danger: an answer of the browser that it *cannot* is not an answer that a signature is *wrong*. What
 * makes it wrong whatever the browser (sizes, forms) is decided here before the browser is asked, so that
 * every browser gives the same verdict or none.
 */

import { Fields, INTEGER, naturalOf } from "../formats/der.ts";
import { encodeBase64 } from "../formats/encoding.ts";
import { Refusal } from "../formats/refusal.ts";
import { concat } from "./bytes.ts";
import type { Digest } from "./digests.ts";

/** Shorter keys are too weak, longer ones cost more than they are worth. */
const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 8192;

/** Larger exponents are not in use, and slow. */
const MAX_EXPONENT_BITS = 33;

/** Bytes of a coordinate, and of each half of a signature. */
const CURVE_SIZES = { "P-256": 32, "P-384": 48, "P-521": 66 } as const;

export type Curve = keyof typeof CURVE_SIZES;

/** A signature with the bytes that it is over. */
export interface Signed {
  readonly by: Digest;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/** `unavailable`: this browser computes no such signature, so nothing is known of it. */
export type Checked = "valid" | "invalid" | "unavailable";

/** Checks a signature with a key as it stands in a certificate: `RSAPublicKey` in DER. */
export async function verifyRsa(key: Uint8Array, { by, message, signature }: Signed): Promise<Checked> {
  const numbers = pairOf(key);
  if (!numbers || !isSoundRsa(...numbers)) return "invalid";
  const [n, e] = numbers.map(base64url);
  const jwk = { kty: "RSA", n: n ?? "", e: e ?? "" };
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: by };
  return ask(async (subtle) => {
    const imported = await subtle.importKey("jwk", jwk, algorithm, false, ["verify"]);
    return subtle.verify(algorithm, imported, concat(signature), concat(message));
  });
}

/** Checks a signature in DER with a point of a curve as it stands in a certificate. */
export async function verifyEcdsa(
  curve: Curve,
  key: Uint8Array,
  { by, message, signature }: Signed,
): Promise<Checked> {
  const size = CURVE_SIZES[curve];
  const isCompressed = key.length === 1 + size && (key[0] === 2 || key[0] === 3);
  // Browsers take whole points only.
  if (isCompressed) return "unavailable";
  if (key.length !== 1 + 2 * size || key[0] !== 4) return "invalid";
  const halves = pairOf(signature)?.map((half) => padded(half, size));
  const [r, s] = halves ?? [];
  if (!r || !s) return "invalid";
  return ask(async (subtle) => {
    const own = { name: "ECDSA", namedCurve: curve };
    const imported = await subtle.importKey("raw", concat(key), own, false, ["verify"]);
    return subtle.verify({ name: "ECDSA", hash: by }, imported, concat(r, s), concat(message));
  });
}

async function ask(verify: (subtle: SubtleCrypto) => Promise<boolean>): Promise<Checked> {
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
  // A page that came over plain HTTP has none.
  if (!subtle) return "unavailable";
  try {
    return (await verify(subtle)) ? "valid" : "invalid";
  } catch (error) {
    // A key that is none: a point off the curve, an even modulus.
    return error instanceof DOMException && error.name === "DataError" ? "invalid" : "unavailable";
  }
}

function isSoundRsa(n: Uint8Array, e: Uint8Array): boolean {
  const [size, power] = [bitsOf(n), bitsOf(e)];
  const isOdd = (number: Uint8Array) => ((number.at(-1) ?? 0) & 1) === 1;
  return size >= MIN_RSA_BITS && size <= MAX_RSA_BITS && power > 1 && power <= MAX_EXPONENT_BITS &&
    isOdd(n) && isOdd(e);
}

/** How many bits a number takes that has no zeros before it. */
function bitsOf(number: Uint8Array): number {
  return number.length * 8 - (Math.clz32(number[0] ?? 0) - 24);
}

/** The two numbers of a sequence: a modulus and its exponent, or the halves of a signature. */
function pairOf(bytes: Uint8Array): [Uint8Array, Uint8Array] | undefined {
  try {
    const fields = Fields.ofFile(bytes);
    const [one, other] = [naturalOf(fields.take(INTEGER)), naturalOf(fields.take(INTEGER))];
    fields.end();
    return [one, other];
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

/** A number in so many bytes; undefined if it does not fit. */
function padded(number: Uint8Array, size: number): Uint8Array | undefined {
  if (number.length > size) return undefined;
  return concat(new Uint8Array(size - number.length), number);
}

function base64url(bytes: Uint8Array): string {
  return encodeBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
