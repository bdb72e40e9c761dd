/**
 * What was given to be judged, and as what. Files are read here: within their limit, once.
 */

import { hashBlob, sha256 } from "../crypto/sha256.ts";
import { encodeHex } from "../formats/hex.ts";
import { undecided, type Input } from "./report.ts";

/** What a file can be taken as. */
export const ROLES = [
  "receipt",
  "disclosure",
  "file",
  "entry",
  "after",
  "consistency",
  "split",
  "bundle",
  "challenge",
  "unused",
] as const;
export type Role = (typeof ROLES)[number];

/** A file with its name. */
export interface NamedFile {
  readonly name: string;
  readonly blob: Blob;
}

/** A file and what it is taken as. */
export interface RoledFile extends NamedFile {
  readonly role: Role;
}

/** Everything a judgement is made from. The policy and the keys are the reader's own. */
export interface Given {
  readonly files: readonly RoledFile[];
  /** The bytes of the policy; empty if there is none. */
  readonly policy: Uint8Array;
  /** Verifier keys of sources, one a line. */
  readonly keys: string;
  /** The bytes of the pins; empty if there are none. */
  readonly pins: Uint8Array;
  /** Keys of the reader's lots, 64 hexadecimal digits a line; for ranges in a bundle. */
  readonly lotKeys: string;
  /** The reader's units, one a line. */
  readonly units: Uint8Array;
}

/** Told how many bytes of how many are read. */
export type Progress = (done: number, total: number) => void;

/** Reads files, remembers the SHA-256 of each, and tells how far it is. */
export class Desk {
  readonly inputs: Input[] = [];
  readonly #given: Given;
  readonly #progress: Progress;
  readonly #total: number;
  #done = 0;

  constructor(given: Given, progress: Progress) {
    this.#given = given;
    this.#progress = progress;
    const read = given.files.filter((file) => !["challenge", "unused"].includes(file.role));
    this.#total = read.reduce((sum, file) => sum + file.blob.size, 0);
  }

  /** The files of a role. */
  all(role: Role): RoledFile[] {
    return this.#given.files.filter((file) => file.role === role);
  }

  /** The one file of a role; two of one role leave it open which is meant. */
  one(role: Role): RoledFile | undefined {
    const [file, ...more] = this.all(role);
    if (more.length > 0) throw undecided("several-files", role);
    return file;
  }

  /** The file that is judged by itself; with others it would be unclear what they are for. */
  alone(role: Role): RoledFile | undefined {
    const file = this.one(role);
    // A challenge is not judged here, wherever it lies: that is said (`verify.ts`).
    const isAlone = this.#given.files.every((one) => one === file || ["challenge", "unused"].includes(one.role));
    if (file && !isAlone) throw undecided("not-alone", file.name);
    return file;
  }

  /** Reads a whole file of at most `limit` bytes. */
  async read(file: RoledFile, limit: number): Promise<Uint8Array> {
    if (file.blob.size > limit) throw undecided("file-too-large", file.name, `${limit}`);
    const bytes = new Uint8Array(await readable(file, () => file.blob.arrayBuffer()));
    this.remember(file, sha256(bytes));
    this.#tell(file.blob.size);
    return bytes;
  }

  /** Hashes a file of any size; the answer is hexadecimal. */
  async hash(file: RoledFile): Promise<string> {
    const before = this.#done;
    const tell = (done: number) => this.#progress(before + done, this.#total);
    const hash = await readable(file, () => hashBlob(file.blob, tell));
    this.remember(file, hash);
    this.#tell(file.blob.size);
    return encodeHex(hash);
  }

  /** Tells how much of everything is done, from 0 to 1. */
  tellShare(share: number): void {
    this.#progress(share * this.#total, this.#total);
  }

  /** Notes what was looked at. */
  remember(file: RoledFile, hash: Uint8Array): void {
    const { role, name } = file;
    this.inputs.push({ role, name, size: `${file.blob.size}`, sha256: encodeHex(hash) });
  }

  #tell(size: number): void {
    this.#done += size;
    this.#progress(this.#done, this.#total);
  }
}

/** A file that cannot be read is never a rejection of the evidence. */
async function readable<T>(file: NamedFile, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw undecided("file-unreadable", file.name, error instanceof Error ? error.message : "");
  }
}
