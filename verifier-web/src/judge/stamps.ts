/**
 * Timestamps of a bundle: each is of its receipt's checkpoint, or the bundle is wrong.
 * Rule: `spec/text/bundle.md`, "Checking one", step 8.
 *
 * What holds is a fact about the token. Whose word it is, is for the reader's own authorities to say, and
 * the page takes none: so that is always said among what was not checked. The verdict on all else needs
 * no timestamp.
 */

import { readRole, type Bundle } from "../formats/bundle.ts";
import { formatNote } from "../formats/note.ts";
import { pathOf, type PartPlace } from "../formats/parts.ts";
import { parseProof } from "../formats/proof.ts";
import type { FileWindow } from "../formats/window.ts";
import type { Draft } from "./report.ts";
import { Undecided, checkStamp, type Stamp } from "./stamp.ts";

/** A timestamp that is not wrong. */
export interface Stamped {
  readonly place: PartPlace;
  /** What it states, or why nothing is known of it. */
  readonly said: Stamp | Undecided;
}

/** Checks every timestamp against the checkpoint beside it, whose receipt was judged before. */
export async function checkStamps(window: FileWindow, bundle: Bundle): Promise<Stamped[]> {
  const stamped: Stamped[] = [];
  for (const { place } of bundle.statements) {
    const response = await readRole(window, bundle, place, "tsr");
    const receipt = response && (await readRole(window, bundle, place, "tlog-proof"));
    if (!receipt) continue;
    const note = formatNote(parseProof(receipt).note);
    const path = pathOf(place, "tsr");
    stamped.push({ place, said: await checkStamp(path, response, note).catch(undecidedOf) });
  }
  return stamped;
}

/** The times of those that hold, by their paths. */
export function timesOf(stamped: readonly Stamped[]): Map<string, string> {
  return new Map(stamped.flatMap(({ place, said }): [string, string][] =>
    said instanceof Undecided ? [] : [[pathOf(place, "tsr"), said.time]]
  ));
}

function undecidedOf(error: unknown): Undecided {
  if (error instanceof Undecided) return error;
  throw error;
}

/** Says what each states, and that nobody asked whose word it is. */
export function sayStamps(draft: Draft, stamped: readonly Stamped[]): void {
  for (const { place: { claim, source, sequence }, said } of stamped) {
    const place = `${claim}/${source}/${sequence}`;
    if (!(said instanceof Undecided)) sayStamp(draft, place, said);
    else if (said.why === "unknown") draft.open("stamp-unknown", place, said.message);
    else draft.open("stamp-unavailable", place, said.message);
  }
}

function sayStamp(draft: Draft, place: string, stamp: Stamp): void {
  draft.fact("stamp-time", `${place}: ${stamp.time}`);
  if (stamp.accuracy === undefined) draft.fact("stamp-no-accuracy", place);
  else draft.fact("stamp-accuracy", `${place}: ${stamp.accuracy} s`);
  draft.fact("stamp-signer", `${place}: ${stamp.signer}`);
  draft.fact("stamp-certificate", `${place}: ${stamp.certificateHash}`);
  draft.open("open-stamp-authority", place, stamp.time, stamp.signer);
}
