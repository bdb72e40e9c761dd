/** Makes bundles as `fiducial bundle make` would, for tests. */

import { createHash, createHmac } from "node:crypto";

import { crc32 } from "../src/crypto/crc32.ts";
import { bigEndian, concat } from "../src/crypto/bytes.ts";
import { sha256 } from "../src/crypto/sha256.ts";
import { encodeBase64, encodeUtf8 } from "../src/formats/encoding.ts";
import { encodeHex } from "../src/formats/hex.ts";
import { parseStatement } from "../src/formats/statement.ts";
import { leafHash } from "../src/formats/tree.ts";
import { directoryEntry, endRecord, localHeader } from "../src/formats/zip.ts";
import { LOG, SIGNERS, SOURCE, anchor, type Evidence } from "./maker.ts";

type Files = ReadonlyMap<string, Uint8Array>;

/** The key of a lot, which maker and reader share. */
export const LOT_KEY = createHash("sha256").update("a lot key").digest();

/** The tag of a unit, by Node's HMAC and not by the page's. */
export function tagOf(sequence: bigint, unit: string): Uint8Array {
  const place = concat(encodeUtf8(`fiducial/tag/v1\n${SOURCE}`), bigEndian(sequence, 8));
  const key = createHmac("sha256", LOT_KEY).update(place).digest();
  return new Uint8Array(createHmac("sha256", key).update(unit).digest());
}

/** Everything of one statement under `records/` or `range/`. */
export function partsOf(folder: "records" | "range", made: Evidence, withReceipt = true): Files {
  const { sequence } = parseStatement(made.statement);
  const path = (role: string) => `${folder}/0/${sequence}.${role}`;
  return new Map([
    [path("statement"), made.statement],
    [path("disclosure.json"), made.disclosure],
    ...(withReceipt ? [[path("tlog-proof"), made.receipt] as const] : []),
    ...(withReceipt ? [[path("after"), made.after] as const] : []),
    ...(withReceipt ? [[path("consistency"), made.consistency] as const] : []),
  ]);
}

/** What a test wants of a range otherwise than usual. */
export interface RangeWishes {
  readonly gapMinutes?: number;
  /** Values of the report in the statement with this sequence. */
  readonly valuesAt?: (sequence: bigint) => ReadonlyMap<string, string | Uint8Array>;
}

/** Three statements of one chain, one report each, a minute apart; only the last has a receipt. */
export function makeRange(fileHash: Uint8Array, wishes: RangeWishes = {}): Evidence[] {
  const made: Evidence[] = [];
  for (let at = 0; at < 3; at += 1) {
    const before = made.at(-1);
    const minute = at === 0 ? 0 : at - 1 + (wishes.gapMinutes ?? 1);
    const closed = new Date(Date.UTC(2026, 10, 26, 0, minute)).toISOString();
    const sequence = BigInt(20 + at);
    made.push(anchor(`report-${at}.json`, fileHash, {
      sequence,
      values: wishes.valuesAt?.(sequence) ?? new Map(),
      header: new Map([["record/first", `${100 + at}`], ["closed", closed]]),
      ...(before ? { previous: leafHash(before.statement) } : {}),
    }));
  }
  return made;
}

/** The reader's own pins, which begin at a statement. */
export function pinsFrom(first: Evidence, cadence = "60"): string {
  const { sequence } = parseStatement(first.statement);
  return [
    "fiducial/pins/v1",
    `log ${LOG}`,
    "",
    "# from the contract of last year",
    `source ${SOURCE}`,
    `key ${SIGNERS.source.vkey}`,
    "machine AOI 7 in line 4, serial 20391",
    `first ${sequence} ${encodeBase64(leafHash(first.statement))}`,
    `cadence ${cadence}`,
    "",
  ].join("\n");
}

/** Puts parts into a bundle, with the lists that follow from them. */
export function makeBundle(...groups: readonly Files[]): Uint8Array {
  const parts = new Map<string, Uint8Array>([["HOW-TO-VERIFY.txt", encodeUtf8("By hand.\n")]]);
  groups.forEach((group) => group.forEach((bytes, path) => parts.set(path, bytes)));
  const line = ([path, bytes]: [string, Uint8Array]) => `${encodeHex(sha256(bytes))}  ${path}\n`;
  parts.set("SHA256SUMS", encodeUtf8(sorted(parts).map(line).join("")));
  const manifest = encodeUtf8(manifestOf(parts));
  return makeZip([["bundle.json", manifest], ...sorted(parts)]);
}

function sorted(parts: Files): [string, Uint8Array][] {
  return [...parts].sort(([one], [other]) => (one < other ? -1 : 1));
}

function manifestOf(parts: Files): string {
  const sequences = (folder: string) =>
    [...parts.keys()].filter((path) => path.startsWith(folder) && path.endsWith(".statement"))
      .map((path) => Number(path.slice(folder.length, -".statement".length)))
      .sort((one, other) => one - other);
  const [records, range] = [sequences("records/0/"), sequences("range/0/")];
  const claims: string[] = [];
  if (records.length > 0) {
    claims.push(`    {"claim": "records", "source": "${SOURCE}", "statements": ${records.length}}`);
  }
  if (range.length > 0) {
    const ends = `"first": "${range[0]}", "last": "${range.at(-1)}"`;
    claims.push(`    {"claim": "range", "source": "${SOURCE}", ${ends}}`);
  }
  const listed = sorted(parts).map(([path, bytes]) =>
    `    {"path": "${path}", "size": ${bytes.length}, "sha256": "${encodeHex(sha256(bytes))}"}`
  );
  return `{\n  "format": "fiducial/bundle/v1",\n  "log": "${LOG}",\n  "sources": [\n    "${SOURCE}"\n  ],\n` +
    `  "claims": [\n${claims.join(",\n")}\n  ],\n  "parts": [\n${listed.join(",\n")}\n  ]\n}\n`;
}

function makeZip(parts: readonly [string, Uint8Array][]): Uint8Array {
  const [locals, entries]: [Uint8Array[], Uint8Array[]] = [[], []];
  let at = 0;
  for (const [path, bytes] of parts) {
    const listed = { path, crc: crc32(0, bytes), size: bytes.length };
    const local = concat(localHeader(listed), bytes);
    entries.push(directoryEntry(listed, at));
    locals.push(local);
    at += local.length;
  }
  const directory = concat(...entries);
  return concat(...locals, directory, endRecord(parts.length, directory.length, at));
}
