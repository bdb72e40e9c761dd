/**
 * Guesses what a file is, from its name and its first bytes. Only a guess: the reader can change it,
 * and the parsers decide.
 */

import { CHALLENGE_HEADER } from "../formats/challenge.ts";
import { DISCLOSURE_FORMAT } from "../formats/disclosure.ts";
import { PROOF_HEADER } from "../formats/proof.ts";
import { SPLIT_HEADER } from "../formats/split.ts";
import { FileWindow } from "../formats/window.ts";
import { isMeantAsBundle } from "../formats/zip.ts";
import { MAX_PINS_SIZE } from "../formats/pins.ts";
import { MAX_POLICY_SIZE } from "../formats/policy.ts";
import type { NamedFile, Role } from "../judge/given.ts";
import { decodeText, looksLikeList, readList } from "../judge/list.ts";
import { areLotKeys, textOf, trustedOf, type OwnKind } from "../judge/mistaken.ts";
import { MAX_UNITS_SIZE } from "../judge/reader.ts";

/** How much of a file is looked at, in bytes. */
const HEAD_SIZE = 4096;

/** No text that a reader trusts is larger. */
const MAX_TRUSTED_SIZE = Math.max(MAX_POLICY_SIZE, MAX_PINS_SIZE);

const LOT_KEY_DIGITS = 64;

/** What a file seems to be; of what the reader trusts, and of what only bundles are read with, which. */
export type Guess = { readonly role: Role; readonly own: OwnKind | undefined };

/** Looks at the beginning of a file. */
export async function guessRole(file: NamedFile): Promise<Guess> {
  const bytes = new Uint8Array(await file.blob.slice(0, HEAD_SIZE).arrayBuffer());
  // Cut in the middle of a letter it is no UTF-8, so only whole lines are looked at.
  const end = file.blob.size <= HEAD_SIZE ? bytes.length : bytes.lastIndexOf(0x0a) + 1;
  const text = textOf(bytes.subarray(0, end));
  if (await isMeantAsBundle(new FileWindow(file.blob))) return { role: "bundle", own: undefined };
  // Other zip files are evidence like any other.
  const trusted = file.blob.size <= MAX_TRUSTED_SIZE ? trustedOf(text) : undefined;
  if (trusted) return { role: "unused", own: trusted };
  const role = roleOf(file.name, text);
  // Lines of any kind could be a list; what is known by its first line is none.
  return { role, own: role === "file" ? await readersOf(file, text) : undefined };
}

/** What only a bundle is read with: beside a receipt it would be a piece of evidence like any other. */
async function readersOf(file: NamedFile, text: string): Promise<OwnKind | undefined> {
  if (areLotKeys(text)) return "lotKeys";
  const [, ending] = /\.(csv|key|tsv|txt)$/i.exec(file.name) ?? [];
  if (ending === undefined || file.blob.size > MAX_UNITS_SIZE) return undefined;
  const bytes = new Uint8Array(await file.blob.arrayBuffer());
  if (ending.toLowerCase() === "key" && !isListForKey(bytes)) return undefined;
  try {
    readList(bytes);
    return "units";
  } catch {
    return undefined;
  }
}

/**
 * Whether what is called a key is a list of units. Units are shown, so what may be a key that was damaged is none: a long
 * run of letters, as in keys of any kind, or a lot key in short lines.
 */
function isListForKey(bytes: Uint8Array): boolean {
  const text = decodeText(bytes) ?? "";
  const joined = text.replace(/\s/g, "");
  const isInLines = joined.length % LOT_KEY_DIGITS === 0 && /^[0-9a-f]*[a-f][0-9a-f]*$/i.test(joined);
  return !/[0-9a-z+/]{32}/i.test(text) && !isInLines && looksLikeList(text);
}

function roleOf(name: string, text: string): Role {
  const [first] = text.split("\n");
  if (name.endsWith(".tlog-proof") || first === PROOF_HEADER) return "receipt";
  if (first === SPLIT_HEADER) return "split";
  if (first === CHALLENGE_HEADER) return "challenge";
  if (name.endsWith(".disclosure.json")) return "disclosure";
  const isOpened = text.trimStart().startsWith("{") && text.includes(`"${DISCLOSURE_FORMAT}"`);
  if (isOpened) return "disclosure";
  if (name.endsWith(".checkpoint")) return "after";
  return "file";
}
