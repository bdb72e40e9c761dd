/**
 * Makes evidence as a factory, a log and its witnesses would: for tests of the page, which holds no
 * signing code. What it makes is also given to `fiducial`, which must accept it.
 *
 * All keys grow from fixed seeds, so that every run makes the same bytes.
 */

import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";

import { ml_dsa44 } from "@noble/post-quantum/ml-dsa.js";

import { bigEndian, concat } from "../src/crypto/bytes.ts";
import { sha256 } from "../src/crypto/sha256.ts";
import { formatCheckpoint, type Checkpoint } from "../src/formats/checkpoint.ts";
import { encodeBase64, encodeUtf8, type Hash } from "../src/formats/encoding.ts";
import { encodeHex } from "../src/formats/hex.ts";
import { TABLES } from "../src/formats/kinds.ts";
import { EMPTY_ROOT, leafHash, nodeHash, rootOfLeaves } from "../src/formats/tree.ts";
import { batchCommitment, fieldLeaf, recordLeaf } from "../src/judge/commitment.ts";

export const LOG = "log.example/page";
export const SOURCE = "line-4.example/aoi-7";

/** The time of the first witness; each later one is ten seconds behind. */
const TIME = 1_790_000_000n;

type Type = 0x01 | 0x04 | 0x06;

/** A key that signs. */
export class Signer {
  readonly name: string;
  readonly type: Type;
  readonly publicBytes: Uint8Array;
  readonly #sign: (message: Uint8Array) => Uint8Array;

  constructor(name: string, type: Type, seedByte: number) {
    this.name = name;
    this.type = type;
    const seed = new Uint8Array(32).fill(seedByte);
    if (type === 0x06) {
      const { publicKey, secretKey } = ml_dsa44.keygen(seed);
      this.publicBytes = publicKey;
      this.#sign = (message) => ml_dsa44.sign(message, secretKey, { extraEntropy: false });
    } else {
      const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
      const secret = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
      const spki = createPublicKey(secret).export({ format: "der", type: "spki" });
      this.publicBytes = new Uint8Array(spki.subarray(-32));
      this.#sign = (message) => new Uint8Array(sign(null, message, secret));
    }
  }

  get #id(): Uint8Array {
    const text = encodeUtf8(`${this.name}\n`);
    return sha256(concat(text, Uint8Array.of(this.type), this.publicBytes)).subarray(0, 4);
  }

  get vkey(): string {
    const typed = concat(Uint8Array.of(this.type), this.publicBytes);
    return `${this.name}+${encodeHex(this.#id)}+${encodeBase64(typed)}`;
  }

  /** A signature line over the text of a note, type 0x01. */
  signText(text: string): string {
    return this.#line(this.#sign(encodeUtf8(text)));
  }

  /** A signature line over a checkpoint and a time, types 0x04 and 0x06. */
  cosign(checkpoint: Checkpoint, time: bigint): string {
    const text = formatCheckpoint(checkpoint);
    const message = this.type === 0x04
      ? encodeUtf8(`cosignature/v1\ntime ${time}\n${text}`)
      : this.#subtree(checkpoint, time);
    return this.#line(concat(bigEndian(time, 8), this.#sign(message)));
  }

  #subtree({ origin, tree }: Checkpoint, time: bigint): Uint8Array {
    const short = (text: string) => {
      const bytes = encodeUtf8(text);
      return concat(Uint8Array.of(bytes.length), bytes);
    };
    const numbers = [bigEndian(0n, 8), bigEndian(tree.size, 8), tree.root];
    const label = encodeUtf8("subtree/v1\n\0");
    return concat(label, short(this.name), bigEndian(time, 8), short(origin), ...numbers);
  }

  #line(bytes: Uint8Array): string {
    return `\u2014 ${this.name} ${encodeBase64(concat(this.#id, bytes))}\n`;
  }
}

export const SIGNERS = {
  log: new Signer(LOG, 0x01, 1),
  logPq: new Signer(LOG, 0x06, 2),
  source: new Signer(SOURCE, 0x01, 3),
  stranger: new Signer(SOURCE, 0x01, 9),
  w1: new Signer("w1.example", 0x04, 4),
  w1Pq: new Signer("w1.example", 0x06, 5),
  w2: new Signer("w2.example", 0x04, 6),
  w3: new Signer("w3.example", 0x04, 7),
};

/** Two of three witnesses, the first of which has two keys. */
export const POLICY = [
  `log ${SIGNERS.log.vkey}`,
  `log ${SIGNERS.logPq.vkey}`,
  `witness factory ${SIGNERS.w1.vkey}`,
  `witness factory-pq ${SIGNERS.w1Pq.vkey}`,
  `witness buyer ${SIGNERS.w2.vkey}`,
  `witness institute ${SIGNERS.w3.vkey}`,
  "group factory-any any factory factory-pq",
  "group two-of-three 2 factory-any buyer institute",
  "quorum two-of-three",
  "",
].join("\n");

/** What a reader may have besides policy and keys, and mostly has not. */
export const NOTHING_ELSE = { pins: new Uint8Array(), lotKeys: "", units: new Uint8Array() };

/** The statement that is made where a test does not care, and how many have trees of different sizes. */
const USUAL = 12n;
const SIZES = 64;

/** A field: its name, and its value if it has one. */
type Field = readonly [string, string | Uint8Array | undefined];

/** Evidence in all its parts, as bytes. */
export interface Evidence {
  readonly receipt: Uint8Array;
  readonly disclosure: Uint8Array;
  readonly after: Uint8Array;
  readonly consistency: Uint8Array;
  readonly statement: Uint8Array;
}

/** What a test wants otherwise than usual. */
export interface Wishes {
  readonly values?: ReadonlyMap<string, string | Uint8Array>;
  readonly header?: ReadonlyMap<string, string>;
  readonly cosigners?: readonly Signer[];
  readonly sequence?: bigint;
  /** The leaf hash of the statement before. */
  readonly previous?: Hash;
  /** Its source names no tree. */
  readonly isFirst?: boolean;
}

/** Anchors one file by its SHA-256. */
export function anchor(name: string, fileHash: Uint8Array, wishes: Wishes = {}): Evidence {
  const values = new Map<string, string | Uint8Array>([
    ["kind", "aoi-report"],
    ["file/sha256", encodeHex(fileHash)],
    ["file/name", name],
    ["media-type", "application/json"],
    ["claimed/start", "2026-11-26T08:12:40"],
    ["claimed/zone", "+08:00"],
    ["machine", "AOI-7"],
    ["verdict", "Passed\nFailed\n"],
    ["units", "PNL0099123-1\nPNL0099123-2\n"],
    ...(wishes.values ?? []),
  ]);
  const header = new Map<string, string>([
    ["kind", "batch"],
    ["record/first", "40"],
    ["record/count", "1"],
    ["opened", "2026-11-26T08:12:00+08:00"],
    ["closed", "2026-11-26T08:13:00+08:00"],
    ["clock", "synchronised"],
    ...(wishes.header ?? []),
  ]);
  const records = [fieldsOf("batch", header), fieldsOf(`${values.get("kind")}`, values)];
  return publish(records, wishes);
}

function fieldsOf(kind: string, values: ReadonlyMap<string, string | Uint8Array>): Field[] {
  const table = TABLES.get(kind) ?? [];
  const own = [...values.keys()].filter((name) => !table.includes(name)).sort();
  return [...table, ...own].map((name) => [name, values.get(name)]);
}

function publish(records: readonly Field[][], wishes: Wishes): Evidence {
  const cosigners = wishes.cosigners ?? [SIGNERS.w1, SIGNERS.w1Pq, SIGNERS.w2];
  const { sequence = USUAL, previous = sha256(encodeUtf8("the one before")) } = wishes;
  const others = [0, 1, 2].map((at) => leafHash(encodeUtf8(`another entry ${at}`)));
  const [a, b, c] = others as [Hash, Hash, Hash];
  const old = { size: 2n, root: nodeHash(a, b) };
  const after = noteOf({ origin: LOG, tree: old, extensions: [] }, cosigners, TIME - 600n);
  const place = { log: LOG, source: SOURCE, sequence };
  const leaves = records.map(leafOfRecord);
  const batch = batchCommitment(place, { size: BigInt(records.length), root: rootOfLeaves(leaves) });
  const named = [`${old.size}`, encodeBase64(old.root), encodeBase64(sha256(after))];
  const nothing = ["0", encodeBase64(sha256(new Uint8Array())), encodeBase64(new Uint8Array(32))];
  const text = [
    "fiducial/statement/v1",
    `log ${LOG}`,
    `source ${SOURCE}`,
    `sequence ${sequence}`,
    `previous ${encodeBase64(previous)}`,
    `after ${(wishes.isFirst ? nothing : named).join(" ")}`,
    `batch ${encodeBase64(batch)}`,
    "",
  ].join("\n");
  const statement = encodeUtf8(`${text}\n${SIGNERS.source.signText(text)}`);
  const leaf = leafHash(statement);
  // Entries 0, 1 and 2 are others; the statement is entry 3. Each statement has a tree of a size of its own: of
  // one size a log has one tree.
  const later = Number((sequence + BigInt(SIZES) - USUAL) % BigInt(SIZES));
  const behind = Array.from({ length: later }, (_, at) => leafHash(encodeUtf8(`a later entry ${at}`)));
  const all = [a, b, c, leaf, ...behind];
  const tree = { size: BigInt(all.length), root: rootOfLeaves(all) };
  const note = noteOf({ origin: LOG, tree, extensions: [] }, cosigners, TIME);
  const lines = ["index 3", ...pathIn(all, 3).map(encodeBase64), "", ""];
  const head = ["c2sp.org/tlog-proof@v1", `extra ${encodeBase64(statement)}`, ...lines].join("\n");
  return {
    receipt: concat(encodeUtf8(head), note),
    disclosure: encodeUtf8(`${JSON.stringify(openAll(place, records), null, 2)}\n`),
    after,
    consistency: encodeUtf8(continuation(all, 2).map((hash) => `${encodeBase64(hash)}\n`).join("")),
    statement,
  };
}

/** The path of a leaf, from its sibling up: PATH of RFC 6962. */
function pathIn(leaves: readonly Hash[], index: number): Hash[] {
  if (leaves.length === 1) return [];
  const split = splitOf(leaves);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split
    ? [...pathIn(left, index), rootOfLeaves(right)]
    : [...pathIn(right, index - split), rootOfLeaves(left)];
}

/** That a tree continues that of its first leaves: SUBPROOF of RFC 6962. */
function continuation(leaves: readonly Hash[], first: number, isWhole = true): Hash[] {
  if (first === leaves.length) return isWhole ? [] : [rootOfLeaves(leaves)];
  const split = splitOf(leaves);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return first <= split
    ? [...continuation(left, first, isWhole), rootOfLeaves(right)]
    : [...continuation(right, first - split, false), rootOfLeaves(left)];
}

/** The largest power of two below a number of leaves. */
function splitOf({ length }: readonly Hash[]): number {
  return 2 ** Math.floor(Math.log2(length - 1));
}

function noteOf(checkpoint: Checkpoint, cosigners: readonly Signer[], time: bigint): Uint8Array {
  const text = formatCheckpoint(checkpoint);
  const lines = [
    SIGNERS.log.signText(text),
    SIGNERS.logPq.cosign(checkpoint, time),
    ...cosigners.map((one, at) => one.cosign(checkpoint, time + 10n * BigInt(at))),
  ];
  return encodeUtf8(`${text}\n${lines.join("")}`);
}

function saltOf(record: number, field: number): Uint8Array {
  return new Uint8Array(createHash("sha256").update(`salt ${record} ${field}`).digest());
}

function bytesOf(value: string | Uint8Array | undefined): Uint8Array | undefined {
  return typeof value === "string" ? encodeUtf8(value) : value;
}

function leavesOfFields(fields: readonly Field[], record: number): Hash[] {
  return fields.map(([name, value], at) => {
    const used = value === undefined ? undefined : name;
    return fieldLeaf(saltOf(record, at), used, bytesOf(value));
  });
}

function leafOfRecord(fields: readonly Field[], record: number): Hash {
  return recordLeaf(BigInt(fields.length), rootOfLeaves(leavesOfFields(fields, record)));
}

/** What is opened of a record also where it is absent: what a range must show. */
const SHOWN_ABSENT = ["units", "tags", "panel", "lot", "seen", "supersedes"];

/** Opens the header, every used field, and of the absent ones a few: the rest is proved. */
function openAll(place: { sequence: bigint }, records: readonly Field[][]) {
  return {
    format: "fiducial/disclosure/v1",
    log: LOG,
    source: SOURCE,
    sequence: `${place.sequence}`,
    record_count: records.length,
    records: records.map((fields, record) => {
      const shown = fields.flatMap(([name, value], at) =>
        value !== undefined || record === 0 || SHOWN_ABSENT.includes(name) ? [at] : []
      );
      return {
        index: record,
        field_count: fields.length,
        fields: shown.map((at) => openField(fields[at] as Field, record, at)),
        proof: multiproof(leavesOfFields(fields, record), shown).map(encodeBase64),
      };
    }),
    proof: [],
  };
}

function openField([name, value]: Field, record: number, index: number) {
  const salt = encodeBase64(saltOf(record, index));
  if (value === undefined) return { index, salt };
  const shown = typeof value === "string" ? { text: value } : { base64: encodeBase64(value) };
  return { index, name, salt, ...shown };
}

/** The hashes that cannot be computed from the leaves shown, layer by layer. */
function multiproof(leaves: readonly Hash[], shown: readonly number[]): Hash[] {
  const proof: Hash[] = [];
  let [layer, known] = [leaves, new Set(shown)];
  while (layer.length > 1) {
    layer.forEach((hash, at) => {
      if (!known.has(at) && known.has(at ^ 1)) proof.push(hash);
    });
    known = new Set([...known].map((at) => at >> 1));
    const above: Hash[] = [];
    for (let at = 0; at < layer.length; at += 2) {
      const [left, right] = [layer[at] ?? EMPTY_ROOT, layer[at + 1]];
      above.push(right ? nodeHash(left, right) : left);
    }
    layer = above;
  }
  return proof;
}
