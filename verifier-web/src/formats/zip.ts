/**
 * The one form of zip file that a bundle has. Rule: `spec/text/bundle.md`, "The zip".
 *
 * Everything but the parts and their paths follows from these: it is made again and compared. There
 * is no other file that this reads, so no two readers can see two bundles.
 */

import { concat, sameBytes } from "../crypto/bytes.ts";
import { crc32 } from "../crypto/crc32.ts";
import { Sha256 } from "../crypto/sha256.ts";
import { decodeUtf8, encodeUtf8 } from "./encoding.ts";
import { Refusal } from "./refusal.ts";
import type { FileWindow } from "./window.ts";

export const MAX_BUNDLE_SIZE = 1024 ** 3;
export const MAX_PARTS = 65_535;
export const MAX_PATH_SIZE = 128;

const END_SIZE = 22;
const ENTRY_SIZE = 46;
const LOCAL_SIZE = 30;
const LOCAL_SIGNATURE = Uint8Array.of(0x50, 0x4b, 0x03, 0x04);
const ENTRY_SIGNATURE = Uint8Array.of(0x50, 0x4b, 0x01, 0x02);
const END_SIGNATURE = Uint8Array.of(0x50, 0x4b, 0x05, 0x06);

/** The first part of every bundle. */
export const MANIFEST = "bundle.json";

/** A part: where its bytes lie in the file, and their hash. */
export interface ZipPart {
  readonly path: string;
  readonly start: number;
  readonly size: number;
  readonly hash: Uint8Array;
}

/** All parts of a file, and the hash of the whole of it. */
export interface ZipFile {
  readonly parts: readonly ZipPart[];
  readonly hash: Uint8Array;
}

/** What a directory entry says of a part. */
interface Listed {
  readonly path: string;
  readonly crc: number;
  readonly size: number;
}

/**
 * Whether a file means to be a bundle: what fails to be read is then one that was altered. A bundle names its
 * first part at either end, so that no one change makes another file of it.
 */
export async function isMeantAsBundle(file: FileWindow): Promise<boolean> {
  const local = await file.read(0, LOCAL_SIZE + MANIFEST.length);
  return beginsAsBundle(local) || listsManifestFirst(file);
}

/** Whether bytes begin as a bundle does. */
export function beginsAsBundle(bytes: Uint8Array): boolean {
  return isOfManifest(bytes.subarray(0, LOCAL_SIZE + MANIFEST.length), LOCAL_SIGNATURE, LOCAL_SIZE);
}

/** Whether bytes begin as any zip does that holds something. */
export function beginsAsZip(bytes: Uint8Array): boolean {
  return sameBytes(bytes.subarray(0, LOCAL_SIGNATURE.length), LOCAL_SIGNATURE);
}

/** Whether the directory before the end record, as large as that says, begins with the manifest. */
async function listsManifestFirst(file: FileWindow): Promise<boolean> {
  if (file.size < END_SIZE) return false;
  const end = (await file.read(file.size - END_SIZE, END_SIZE)).slice();
  const start = file.size - END_SIZE - new DataView(end.buffer).getUint32(12, true);
  if (!sameBytes(end.subarray(0, 4), END_SIGNATURE) || start < 0) return false;
  const body = file.size - END_SIZE - start;
  const entry = await file.read(start, Math.min(ENTRY_SIZE + MANIFEST.length, body));
  return isOfManifest(entry, ENTRY_SIGNATURE, ENTRY_SIZE);
}

/** Whether a header of this size begins so and is followed by the manifest's path. */
function isOfManifest(header: Uint8Array, signature: Uint8Array, size: number): boolean {
  return sameBytes(header.subarray(0, signature.length), signature) &&
    sameBytes(header.subarray(size), encodeUtf8(MANIFEST));
}

/**
 * Whether a file that fails by its end was cut, as a download is that broke off: another thing stands where
 * the end should be. That accuses nobody, and the file is no better than any other that is not whole.
 */
export async function isCut(file: FileWindow, { path }: Refusal): Promise<boolean> {
  if (path.join(" ") !== "Zip End") return false;
  if (file.size < END_SIZE) return true;
  return !sameBytes(await file.read(file.size - END_SIZE, END_SIGNATURE.length), END_SIGNATURE);
}

/** Reads the file once from its beginning; `progress` is told the bytes done. */
export async function readZip(
  file: FileWindow,
  progress: (done: number) => void,
): Promise<ZipFile> {
  if (file.size > MAX_BUNDLE_SIZE) throw new Refusal("TooLarge", `${file.size}`);
  if (file.size < END_SIZE) throw new Refusal(["Zip", "End"]);
  const end = (await file.read(file.size - END_SIZE, END_SIZE)).slice();
  const view = new DataView(end.buffer);
  const [count, size, start] = [
    view.getUint16(10, true),
    view.getUint32(12, true),
    view.getUint32(16, true),
  ];
  const isWithinLimit = size <= count * (ENTRY_SIZE + MAX_PATH_SIZE);
  const fits = start + size + END_SIZE === file.size && isWithinLimit;
  if (!fits || !sameBytes(end, endRecord(count, size, start))) throw new Refusal(["Zip", "End"]);
  const directory = (await file.read(start, size)).slice();
  const listed = readDirectory(directory, count);
  const [parts, whole]: [ZipPart[], Sha256] = [[], new Sha256()];
  let at = 0;
  for (const entry of listed) {
    const part = await readPart(file, entry, at, { whole, progress });
    at = part.start + part.size;
    parts.push(part);
    progress(at);
  }
  if (at !== start) throw new Refusal(["Zip", "Gap"]);
  whole.update(directory);
  whole.update(end);
  return { parts, hash: whole.digest() };
}

/** Reads the entries, each of which must be exactly what follows from the parts before it. */
function readDirectory(directory: Uint8Array, count: number): Listed[] {
  const view = new DataView(directory.buffer);
  const listed: Listed[] = [];
  let [at, local] = [0, 0];
  for (let number = 0; number < count; number += 1) {
    // What has no path that could be read is called by its place, counted from one.
    if (at + ENTRY_SIZE > directory.length) throw new Refusal(["Zip", "Header"], `#${number + 1}`);
    const [crc, size, length] = [
      view.getUint32(at + 16, true),
      view.getUint32(at + 20, true),
      view.getUint16(at + 28, true),
    ];
    const path = decodeUtf8(directory.subarray(at + ENTRY_SIZE, at + ENTRY_SIZE + length));
    if (path === undefined || length > MAX_PATH_SIZE) throw new Refusal("Path", `#${number + 1}`);
    const entry = { path, crc, size };
    const made = directoryEntry(entry, local);
    if (!sameBytes(directory.subarray(at, at + made.length), made)) {
      throw new Refusal(["Zip", "Header"], path);
    }
    checkOrder(path, listed.at(-1)?.path, number);
    listed.push(entry);
    at += made.length;
    local += LOCAL_SIZE + length + size;
  }
  if (at !== directory.length) throw new Refusal(["Zip", "Header"], `#${count + 1}`);
  return listed;
}

/** The manifest comes first, then all others in ascending order; paths are ASCII. */
function checkOrder(path: string, before: string | undefined, number: number): void {
  const isInPlace = number === 0
    ? path === MANIFEST
    : path !== MANIFEST && (number === 1 || (before !== undefined && before < path));
  if (!isInPlace) throw new Refusal("Path", path);
}

/** What goes on through all parts. */
interface Reading {
  readonly whole: Sha256;
  /** Told within parts as well: one may be most of the file. */
  progress(done: number): void;
}

async function readPart(
  file: FileWindow,
  entry: Listed,
  at: number,
  { whole, progress }: Reading,
): Promise<ZipPart> {
  const made = localHeader(entry);
  const start = at + made.length;
  if (!sameBytes(await file.read(at, made.length), made)) throw new Refusal(["Zip", "Header"], entry.path);
  whole.update(made);
  const hasher = new Sha256();
  let [crc, done] = [0, start];
  await file.each(start, entry.size, (piece) => {
    hasher.update(piece);
    whole.update(piece);
    crc = crc32(crc, piece);
    done += piece.length;
    if (done < start + entry.size) progress(done);
  });
  if (crc !== entry.crc) throw new Refusal(["Zip", "Checksum"], entry.path);
  return { path: entry.path, start, size: entry.size, hash: hasher.digest() };
}

/** Little-endian integers: pairs of value and size in bytes. */
function numbers(...fields: readonly (readonly [number, 2 | 4])[]): Uint8Array {
  return concat(...fields.map(([value, size]) => {
    const bytes = new Uint8Array(size);
    const view = new DataView(bytes.buffer);
    if (size === 2) view.setUint16(0, value, true);
    else view.setUint32(0, value, true);
    return bytes;
  }));
}

/** 1980-01-01 00:00:00, time and date. */
const NO_TIME = [[0, 2], [0x21, 2]] as const;

/** What stands before a part. */
export function localHeader({ path, crc, size }: Listed): Uint8Array {
  const name = encodeUtf8(path);
  return concat(
    LOCAL_SIGNATURE,
    numbers([10, 2], [0, 2], [0, 2], ...NO_TIME, [crc, 4], [size, 4], [size, 4]),
    numbers([name.length, 2], [0, 2]),
    name,
  );
}

/** What the directory says of a part; `local` is where its header begins. */
export function directoryEntry({ path, crc, size }: Listed, local: number): Uint8Array {
  const name = encodeUtf8(path);
  return concat(
    ENTRY_SIGNATURE,
    numbers([10, 2], [10, 2], [0, 2], [0, 2], ...NO_TIME, [crc, 4], [size, 4], [size, 4]),
    numbers([name.length, 2], [0, 2], [0, 2], [0, 2], [0, 2], [0, 4], [local, 4]),
    name,
  );
}

/** The last 22 bytes. */
export function endRecord(count: number, size: number, start: number): Uint8Array {
  const rest = numbers([0, 2], [0, 2], [count, 2], [count, 2], [size, 4], [start, 4], [0, 2]);
  return concat(END_SIGNATURE, rest);
}
