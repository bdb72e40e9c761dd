/**
 * Hashes that timestamps use besides SHA-256, by `@noble/hashes` like that one.
 *
 * SHA-1 is there only because old tokens name their certificate by it. It must date nothing: two texts
 * of one SHA-1 can be made.
 */

import { sha1 } from "@noble/hashes/legacy.js";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";

/** What dates something, by WebCrypto's names. */
export type Digest = "SHA-256" | "SHA-384" | "SHA-512";

const HASHES = { "SHA-256": sha256, "SHA-384": sha384, "SHA-512": sha512 } as const;

export function digest(by: Digest, bytes: Uint8Array): Uint8Array {
  return HASHES[by](bytes);
}

/** For names of certificates in old tokens, and for nothing else. */
export function legacySha1(bytes: Uint8Array): Uint8Array {
  return sha1(bytes);
}
