/**
 * Why a text of the reader's own is refused: what an editor has done to it, where that is the fault, or else what
 * its parser says. The program says the same (`verifier-cli/src/input.rs`): a policy and pins have one spelling.
 */

import { decodeUtf8 } from "../formats/encoding.ts";
import type { Refusal } from "../formats/refusal.ts";

/** The name of what is wrong with these bytes; `page/words/refusals.ts` has its words. */
export function whyRefused(bytes: Uint8Array, refused: Refusal): string {
  const [first, second, third] = bytes;
  const isMarked = first === 0xef && second === 0xbb && third === 0xbf;
  const hasReturns = bytes.some((byte, at) => byte === 0x0d && bytes[at + 1] === 0x0a);
  const isWide = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  if (isMarked) return hasReturns ? "MarkedReturns" : "Marked";
  if (hasReturns) return "Returns";
  if (isWide) return "Wide";
  // The parser of pins has one name for both; what is text lacks the end of its last line.
  const isUnended = refused.path[0] === "Utf8" && decodeUtf8(bytes) !== undefined;
  return isUnended ? "NoLineBreak" : refused.path.join(" ");
}
