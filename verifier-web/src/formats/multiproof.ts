/**
 * Multi-proofs: several leaves of one tree, and the hashes that are missing to its root.
 *
 * Rule: `spec/text/evidence.md`, "Multi-proofs"; vectors: `spec/vectors/evidence/multiproof/`.
 *
 * Danger: a checker that does not first refuse repeated, descending and too large indices, and
 * proofs of another length than required, accepts forgeries. The caller binds the size by a
 * commitment.
 */

import type { Hash } from "./encoding.ts";
import { Refusal } from "./refusal.ts";
import { nodeHash } from "./tree.ts";

/** A leaf and its place. */
export interface Shown {
  readonly index: bigint;
  readonly hash: Hash;
}

/** Computes the root of a tree of `size` leaves that has these leaves. */
export function rootOfMultiproof(
  leaves: readonly Shown[],
  size: bigint,
  proof: readonly Hash[],
): Hash {
  checkIndices(leaves, size);
  const want = countMissing(leaves.map((leaf) => leaf.index), size);
  if (proof.length !== want) throw new Refusal("ProofLength", `${proof.length}`, `${want}`);
  const siblings = proof[Symbol.iterator]();
  let [layer, width] = [leaves, size];
  while (width > 1n) {
    layer = climbLayer(layer, width, () => {
      const next = siblings.next();
      if (next.done) throw new Error("the length of a proof is checked before it is read");
      return next.value;
    });
    width = (width + 1n) / 2n;
  }
  const [root] = layer;
  if (!root) throw new Error("at least one leaf is shown");
  return root.hash;
}

function checkIndices(leaves: readonly Shown[], size: bigint): void {
  let before: bigint | undefined;
  for (const { index } of leaves) {
    if (index >= size) throw new Refusal("IndexBeyondTree", `${index}`, `${size}`);
    if (before !== undefined && index <= before) throw new Refusal("Order", `${index}`);
    before = index;
  }
  if (before === undefined) throw new Refusal("Empty");
}

/** How many hashes the indices and the size require. */
function countMissing(indices: readonly bigint[], size: bigint): number {
  let [layer, width, count] = [indices, size, 0];
  while (width > 1n) {
    const known = new Set(layer);
    count += layer.filter((at) => !known.has(at ^ 1n) && (at ^ 1n) < width).length;
    layer = [...new Set(layer.map((at) => at >> 1n))];
    width = (width + 1n) / 2n;
  }
  return count;
}

/** From the known nodes of a layer to those of the next, left to right. */
function climbLayer(layer: readonly Shown[], width: bigint, missing: () => Hash): Shown[] {
  const above: Shown[] = [];
  for (let at = 0; at < layer.length; at += 1) {
    const node = layer[at];
    const next = layer[at + 1];
    if (!node) break;
    const { index, hash } = node;
    let parent: Hash;
    if ((index & 1n) === 1n) {
      parent = nodeHash(missing(), hash);
    } else if (next?.index === index + 1n) {
      parent = nodeHash(hash, next.hash);
      at += 1;
    } else {
      // The last node of a layer may have no neighbour, and moves up unchanged.
      parent = index + 1n === width ? hash : nodeHash(hash, missing());
    }
    above.push({ index: index >> 1n, hash: parent });
  }
  return above;
}
