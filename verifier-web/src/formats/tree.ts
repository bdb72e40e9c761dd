/**
 * The tree of RFC 6962, section 2.1, with SHA-256: proofs as its recursion reads.
 *
 * Rule: `spec/text/tree.md`; vectors: `spec/vectors/tree/`. A tree is a size and a root, never one
 * without the other. A proof's length follows from the sizes alone, and is compared before a hash
 * is read. The recursions are at most 64 deep, since sizes have 64 bits.
 */

import { sameBytes } from "../crypto/bytes.ts";
import { sha256 } from "../crypto/sha256.ts";
import type { Hash } from "./encoding.ts";
import { Refusal } from "./refusal.ts";

export const MAX_INCLUSION_PROOF = 64;
export const MAX_CONSISTENCY_PROOF = 65;

/** The root of the tree without entries. */
export const EMPTY_ROOT: Hash = sha256(new Uint8Array());

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** A size and the root that goes with it. */
export interface Tree {
  readonly size: bigint;
  readonly root: Hash;
}

/** Makes a tree; undefined if the size is 0 and the root not that of the empty tree. */
export function makeTree(size: bigint, root: Hash): Tree | undefined {
  return size !== 0n || sameBytes(root, EMPTY_ROOT) ? { size, root } : undefined;
}

/** The hash of an entry. */
export function leafHash(entry: Uint8Array): Hash {
  return sha256(LEAF, entry);
}

/** The hash of two neighbours. */
export function nodeHash(left: Hash, right: Hash): Hash {
  return sha256(NODE, left, right);
}

/** The root over leaf hashes, as MTH reads. */
export function rootOfLeaves(leaves: readonly Hash[]): Hash {
  if (leaves.length === 0) return EMPTY_ROOT;
  const [first] = leaves;
  if (leaves.length === 1 && first) return first;
  const split = Number(largestPowerBelow(BigInt(leaves.length)));
  return nodeHash(rootOfLeaves(leaves.slice(0, split)), rootOfLeaves(leaves.slice(split)));
}

/** Checks that a leaf stands at an index of a tree. */
export function verifyInclusion(
  leaf: Hash,
  index: bigint,
  tree: Tree,
  proof: readonly Hash[],
): void {
  if (index >= tree.size) throw new Refusal("IndexBeyondTree", `${index}`, `${tree.size}`);
  const want = pathLength(index, tree.size);
  if (proof.length !== want) throw new Refusal("ProofLength", `${proof.length}`, `${want}`);
  const computed = climbPath(leaf, index, tree.size, [...proof]);
  if (!sameBytes(computed, tree.root)) throw new Refusal("RootMismatch");
}

/** Checks that the newer tree only appends to the older one. */
export function verifyConsistency(older: Tree, newer: Tree, proof: readonly Hash[]): void {
  if (older.size > newer.size) throw new Refusal("Shrank", `${older.size}`, `${newer.size}`);
  const isTrivial = older.size === 0n || older.size === newer.size;
  const want = isTrivial ? 0 : subproofLength(older.size, newer.size, true);
  if (proof.length !== want) throw new Refusal("ProofLength", `${proof.length}`, `${want}`);
  if (older.size === newer.size) {
    if (!sameBytes(older.root, newer.root)) throw new Refusal("SameSizeOtherRoot");
    return;
  }
  if (older.size === 0n) return;
  const roots = climbSubproof(older.size, newer.size, older.root, [...proof]);
  if (!sameBytes(roots.older, older.root)) throw new Refusal("OldRootMismatch");
  if (!sameBytes(roots.newer, newer.root)) throw new Refusal("NewRootMismatch");
}

/** How many hashes SUBPROOF(m, D[n], complete) has. */
export function subproofLength(m: bigint, n: bigint, complete: boolean): number {
  if (m === n) return complete ? 0 : 1;
  const split = largestPowerBelow(n);
  const below = m <= split
    ? subproofLength(m, split, complete)
    : subproofLength(m - split, n - split, false);
  return below + 1;
}

/**
 * Folds SUBPROOF(m, D[n], known defined) to the roots at m and at n. The caller has checked its
 * length; hashes are taken from the end, which is the top of the tree.
 */
export function climbSubproof(
  m: bigint,
  n: bigint,
  known: Hash | undefined,
  proof: Hash[],
): { older: Hash; newer: Hash } {
  if (m === n) {
    const hash = known ?? take(proof);
    return { older: hash, newer: hash };
  }
  const split = largestPowerBelow(n);
  const sibling = take(proof);
  if (m <= split) {
    const { older, newer } = climbSubproof(m, split, known, proof);
    return { older, newer: nodeHash(newer, sibling) };
  }
  const { older, newer } = climbSubproof(m - split, n - split, undefined, proof);
  return { older: nodeHash(sibling, older), newer: nodeHash(sibling, newer) };
}

function pathLength(index: bigint, size: bigint): number {
  if (size === 1n) return 0;
  const split = largestPowerBelow(size);
  const below = index < split ? pathLength(index, split) : pathLength(index - split, size - split);
  return below + 1;
}

function climbPath(leaf: Hash, index: bigint, size: bigint, proof: Hash[]): Hash {
  if (size === 1n) return leaf;
  const split = largestPowerBelow(size);
  const sibling = take(proof);
  return index < split
    ? nodeHash(climbPath(leaf, index, split, proof), sibling)
    : nodeHash(sibling, climbPath(leaf, index - split, size - split, proof));
}

/** The largest power of two below a size of at least 2. */
function largestPowerBelow(size: bigint): bigint {
  return 1n << BigInt((size - 1n).toString(2).length - 1);
}

function take(proof: Hash[]): Hash {
  const hash = proof.pop();
  if (!hash) throw new Error("the length of a proof is checked before it is read");
  return hash;
}
