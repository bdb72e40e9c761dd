/**
 * Whether a log has signed two histories. Rule: `spec/text/split.md`, "What proves a split".
 *
 * The keys come from a policy or from the caller, never from the file.
 */

import { sameBytes } from "../crypto/bytes.ts";
import { verifyCosignatures } from "../formats/cosignature.ts";
import { encodeBase64, type Hash } from "../formats/encoding.ts";
import { COSIGNATURE_ED25519, NOTE_ED25519, type VerifierKey } from "../formats/key.ts";
import { verifyNote } from "../formats/note.ts";
import { Refusal } from "../formats/refusal.ts";
import type { Head, Split } from "../formats/split.ts";
import { climbSubproof, subproofLength, type Tree } from "../formats/tree.ts";

/**
 * Fails unless the log, whose keys are among these, has signed two histories. Gives the root that the larger one had at
 * the smaller one's size.
 */
export async function proveSplit(split: Split, keys: readonly VerifierKey[]): Promise<Hash> {
  await checkSigned("Older", split.older, keys);
  await checkSigned("Newer", split.newer, keys);
  const [older, newer] = [split.older.checkpoint, split.newer.checkpoint];
  if (older.origin !== newer.origin) throw new Refusal("TwoLogs", older.origin, newer.origin);
  const root = rootOfBeginning(older.tree, newer.tree, split.hashes);
  if (sameBytes(root, older.tree.root)) throw new Refusal("Agree");
  return root;
}

/** The time at which a key has cosigned a checkpoint of a split; undefined if it has not. */
export async function cosignedAt({ note, checkpoint }: Head, key: VerifierKey): Promise<bigint | undefined> {
  const said = await verifyCosignatures(note.signatures, checkpoint, key);
  return "time" in said ? said.time : undefined;
}

/** The root that every tree with the newer one's signed root has at the older one's size. */
function rootOfBeginning(older: Tree, newer: Tree, hashes: readonly Hash[]): Hash {
  if (older.size === newer.size) {
    if (hashes.length > 0) throw new Refusal(["Beginning", "Length"], `${hashes.length}`, "0");
    return newer.root;
  }
  // Every log continues the empty one.
  if (older.size === 0n) throw new Refusal("Agree");
  if (hashes.length === 0) throw new Refusal("NoHashes", `${older.size}`, `${newer.size}`);
  const want = subproofLength(older.size, newer.size, false);
  if (hashes.length !== want) {
    throw new Refusal(["Beginning", "Length"], `${hashes.length}`, `${want}`);
  }
  const roots = climbSubproof(older.size, newer.size, undefined, [...hashes]);
  if (!sameBytes(roots.newer, newer.root)) {
    throw new Refusal(["Beginning", "AnotherTree"], encodeBase64(roots.newer));
  }
  return roots.older;
}

async function checkSigned(which: string, head: Head, keys: readonly VerifierKey[]): Promise<void> {
  const { note, checkpoint } = head;
  const own = keys.filter(
    (key) => key.name === checkpoint.origin && key.algorithm !== COSIGNATURE_ED25519,
  );
  if (own.length === 0) throw new Refusal([which, "UnknownLog"], checkpoint.origin);
  let isSigned = false;
  for (const key of own) {
    const said = key.algorithm === NOTE_ED25519
      ? await verifyNote(note, key)
      : standing(await verifyCosignatures(note.signatures, checkpoint, key));
    if (said === "invalid") throw new Refusal([which, "BadSignature"], checkpoint.origin);
    isSigned ||= said === "valid";
  }
  if (!isSigned) throw new Refusal([which, "NotSigned"], checkpoint.origin);
}

/** A time of 0 never counts, and a forbidden one refuses the note. */
function standing(said: Awaited<ReturnType<typeof verifyCosignatures>>) {
  if ("time" in said) return "valid";
  return said.none === "missing" || said.none === "time-zero" ? "missing" : "invalid";
}
