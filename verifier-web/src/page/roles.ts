/**
 * Guesses what a file is, from its name and its first bytes. Only a guess: the reader can change it,
 * and the parsers decide.
 */

import { CHALLENGE_HEADER } from "../formats/challenge.ts";
import { DISCLOSURE_FORMAT } from "../formats/disclosure.ts";
import { decodeUtf8 } from "../formats/encoding.ts";
import { PINS_HEADER } from "../formats/pins.ts";
import { looksLikeKey } from "../formats/policy.ts";
import { PROOF_HEADER } from "../formats/proof.ts";
import { SPLIT_HEADER } from "../formats/split.ts";
import { FileWindow } from "../formats/window.ts";
import { isMeantAsBundle } from "../formats/zip.ts";
import type { NamedFile, Role } from "../judge/given.ts";
import { decodeText, readList } from "../judge/list.ts";
import { MAX_UNITS_SIZE } from "../judge/reader.ts";

/** How much of a file is looked at, in bytes. */
const HEAD_SIZE = 4096;

/** The reader's own files, each with a field of its own. */
export type OwnKind = "policy" | "pins" | "keys" | "lotKeys" | "units";

/** What a file seems to be; what the reader trusts never comes with the evidence. */
export type Guess = { readonly role: Role; readonly own: OwnKind | undefined };

/** Looks at the beginning of a file. */
export async function guessRole(file: NamedFile): Promise<Guess> {
  const bytes = new Uint8Array(await file.blob.slice(0, HEAD_SIZE).arrayBuffer());
  // Cut in the middle of a letter it is no UTF-8, so only whole lines are looked at.
  const end = file.blob.size <= HEAD_SIZE ? bytes.length : bytes.lastIndexOf(0x0a) + 1;
  const text = textOf(bytes.subarray(0, end));
  if (await isMeantAsBundle(new FileWindow(file.blob))) return { role: "bundle", own: undefined };
  // Other zip files are evidence like any other.
  const trusted = trustedOf(text);
  if (trusted) return { role: "unused", own: trusted };
  const role = roleOf(file.name, text);
  // Lines of any kind could be a list; what is known by its first line is none.
  return { role, own: role === "file" ? await readersOf(file, text) : undefined };
}

/**
 * The text of a beginning. What an editor has left in it hides nobody's pins or policy: they are known by their words.
 */
function textOf(bytes: Uint8Array): string {
  const isWide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const text = isWide ? decodeText(bytes.subarray(0, bytes.length & ~1)) : decodeUtf8(bytes);
  return (text ?? "").replace(/^\ufeff/, "").replaceAll("\r\n", "\n");
}

/** What only a bundle is read with: beside a receipt it would be a piece of evidence like any other. */
async function readersOf(file: NamedFile, text: string): Promise<OwnKind | undefined> {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  if (lines.length > 0 && lines.every((line) => /^[0-9a-f]{64}$/i.test(line))) return "lotKeys";
  if (!/\.(csv|tsv|txt)$/i.test(file.name) || file.blob.size > MAX_UNITS_SIZE) return undefined;
  try {
    readList(new Uint8Array(await file.blob.arrayBuffer()));
    return "units";
  } catch {
    return undefined;
  }
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

function trustedOf(text: string): OwnKind | undefined {
  // Byte order marks and carriage returns are white space around a line.
  const all = text.split("\n").map((line) => line.trim());
  const lines = all.filter((line) => line !== "" && !line.startsWith("#"));
  if (lines[0] === PINS_HEADER) return "pins";
  if (lines.length > 0 && lines.every((line) => looksLikeKey(line.trim()))) return "keys";
  const isPolicy = lines.length > 0 && lines.every((line) => {
    const [word, second, third] = line.trim().split(/[ \t]+/);
    const isKeyLine = looksLikeKey((word === "log" ? second : third) ?? "");
    return looksLikeKey(word ?? "") || word === "group" || word === "quorum" ||
      ((word === "log" || word === "witness") && isKeyLine);
  });
  return isPolicy ? "policy" : undefined;
}
