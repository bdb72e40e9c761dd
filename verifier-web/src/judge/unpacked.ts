/**
 * The parts of an unpacked bundle, given one by one. What is judged here is the zip: where files lie flat, the folders
 * that say what is claimed are lost. The program reads the folder (`fiducial bundle verify FOLDER`).
 *
 * The copies of a policy, pins and keys among them are the sender's.
 */

import { BUNDLE_FORMAT } from "../formats/bundle.ts";
import { HOW_TO, PINS_COPY, POLICY_COPY, SOURCE_KEYS_COPY, SUMS } from "../formats/parts.ts";
import { MANIFEST } from "../formats/zip.ts";
import type { NamedFile, Role, RoledFile } from "./given.ts";

/** As much of a file is looked at, in bytes: its format is the first thing that a bundle's list of parts says. */
const HEAD_SIZE = 256;

const COPIES = [PINS_COPY, POLICY_COPY, SOURCE_KEYS_COPY];

/** A file, what it is taken as, and whether it begins as a bundle's list of parts. */
export interface Part {
  readonly name: string;
  readonly role: Role;
  readonly isListing: boolean;
}

/** Whether a file begins as a bundle's list of parts does. One that cannot be read is told by who reads it. */
export async function isListing({ blob }: NamedFile): Promise<boolean> {
  try {
    const head = new TextDecoder().decode(await blob.slice(0, HEAD_SIZE).arrayBuffer());
    return /^\s*\{\s*"format"\s*:\s*"([^"]*)"/.exec(head)?.[1] === BUNDLE_FORMAT;
  } catch {
    return false;
  }
}

/** Whether these are parts of an unpacked bundle, and no bundle is there. What is not used is not asked. */
export function areParts(files: readonly Part[]): boolean {
  const used = files.filter(({ role }) => role !== "unused");
  return !used.some(({ role }) => role === "bundle") && haveListing(used);
}

/** Whether a bundle's list of parts is among them. */
export function haveListing(files: readonly Part[]): boolean {
  if (files.some(({ isListing }) => isListing)) return true;
  // A list that was changed is known by its name. A report may be called so as well: that lies beside one receipt.
  const has = (name: string) => files.some((file) => file.name === name);
  const receipts = files.filter(({ role }) => role === "receipt");
  return has(MANIFEST) && (receipts.length !== 1 || has(HOW_TO) || has(SUMS));
}

/** The same as `areParts` of files that nobody has looked into yet. */
export async function areUnpacked(files: readonly RoledFile[]): Promise<boolean> {
  return areParts(await Promise.all(files.map(async (file) => ({ ...file, isListing: await isListing(file) }))));
}

/** Whether a file is called as the copies are that a bundle brings of what only the reader can vouch for. */
export function isCopy({ name }: { readonly name: string }): boolean {
  return COPIES.includes(name);
}
