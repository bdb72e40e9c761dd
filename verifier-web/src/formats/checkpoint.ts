/**
 * Checkpoints: which log, how many entries, which root.
 *
 * Rule: `spec/text/checkpoint.md`; vectors: `spec/vectors/checkpoint/`. Extension lines are kept,
 * because some signatures cover them, and never interpreted, because others do not.
 */

import { decodeHash, encodeBase64, hasControl, parseDecimal, sizeOf } from "./encoding.ts";
import { Refusal } from "./refusal.ts";
import { makeTree, type Tree } from "./tree.ts";

/** The longest origin, in bytes. */
export const MAX_ORIGIN_SIZE = 255;

const MAX_EXTENSIONS = 16;

/** A tree head that was parsed, and says nothing of who signed it. */
export interface Checkpoint {
  readonly origin: string;
  readonly tree: Tree;
  readonly extensions: readonly string[];
}

/** Whether a text can be the name of a log. */
export function isOrigin(text: string): boolean {
  return text !== "" && sizeOf(text) <= MAX_ORIGIN_SIZE && !hasControl(text);
}

/** Parses the text of a note. */
export function parseCheckpoint(text: string): Checkpoint {
  if (!text.endsWith("\n")) throw new Refusal("Lines");
  const [origin, size, root, ...extensions] = text.slice(0, -1).split("\n");
  if (origin === undefined || size === undefined || root === undefined) {
    throw new Refusal("Lines");
  }
  if (!isOrigin(origin)) throw new Refusal("Origin");
  const count = parseDecimal(size);
  if (count === undefined) throw new Refusal("Size");
  const hash = decodeHash(root);
  const tree = hash && makeTree(count, hash);
  if (!tree) throw new Refusal("Root");
  if (extensions.length > MAX_EXTENSIONS || extensions.includes("")) throw new Refusal("Extension");
  const checkpoint = { origin, tree, extensions };
  if (formatCheckpoint(checkpoint) !== text) throw new Refusal("NotCanonical");
  return checkpoint;
}

/** Writes the text that is signed. */
export function formatCheckpoint(checkpoint: Checkpoint): string {
  const { origin, tree, extensions } = checkpoint;
  const lines = [origin, `${tree.size}`, encodeBase64(tree.root), ...extensions];
  return lines.map((line) => `${line}\n`).join("");
}
