/**
 * What a batch line commits to: fields, records, batches.
 *
 * Rule: `spec/text/evidence.md`; vectors: `spec/vectors/evidence/commitment/`.
 */

import { bigEndian, concat } from "../crypto/bytes.ts";
import { sha256 } from "../crypto/sha256.ts";
import { encodeUtf8, type Hash } from "../formats/encoding.ts";
import { leafHash, type Tree } from "../formats/tree.ts";

const FIELD = encodeUtf8("fiducial/field/v1\n");
const RECORD = encodeUtf8("fiducial/record/v1\n");
const BATCH = encodeUtf8("fiducial/batch/v1\n");

/** Which statement a batch belongs to. */
export interface Place {
  readonly log: string;
  readonly source: string;
  readonly sequence: bigint;
}

/** The leaf of a field; an absent one has neither name nor value. */
export function fieldLeaf(
  salt: Uint8Array,
  name: string | undefined,
  value: Uint8Array | undefined,
): Hash {
  const bytes = value ?? new Uint8Array();
  return leafHash(concat(FIELD, salt, named(name ?? ""), bigEndian(BigInt(bytes.length), 4), bytes));
}

/** The leaf of a record, from the number of its fields and the root over them. */
export function recordLeaf(fieldCount: bigint, root: Hash): Hash {
  return leafHash(concat(RECORD, bigEndian(fieldCount, 4), root));
}

/** What a statement's `batch` line holds; the tree is that of the records. */
export function batchCommitment(place: Place, tree: Tree): Hash {
  return sha256(
    BATCH,
    named(place.log),
    named(place.source),
    bigEndian(place.sequence, 8),
    bigEndian(tree.size, 8),
    tree.root,
  );
}

/** A text behind its length, a u16. */
function named(text: string): Uint8Array {
  const bytes = encodeUtf8(text);
  return concat(bigEndian(BigInt(bytes.length), 2), bytes);
}
