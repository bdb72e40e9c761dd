/**
 * Guesses what a file is, from its name and its first bytes. Only a guess: the reader can change it,
 * and the parsers decide.
 */

import { DISCLOSURE_FORMAT } from "../formats/disclosure.ts";
import { decodeUtf8 } from "../formats/encoding.ts";
import { PINS_HEADER } from "../formats/pins.ts";
import { looksLikeKey } from "../formats/policy.ts";
import { PROOF_HEADER } from "../formats/proof.ts";
import { SPLIT_HEADER } from "../formats/split.ts";
import { MANIFEST } from "../formats/zip.ts";
import type { NamedFile, Role } from "../judge/given.ts";

/** How much of a file is looked at, in bytes. */
const HEAD_SIZE = 4096;

/** What a file seems to be; a policy or a key never comes with the evidence. */
export type Guess = { readonly role: Role; readonly looksLikePolicy: boolean };

/** Looks at the beginning of a file. */
export async function guessRole(file: NamedFile): Promise<Guess> {
  const bytes = new Uint8Array(await file.blob.slice(0, HEAD_SIZE).arrayBuffer());
  // Cut in the middle of a letter it is no UTF-8, so only whole lines are looked at.
  const text = decodeUtf8(bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1)) ?? "";
  if (isZip(bytes)) return { role: "bundle", looksLikePolicy: false };
  const looksLikePolicy = isPolicy(text);
  return { role: looksLikePolicy ? "unused" : roleOf(file.name, text), looksLikePolicy };
}

/** Whether the file begins as a bundle does: other zip files are evidence like any other. */
function isZip(bytes: Uint8Array): boolean {
  const name = decodeUtf8(bytes.subarray(30, 30 + MANIFEST.length));
  return bytes[0] === 0x50 && bytes[1] === 0x4b && name === MANIFEST;
}

function roleOf(name: string, text: string): Role {
  const [first] = text.split("\n");
  if (name.endsWith(".tlog-proof") || first === PROOF_HEADER) return "receipt";
  if (first === SPLIT_HEADER) return "split";
  if (name.endsWith(".disclosure.json")) return "disclosure";
  const isOpened = text.trimStart().startsWith("{") && text.includes(`"${DISCLOSURE_FORMAT}"`);
  if (isOpened) return "disclosure";
  if (name.endsWith(".checkpoint")) return "after";
  return "file";
}

function isPolicy(text: string): boolean {
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"));
  if (lines[0] === PINS_HEADER) return true;
  return lines.length > 0 && lines.every((line) => {
    const [word, second, third] = line.trim().split(/[ \t]+/);
    const isKeyLine = looksLikeKey((word === "log" ? second : third) ?? "");
    return looksLikeKey(word ?? "") || word === "group" || word === "quorum" ||
      ((word === "log" || word === "witness") && isKeyLine);
  });
}
