/**
 * ML-DSA-44 (FIPS 204) by `@noble/post-quantum`, with an empty context and without pre-hashing.
 *
 * No browser offers it. The library has had no independent audit (its authors audited 0.6.1 in
 * April 2026), so its answer is never what a first verdict rests on alone where Ed25519 has signed
 * too: a bad line refuses a note, but the quorum of all signatures is counted apart from this one.
 */

import { ml_dsa44 } from "@noble/post-quantum/ml-dsa.js";

export const ML_DSA_KEY_SIZE = 1312;
export const ML_DSA_SIGNATURE_SIZE = 2420;

/** Checks a signature. */
export function verifyMlDsa44(
  key: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (key.length !== ML_DSA_KEY_SIZE || signature.length !== ML_DSA_SIGNATURE_SIZE) return false;
  try {
    return ml_dsa44.verify(signature, message, key);
  } catch {
    // The library throws on some malformed signatures: they are no signatures.
    return false;
  }
}
