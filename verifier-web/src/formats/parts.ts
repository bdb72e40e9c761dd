/** The paths of a bundle's parts, and the limit of each. Rule: `spec/text/bundle.md`, "The parts". */

import { MAX_DISCLOSURE_SIZE } from "./disclosure.ts";
import { parseDecimal } from "./encoding.ts";
import { MAX_NOTE_SIZE } from "./note.ts";
import { MAX_PROOF_SIZE } from "./proof.ts";
import { MAX_STATEMENT_SIZE } from "./statement.ts";
import { MANIFEST, MAX_BUNDLE_SIZE } from "./zip.ts";

export const HOW_TO = "HOW-TO-VERIFY.txt";
export const SUMS = "SHA256SUMS";
export const POLICY_COPY = "policy";
export const PINS_COPY = "pins";
export const SOURCE_KEYS_COPY = "source-keys";

const MAX_SOURCES = 256;
const MAX_TEXT_SIZE = 2 * 1024 * 1024;

/** What a part is to its statement, as its path ends, and the most bytes that it has. */
const ROLE_LIMITS = {
  after: MAX_NOTE_SIZE,
  consistency: 64 * 1024,
  "disclosure.json": MAX_DISCLOSURE_SIZE,
  statement: MAX_STATEMENT_SIZE,
  "tlog-proof": MAX_PROOF_SIZE,
  tsr: 64 * 1024,
} as const;

export type PartRole = keyof typeof ROLE_LIMITS;
export type Claim = "range" | "records";

/** Which statement a part belongs to. */
export interface PartPlace {
  readonly claim: Claim;
  /** The source's place among the names in ascending order. */
  readonly source: number;
  readonly sequence: bigint;
}

export type PartKind =
  | { readonly kind: "text" }
  | { readonly kind: "list" }
  | { readonly kind: "evidence"; readonly hash: string }
  | { readonly kind: "of"; readonly place: PartPlace; readonly role: PartRole };

const TEXTS = [HOW_TO, PINS_COPY, POLICY_COPY, SOURCE_KEYS_COPY];

/** What a path names; undefined for one that no bundle has. */
export function parsePath(path: string): PartKind | undefined {
  if (TEXTS.includes(path) || /^notes\/[a-z0-9][a-z0-9._-]{0,63}$/.test(path)) return { kind: "text" };
  if (path === MANIFEST || path === SUMS) return { kind: "list" };
  const hash = /^evidence\/([0-9a-f]{64})$/.exec(path)?.[1];
  if (hash !== undefined) return { kind: "evidence", hash };
  const [, claim, sourceText, sequenceText, role] =
    /^(range|records)\/([0-9]+)\/([0-9]+)\.([a-z.-]+)$/.exec(path) ?? [];
  const source = parseDecimal(sourceText ?? "");
  const sequence = parseDecimal(sequenceText ?? "");
  const isSource = source !== undefined && source < BigInt(MAX_SOURCES);
  if (!isSource || sequence === undefined || !isRole(role)) return undefined;
  const place = { claim: claim as Claim, source: Number(source), sequence };
  return { kind: "of", place, role };
}

/** The most bytes that a part of a kind has. */
export function limitOf(part: PartKind): number {
  switch (part.kind) {
    case "text":
      return MAX_TEXT_SIZE;
    case "of":
      return ROLE_LIMITS[part.role];
    default:
      return MAX_BUNDLE_SIZE;
  }
}

/** The path of a part of a statement. */
export function pathOf({ claim, source, sequence }: PartPlace, role: PartRole): string {
  return `${claim}/${source}/${sequence}.${role}`;
}

function isRole(text: string | undefined): text is PartRole {
  return text !== undefined && Object.hasOwn(ROLE_LIMITS, text);
}
