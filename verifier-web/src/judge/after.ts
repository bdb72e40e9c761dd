/**
 * The lower bound: the statement was made after a cosigned checkpoint, and names it.
 * Rule: `spec/text/statement.md`, "The lower bound".
 */

import { sameBytes } from "../crypto/bytes.ts";
import { sha256 } from "../crypto/sha256.ts";
import { decodeHash, decodeUtf8, encodeBase64, type Hash } from "../formats/encoding.ts";
import { MAX_NOTE_SIZE, parseNote, type Note } from "../formats/note.ts";
import type { Policy } from "../formats/policy.ts";
import { Refusal } from "../formats/refusal.ts";
import type { Statement } from "../formats/statement.ts";
import { MAX_CONSISTENCY_PROOF, verifyConsistency, type Tree } from "../formats/tree.ts";
import { refusalOf } from "./accepted.ts";
import { notContinued } from "./details.ts";
import type { Desk, RoledFile } from "./given.ts";
import { checkPolicy } from "./policy.ts";
import type { Times } from "./quorum.ts";
import { rejected, undecided, type Draft } from "./report.ts";
import { formatUtc } from "./time.ts";

const MAX_HASHES_SIZE = MAX_CONSISTENCY_PROOF * 45;

/**
 * Checks the note that was given, or says that the bound was not checked; gives its witnesses' times if all of
 * it holds.
 */
export async function checkAfter(
  draft: Draft,
  desk: Desk,
  policy: Policy,
  statement: Statement,
  receipt: Tree,
): Promise<Times | undefined> {
  const { tree, noteHash } = statement.after;
  const file = desk.one("after");
  if (!file) {
    // Its source names no tree, whatever the log had by then.
    if (tree.size === 0n) draft.open("open-no-lower-bound");
    else draft.open("open-lower-bound", `${tree.size}`);
    return undefined;
  }
  const bytes = await desk.read(file, MAX_NOTE_SIZE);
  // A file that was cut is no note at all, and says nothing of the statement.
  const note = readNote(bytes, file.name);
  const hash = sha256(bytes);
  if (!sameBytes(hash, noteHash)) {
    throw rejected("after-other-note", file.name, encodeBase64(hash), encodeBase64(noteHash));
  }
  const accepted = await acceptNote(policy, note);
  const { checkpoint, times } = accepted;
  const isThatTree = checkpoint.origin === statement.log && checkpoint.tree.size === tree.size &&
    sameBytes(checkpoint.tree.root, tree.root);
  if (!isThatTree) throw rejected("after-other-tree", file.name);
  const isContinued = await checkContinued(draft, desk, tree, receipt);
  if (times) {
    draft.reason("after-holds", formatUtc(times.earliest), `${tree.size}`);
    draft.fact("not-before", formatUtc(times.earliest));
  } else {
    draft.reason("after-holds-untimed", `${tree.size}`);
    draft.open("open-after-time");
  }
  return isContinued ? times : undefined;
}

function readNote(bytes: Uint8Array, name: string): Note {
  try {
    return parseNote(bytes);
  } catch (error) {
    if (error instanceof Refusal) throw undecided("malformed", name, error.path.join(" "));
    throw error;
  }
}

async function acceptNote(policy: Policy, note: Note) {
  try {
    return await checkPolicy(policy, note);
  } catch (error) {
    if (error instanceof Refusal) throw refusalOf(policy, error);
    throw error;
  }
}

/** The receipt's tree must continue the one that the statement follows; gives whether that was shown. */
async function checkContinued(
  draft: Draft,
  desk: Desk,
  older: Tree,
  newer: Tree,
): Promise<boolean> {
  const file = desk.one("consistency");
  const isSame = older.size === newer.size && sameBytes(older.root, newer.root);
  if (!file) {
    if (!isSame) draft.open("open-after-consistency", `${older.size}`);
    return isSame;
  }
  const proof = parseHashes(await desk.read(file, MAX_HASHES_SIZE), file);
  try {
    verifyConsistency(older, newer, proof);
    return true;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const [have, want] = error.values;
    // Fewer hashes than the sizes ask for: it was cut, or is of other checkpoints.
    if (error.path[0] === "ProofLength" && Number(have) < Number(want)) {
      throw undecided("proof-cut", file.name, `${have}`, `${want}`);
    }
    throw notContinued(error);
  }
}

/** Base64 hashes, one a line; may be empty. */
function parseHashes(bytes: Uint8Array, file: RoledFile): Hash[] {
  const text = decodeUtf8(bytes);
  const lines = text === undefined || text === "" ? [] : text.replace(/\n$/, "").split("\n");
  const hashes = lines.map(decodeHash).filter((hash) => hash !== undefined);
  if (text === undefined || hashes.length !== lines.length) {
    throw undecided("malformed", file.name, "Hash");
  }
  return hashes;
}
