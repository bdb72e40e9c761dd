/**
 * SHA-256, of values and of files of any size.
 *
 * WebCrypto hashes only what is wholly in memory, and answers later: it can neither follow a file of
 * gigabytes nor be asked for a hundred thousand small nodes in a row. So the hash here is that of
 * `@noble/hashes` (audited by Cure53, January 2022), which works piece by piece. What fits in memory
 * is hashed by WebCrypto as well, and the two must agree: see `hashBlob` and `engine.ts`.
 */

import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";

import { concat, sameBytes } from "./bytes.ts";

export const HASH_SIZE = 32;

/** How much of a file is in memory at a time, in bytes. */
const CHUNK_SIZE = 4 * 1024 * 1024;

/** Files up to this size are hashed by WebCrypto too, in bytes. */
const COMPARED_SIZE = 8 * 1024 * 1024;

/** Two implementations gave two hashes of the same bytes: one of them is broken. */
export class HashesDiffer extends Error {
  constructor() {
    super("two implementations of SHA-256 do not agree");
  }
}

/** Hashes parts as if they were one. */
export function sha256(...parts: Uint8Array[]): Uint8Array {
  return nobleSha256(parts.length === 1 && parts[0] ? parts[0] : concat(...parts));
}

/** A hash on its way. */
export class Sha256 {
  readonly #state = nobleSha256.create();

  update(bytes: Uint8Array): void {
    this.#state.update(bytes);
  }

  digest(): Uint8Array {
    return this.#state.digest();
  }
}

/** Hashes a file piece by piece; `progress` is told the bytes done so far. */
export async function hashBlob(
  file: Blob,
  progress: (done: number) => void = () => {},
): Promise<Uint8Array> {
  const hasher = new Sha256();
  for (let start = 0; start < file.size; start += CHUNK_SIZE) {
    const end = Math.min(start + CHUNK_SIZE, file.size);
    const chunk = new Uint8Array(await file.slice(start, end).arrayBuffer());
    if (chunk.length !== end - start) throw new Error("the file changed while it was read");
    hasher.update(chunk);
    progress(end);
  }
  const hash = hasher.digest();
  if (file.size <= COMPARED_SIZE) await compareWithPlatform(await file.arrayBuffer(), hash);
  return hash;
}

/** Fails if the browser's own SHA-256 gives another hash; says nothing where it has none. */
export async function compareWithPlatform(bytes: ArrayBuffer, hash: Uint8Array): Promise<void> {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) return;
  const other = new Uint8Array(await subtle.digest("SHA-256", bytes));
  if (!sameBytes(hash, other)) throw new HashesDiffer();
}
