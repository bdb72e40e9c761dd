/**
 * Texts of the reader's own, a policy and pins: what editors leave in them is no fault, as for the program
 * (`verifier-cli/src/input.rs`), and what is one is said by its name.
 */

import { plainText } from "../formats/encoding.ts";
import { Refusal } from "../formats/refusal.ts";

/**
 * Parses a text as it is, or else without what editors leave in it. No text that can be parsed as it is means another
 * thing for it.
 */
export function parseOwn<T>(bytes: Uint8Array, parse: (bytes: Uint8Array) => T): T {
  try {
    return parse(bytes);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return parse(plainText(bytes));
  }
}

/** The name of what is wrong with these bytes; `page/words/refusals.ts` has its words. */
export function whyRefused(bytes: Uint8Array, refused: Refusal): string {
  const [first, second] = bytes;
  const isWide = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  if (isWide) return "Wide";
  // Every line is ended before it is parsed. Pins of no line at all, a mark alone, are called by the name of letters.
  const isNothing = refused.path[0] === "Utf8" && plainText(bytes).length === 0;
  return isNothing ? "Header" : refused.path.join(" ");
}
