/**
 * How long after the times that they claim records were logged.
 *
 * What was made up last week and claims the spring verifies like anything else: a log proves when a record
 * was there, and nothing of when it was made. So a verdict says how far the two lie apart, where a record
 * opens the time that it claims. Rule: `spec/text/bundle.md`, "Claimed times".
 */

import { decodeUtf8 } from "../formats/encoding.ts";
import { instant } from "./claimed.ts";
import { knownText, type OpenedBatch, type OpenedRecord } from "./opened.ts";
import { say, sayWith, type Draft, type Said } from "./report.ts";
import { parseMillis } from "./time.ts";

/** What happened on a board, in an oven or at a bench: `verifier-cli/src/lateness.rs` says why no other. */
const KINDS = ["aoi-report", "oven-data", "reflow-certificate", "repair", "review", "spi-report"];

/** A statement that holds. */
export interface Logged {
  readonly source: string;
  readonly sequence: bigint;
  /** By the witnesses, seconds since 1970; undefined if none is asked for or no receipt is there. */
  readonly notAfter: bigint | undefined;
  readonly opened: OpenedBatch;
}

/** The longest way from a claimed time to a time that is known. */
interface Furthest {
  readonly statements: number;
  readonly seconds: bigint;
  readonly place: Said;
}

/** Says it of all statements together. Gives whether any record opens the time that it claims. */
export function sayLateness(draft: Draft, statements: readonly Logged[]): boolean {
  const witnessed = furthestOf(statements.filter(({ notAfter }) => notAfter !== undefined));
  const sealed = furthestOf(statements.filter(({ notAfter }) => notAfter === undefined));
  if (witnessed) draft.reasons.push(told(say("logged-after-claim", ...valuesOf(witnessed)), witnessed));
  if (sealed) draft.reasons.push(told(say("sealed-after-claim", ...valuesOf(sealed)), sealed));
  return witnessed !== undefined || sealed !== undefined;
}

function valuesOf({ statements, seconds }: Furthest): string[] {
  return [`${statements}`, `${seconds}`];
}

function told(said: Said, { place }: Furthest): Said {
  return sayWith(said, [place]);
}

function furthestOf(statements: readonly Logged[]): Furthest | undefined {
  let furthest: Furthest | undefined;
  for (const one of statements) {
    let isCounted = false;
    const [header] = one.opened.records;
    const closed = header?.index === 0n ? parseMillis(knownText(header, "closed") ?? "") : undefined;
    const known = one.notAfter === undefined ? closed : one.notAfter * 1000n;
    for (const record of one.opened.records) {
      const claimed = claimedOf(record);
      const until = known ?? parseMillis(textOf(record, "seen") ?? "");
      if (claimed === undefined || until === undefined) continue;
      // One that claims a time to come is not late.
      const seconds = until > claimed ? (until - claimed) / 1000n : 0n;
      const numbers = [`${one.sequence}`, `${record.index}`] as const;
      const place = say("at-record", one.source, ...numbers);
      const count: number = (furthest?.statements ?? 0) + (isCounted ? 0 : 1);
      isCounted = true;
      furthest = !furthest || seconds > furthest.seconds
        ? { statements: count, seconds, place }
        : { ...furthest, statements: count };
    }
  }
  return furthest;
}

/** The value of a field as text, whoever named it. */
function textOf(record: OpenedRecord, name: string): string | undefined {
  const value = record.fields.find((field) => field.name === name)?.value;
  return value && decodeUtf8(value);
}

/** Milliseconds since 1970; undefined if the record opens no claimed time, or one that leaves a doubt. */
function claimedOf(record: OpenedRecord): bigint | undefined {
  const start = textOf(record, "claimed/start");
  if (start === undefined || !KINDS.includes(record.kind)) return undefined;
  return instant(start, textOf(record, "claimed/format") ?? "iso", textOf(record, "claimed/zone") ?? "unknown");
}
