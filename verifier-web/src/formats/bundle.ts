/**
 * Bundles: one file with all that belongs to a dispute. Rule: `spec/text/bundle.md`.
 *
 * The parts are taken out, the lists made again and compared. A file that fails here is refused as a
 * whole, before anything in it is believed. What the parts say is judged in `judge/bundle.ts`.
 */

import { sameBytes } from "../crypto/bytes.ts";
import { sha256 } from "../crypto/sha256.ts";
import { compareTexts, encodeUtf8 } from "./encoding.ts";
import { decodeHex, encodeHex } from "./hex.ts";
import { HOW_TO, SUMS, limitOf, parsePath, pathOf, type PartPlace, type PartRole } from "./parts.ts";
import { Refusal, within } from "./refusal.ts";
import { parseStatement, type Statement } from "./statement.ts";
import type { FileWindow } from "./window.ts";
import { MANIFEST, readZip, type ZipPart } from "./zip.ts";

/** What the list of parts begins with. */
export const BUNDLE_FORMAT = "fiducial/bundle/v1";

/** A statement of a bundle and where it stands. */
export interface Placed {
  readonly place: PartPlace;
  readonly statement: Statement;
}

/** A bundle whose lists follow from its parts. */
export interface Bundle {
  readonly log: string;
  /** In ascending order of their bytes. */
  readonly sources: readonly string[];
  /** In the order of their paths. */
  readonly statements: readonly Placed[];
  readonly parts: ReadonlyMap<string, ZipPart>;
  /** SHA-256 of the whole file. */
  readonly hash: Uint8Array;
}

/** What `bundle.json` says besides the list of parts. */
type Claimed = Pick<Bundle, "log" | "sources" | "statements">;

/** Reads a bundle; `progress` is told the bytes done. */
export async function readBundle(
  file: FileWindow,
  progress: (done: number) => void,
): Promise<Bundle> {
  const { parts: listed, hash } = await readZip(file, progress);
  const parts = new Map(listed.map((part) => [part.path, part]));
  listed.forEach(checkPart);
  for (const path of [HOW_TO, SUMS]) if (!parts.has(path)) throw new Refusal("Missing", path);
  const statements = await readStatements(file, listed);
  const bundle = { ...originOf(statements), statements, parts, hash };
  checkPlaces(bundle);
  checkCompanions(bundle);
  compareLists(bundle);
  return bundle;
}

/** A part of a statement; undefined where it is not there. */
export async function readRole(
  file: FileWindow,
  bundle: Bundle,
  place: PartPlace,
  role: PartRole,
): Promise<Uint8Array | undefined> {
  const part = bundle.parts.get(pathOf(place, role));
  return part && readPart(file, part);
}

/** All bytes of a part, whose limit was checked. */
export async function readPart(file: FileWindow, part: ZipPart): Promise<Uint8Array> {
  return (await file.read(part.start, part.size)).slice();
}

function checkPart(part: ZipPart): void {
  const kind = parsePath(part.path);
  if (!kind) throw new Refusal("Path", part.path);
  if (part.size > limitOf(kind)) throw new Refusal("TooLarge", part.path, `${part.size}`);
  const isOther = kind.kind === "evidence" && !sameBytes(part.hash, decodeHex(kind.hash) ?? part.hash);
  if (isOther) throw new Refusal("Evidence", part.path);
}

async function readStatements(file: FileWindow, parts: readonly ZipPart[]): Promise<Placed[]> {
  const statements: Placed[] = [];
  for (const part of parts) {
    const kind = parsePath(part.path);
    if (kind?.kind !== "of" || kind.role !== "statement") continue;
    const bytes = await readPart(file, part);
    const statement = within("Statement", () => parseStatement(bytes));
    statements.push({ place: kind.place, statement });
  }
  return statements;
}

function originOf(statements: readonly Placed[]): { log: string; sources: string[] } {
  const [first] = statements;
  if (!first) throw new Refusal("Missing", "a statement");
  const names = new Set(statements.map(({ statement }) => statement.source));
  return { log: first.statement.log, sources: [...names].sort(compareTexts) };
}

/** Each statement is the one that its path says, and ranges have no gap. */
function checkPlaces({ log, sources, statements }: Bundle): void {
  const records = new Set<string>();
  const ranges = new Map<number, bigint[]>();
  for (const { place, statement } of statements) {
    if (statement.log !== log) throw new Refusal("OtherLog", pathOf(place, "statement"));
    const fits = sources[place.source] === statement.source && place.sequence === statement.sequence;
    if (!fits) throw new Refusal("OtherPlace", pathOf(place, "statement"));
    if (place.claim === "records") records.add(`${place.source} ${place.sequence}`);
    else ranges.set(place.source, [...(ranges.get(place.source) ?? []), place.sequence]);
  }
  for (const [source, sequences] of ranges) {
    const sorted = sequences.sort((one, other) => (one < other ? -1 : 1));
    sorted.forEach((sequence, at) => {
      const name = `range/${source}/${sequence}`;
      if (records.has(`${source} ${sequence}`)) throw new Refusal("Twice", name);
      if (at > 0 && sorted[at - 1] !== sequence - 1n) throw new Refusal("Gap", name);
    });
  }
}

/** Each statement has what it must have, and nothing is there without what it belongs to. */
function checkCompanions(bundle: Bundle): void {
  const require = (place: PartPlace, role: PartRole) => {
    const path = pathOf(place, role);
    if (!bundle.parts.has(path)) throw new Refusal("Missing", path);
  };
  for (const { place } of bundle.statements) {
    require(place, "disclosure.json");
    const next = pathOf({ ...place, sequence: place.sequence + 1n }, "statement");
    const isLast = place.claim === "range" && !bundle.parts.has(next);
    if (place.claim === "records" || isLast) require(place, "tlog-proof");
  }
  for (const path of bundle.parts.keys()) {
    const kind = parsePath(path);
    if (kind?.kind !== "of") continue;
    require(kind.place, "statement");
    if (kind.role === "consistency") {
      require(kind.place, "after");
      require(kind.place, "tlog-proof");
    }
    // What it dates is the receipt's checkpoint.
    if (kind.role === "tsr") require(kind.place, "tlog-proof");
  }
}

/** `SHA256SUMS` and `bundle.json` follow from the other parts, byte for byte. */
function compareLists(bundle: Bundle): void {
  const others = [...bundle.parts.values()].filter(({ path }) => path !== MANIFEST);
  const sums = others.filter(({ path }) => path !== SUMS);
  const lists = [
    [SUMS, sums.map(({ path, hash }) => `${encodeHex(hash)}  ${path}\n`).join("")],
    [MANIFEST, manifestOf(bundle, others)],
  ] as const;
  for (const [path, made] of lists) {
    const part = bundle.parts.get(path);
    const bytes = encodeUtf8(made);
    // Compared by hash, so that a list of another size is never read.
    if (!part || !sameBytes(part.hash, sha256(bytes))) throw new Refusal("List", path);
  }
}

/** The text of `bundle.json`. */
export function manifestOf(bundle: Claimed, others: readonly ZipPart[]): string {
  const list = (items: readonly string[]) => items.map((item) => `    ${item}`).join(",\n");
  const parts = others.map(({ path, size, hash }) =>
    `{"path": "${path}", "size": ${size}, "sha256": "${encodeHex(hash)}"}`
  );
  return [
    "{",
    `  "format": "${BUNDLE_FORMAT}",`,
    `  "log": ${quoted(bundle.log)},`,
    `  "sources": [\n${list(bundle.sources.map(quoted))}\n  ],`,
    `  "claims": [\n${list(claimsOf(bundle))}\n  ],`,
    `  "parts": [\n${list(parts)}\n  ]`,
    "}",
    "",
  ].join("\n");
}

function claimsOf({ sources, statements }: Claimed): string[] {
  return sources.flatMap((name, source) => {
    const of = (claim: string) =>
      statements.filter(({ place }) => place.claim === claim && place.source === source)
        .map(({ place }) => place.sequence)
        .sort((one, other) => (one < other ? -1 : 1));
    const [records, range] = [of("records"), of("range")];
    const claims: string[] = [];
    if (records.length > 0) {
      claims.push(`{"claim": "records", "source": ${quoted(name)}, "statements": ${records.length}}`);
    }
    if (range.length > 0) {
      const ends = `"first": "${range[0]}", "last": "${range.at(-1)}"`;
      claims.push(`{"claim": "range", "source": ${quoted(name)}, ${ends}}`);
    }
    return claims;
  });
}

/** A name in quotes; names hold no control characters. */
function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, (letter) => `\\${letter}`)}"`;
}
