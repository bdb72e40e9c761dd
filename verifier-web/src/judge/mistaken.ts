/**
 * Texts of the reader's own in each other's places: pins given as a policy, a list of units as a lot key. What such a
 * text looks like is said, and where it belongs.
 *
 * Asked only of what cannot be what it was given as, and of lists, since lines of any kind could be one. `fiducial`
 * knows files by the same forms (`verifier-cli/src/mistaken.rs`).
 */

import { DISCLOSURE_FORMAT } from "../formats/disclosure.ts";
import { decodeUtf8 } from "../formats/encoding.ts";
import { PINS_HEADER } from "../formats/pins.ts";
import { looksLikeKey } from "../formats/policy.ts";
import { PROOF_HEADER } from "../formats/proof.ts";
import { beginsAsBundle } from "../formats/zip.ts";
import { decodeText, looksLikeList } from "./list.ts";
import { undecided, type Stop } from "./report.ts";

/** The reader's own files, each with a field of its own. */
export type OwnKind = "policy" | "pins" | "keys" | "lotKeys" | "units";

/** How much of a text is looked at, in bytes. */
const HEAD_SIZE = 64 * 1024;

/** The fewest letters of a key in base64. A serial with a date in it may have a name and eight digits as well. */
const KEY_LETTERS = 44;

/** What ends the judgement if a text that was put into the field `meant` looks like something else. */
export function mistaken(meant: OwnKind, bytes: Uint8Array): Stop | undefined {
  if (beginsAsBundle(bytes)) return undecided("given-bundle", meant);
  const text = textOf(headOf(bytes));
  const [first = ""] = linesOf(text);
  if (first === PROOF_HEADER) return undecided("looks-receipt", meant);
  if (first.startsWith("{") && text.includes(`"${DISCLOSURE_FORMAT}"`)) return undecided("looks-disclosure", meant);
  const kind = ownKindOf(text);
  if (kind === meant) return undefined;
  switch (kind) {
    case "keys":
      return undecided("looks-keys", meant);
    case "lotKeys":
      return undecided("looks-lot-key", meant);
    case "pins":
      return undecided("looks-pins", meant);
    case "policy":
      return undecided("looks-policy", meant);
    case "units":
      return undecided("looks-units", meant);
    default:
      return undefined;
  }
}

/** What a reader trusts, if this is a text of that kind. */
export function trustedOf(text: string): "keys" | "pins" | "policy" | undefined {
  const lines = linesOf(text);
  if (lines[0] === PINS_HEADER) return "pins";
  if (lines.length > 0 && lines.every(isKey)) return "keys";
  // Groups alone are no policy: boards may be called so.
  const isOne = lines.every(isOfPolicy) && lines.some((line) => !line.startsWith("group"));
  return isOne ? "policy" : undefined;
}

/** The same of a file, of which as much is looked at as shows it. What cannot be read is none of these. */
export async function trustedIn(blob: Blob): Promise<"keys" | "pins" | "policy" | undefined> {
  const head = await blob.slice(0, HEAD_SIZE + 1).arrayBuffer().catch(() => new ArrayBuffer(0));
  return trustedOf(textOf(headOf(new Uint8Array(head))));
}

/** Whether all lines are keys of lots. */
export function areLotKeys(text: string): boolean {
  const lines = linesOf(text);
  return lines.length > 0 && lines.every((line) => /^[0-9a-f]{64}$/i.test(line));
}

/** The text of bytes. What an editor has left in it hides nobody's pins or policy: they are known by their words. */
export function textOf(bytes: Uint8Array): string {
  const isWide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const text = isWide ? decodeText(bytes.subarray(0, bytes.length & ~1)) : decodeUtf8(bytes);
  return (text ?? "").replace(/^\ufeff/, "").replaceAll("\r\n", "\n");
}

function ownKindOf(text: string): OwnKind | undefined {
  if (areLotKeys(text)) return "lotKeys";
  return trustedOf(text) ?? (looksLikeList(text) ? "units" : undefined);
}

/** As much as is looked at: cut in the middle of a letter it is no UTF-8, so only whole lines. */
function headOf(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= HEAD_SIZE) return bytes;
  return bytes.subarray(0, bytes.subarray(0, HEAD_SIZE).lastIndexOf(0x0a) + 1);
}

/** The lines that say something. Byte order marks and carriage returns are white space around one. */
function linesOf(text: string): string[] {
  const all = text.split("\n").map((line) => line.trim());
  return all.filter((line) => line !== "" && !line.startsWith("#"));
}

function isKey(text: string): boolean {
  const key = text.split("+").slice(2).join("+");
  return looksLikeKey(text) && key.length >= KEY_LETTERS;
}

function isOfPolicy(line: string): boolean {
  const [word, second, third] = line.split(/[ \t]+/);
  if (word === "group" || word === "quorum") return second !== undefined;
  return (word === "log" && isKey(second ?? "")) || (word === "witness" && isKey(third ?? ""));
}
