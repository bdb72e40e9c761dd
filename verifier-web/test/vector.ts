/**
 * Reads `spec/vectors/`: `name: value` lines, an empty line, the bytes under test.
 *
 * What this implementation says of a vector is the names of its refusal; `expect` has them too.
 */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { decodeBase64, decodeHash, type Hash } from "../src/formats/encoding.ts";
import { Refusal } from "../src/formats/refusal.ts";

/** The repository's folder; the runner sets it, since tests are bundled before they run. */
export const ROOT = process.env["FIDUCIAL_ROOT"] ?? join(process.cwd(), "..");

const VECTORS = join(ROOT, "spec", "vectors");

/** One file. */
export class Vector {
  readonly path: string;
  readonly body: Uint8Array;
  readonly #head: [string, string][];

  constructor(group: string, name: string) {
    this.path = `${group}/${name}`;
    const bytes = readFileSync(join(VECTORS, group, name));
    const split = bytes.indexOf("\n\n");
    assert.notEqual(split, -1, `${this.path} has no empty line`);
    const lines = bytes.subarray(0, split).toString("utf8").split("\n");
    this.#head = lines.map((line) => {
      const at = line.indexOf(": ");
      assert.notEqual(at, -1, `${this.path}: ${line}`);
      return [line.slice(0, at), line.slice(at + 2)];
    });
    this.body = new Uint8Array(bytes.subarray(split + 2));
  }

  all(name: string): string[] {
    return this.#head.filter(([have]) => have === name).map(([, value]) => value);
  }

  has(name: string): boolean {
    return this.all(name).length > 0;
  }

  one(name: string): string {
    const [value, ...more] = this.all(name);
    assert.ok(value !== undefined && more.length === 0, `${this.path}: ${name} is not there once`);
    return value;
  }

  hash(name: string): Hash {
    return hashOf(this.one(name));
  }

  hashes(name: string): Hash[] {
    return this.all(name).map(hashOf);
  }

  bytes(name: string): Uint8Array {
    const bytes = decodeBase64(this.one(name));
    assert.ok(bytes, `${this.path}: ${name} is not base64`);
    return bytes;
  }

  expect(have: string): void {
    assert.equal(have, this.one("expect"), this.path);
  }
}

function hashOf(text: string): Hash {
  const hash = decodeHash(text);
  assert.ok(hash, `${text} is no hash`);
  return hash;
}

/** The names of what is in a folder of vectors; the whole tree's top without an argument. */
export function namesIn(group = ""): string[] {
  return readdirSync(join(VECTORS, group)).sort();
}

/** Every vector of a group; a folder without one fails. */
export function vectors(group: string): Vector[] {
  const names = namesIn(group);
  assert.ok(names.length > 0, `${group} holds no vector`);
  return names.map((name) => new Vector(group, name));
}

/** `ok`, or the names of the refusal from the outermost in; any other error is one of ours. */
export async function outcome(act: () => unknown, depth = Infinity): Promise<string> {
  try {
    await act();
    return "ok";
  } catch (error) {
    if (error instanceof Refusal) return error.path.slice(0, depth).join(" ");
    throw error;
  }
}
