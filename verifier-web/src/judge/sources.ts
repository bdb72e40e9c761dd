/**
 * Whose signature on the statement of a receipt counts: the reader's pins, and keys that were given one by one.
 *
 * Pins say the same of a receipt as of a bundle: which key signs for a source, where that stands, and which its first
 * statement is. The program's rule is in `verifier-cli/src/command/verify/sources.rs`.
 */

import type { VerifierKey } from "../formats/key.ts";
import { claims, verifyNote } from "../formats/note.ts";
import type { Pins } from "../formats/pins.ts";
import type { Statement } from "../formats/statement.ts";
import { checkPinned } from "./range.ts";
import { rejected, type Draft } from "./report.ts";

/** What the reader knew of the sources before. */
export interface Sources {
  readonly pins: Pins | undefined;
  /** The pinned keys, and those that were given one by one. */
  readonly keys: readonly VerifierKey[];
}

/** All keys of both. */
export function sourcesOf(pins: Pins | undefined, given: readonly VerifierKey[]): Sources {
  const pinned = [...(pins?.pins.values() ?? [])].flatMap(({ keys }) => keys);
  return { pins, keys: [...pinned, ...given] };
}

/** The statement's own word for its source is no key: it must be one that was pinned. */
export async function checkSource(statement: Statement, { pins, keys }: Sources): Promise<void> {
  if (pins && pins.log !== statement.log) throw rejected("pins-of-another-log", statement.log, pins.log);
  const [line] = statement.note.signatures;
  const key = keys.find((one) => line && claims(one, line));
  if (!key) throw rejected("unpinned-source", statement.source, line?.id ?? "");
  const signed = await verifyNote(statement.note, key);
  if (signed !== "valid") throw rejected("bad-statement", statement.source, signed);
}

/** The pinned statement is the one that is pinned; and where its source stands is told. */
export function checkPins(draft: Draft, statement: Statement, { pins }: Sources): void {
  const pin = pins?.pins.get(statement.source);
  if (!pin) return;
  checkPinned(pin, statement);
  draft.fact("machine", `${pin.source}: ${pin.machine}`);
}
