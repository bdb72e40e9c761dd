/**
 * Finds out, once, what this browser's WebCrypto can do, by asking it and not by believing it.
 *
 * Ed25519 is asked to accept a true signature, to refuse a false one, and to refuse one that only
 * holds after multiplication by the cofactor. Whoever fails is not used: the equation is then
 * computed by the page itself. SHA-256 of the page is compared with the browser's.
 */

import { decodeHex } from "../formats/hex.ts";
import { compareWithPlatform, sha256 } from "./sha256.ts";
import { verifyByPlatform, type Ed25519Engine } from "./ed25519.ts";

/** RFC 8032, section 7.1, test 2: key, message, signature. */
export const TRUE_SIGNATURE = {
  key: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
  message: "72",
  signature:
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" +
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
};

/**
 * The same key and message; R has a point of order 8 added, so that only the equation with the
 * cofactor holds. `test/unit/crypto.test.ts` makes it, from the private key of the same section.
 */
export const COFACTORED_SIGNATURE =
  "b15bf26424d1b69dd33b7a9e57db5de4a2aadea4a2a051efd9bfd6af74165d2b" +
  "25e73d62d418813377393f7eaf620b39e9ea3746848089feb8010d810aaaf00a";

let asked: Promise<Ed25519Engine> | undefined;

/** Which implementation checks Ed25519 in this browser. */
export function ed25519Engine(): Promise<Ed25519Engine> {
  asked ??= askPlatform();
  return asked;
}

/** Fails if the page's SHA-256 and the browser's give two hashes of the same bytes. */
export async function checkSha256(): Promise<void> {
  for (const size of [0, 55, 56, 64, 1000]) {
    const bytes = new Uint8Array(size).map((_, at) => at & 0xff);
    await compareWithPlatform(bytes.buffer, sha256(bytes));
  }
}

/** Asks the browser, each time anew. */
export async function askPlatform(): Promise<Ed25519Engine> {
  const [key, message, right, cofactored] = [
    TRUE_SIGNATURE.key,
    TRUE_SIGNATURE.message,
    TRUE_SIGNATURE.signature,
    COFACTORED_SIGNATURE,
  ].map(decodeHex);
  if (!key || !message || !right || !cofactored) return "own";
  try {
    const answers = [
      await verifyByPlatform(key, message, right),
      await verifyByPlatform(key, Uint8Array.of(0x73), right),
      await verifyByPlatform(key, message, cofactored),
    ];
    return answers.join() === "true,false,false" ? "webcrypto" : "own";
  } catch {
    // No WebCrypto on this page, or one without Ed25519.
    return "own";
  }
}
