/**
 * What records of evidence say of units, as the page tells it: which board, when, with what verdict, and
 * where the bytes are that the record commits to.
 *
 * Only fields that are known to their kind's table, or that the agent's own names behind it are.
 */

import { decodeUtf8 } from "../formats/encoding.ts";
import { TABLES } from "../formats/kinds.ts";
import { instant } from "./claimed.ts";
import type { OpenedBatch, OpenedRecord } from "./opened.ts";
import type { Act, Exhibit } from "./report.ts";
import { formatUtc } from "./time.ts";

/** The most that are told; all are checked. */
export const MAX_ACTS = 20_000;

/** Between which times a statement was made, RFC 3339; empty where it is not known. */
export interface Bounds {
  readonly noEarlier: string;
  readonly noLater: string;
  /** What a timestamp states that dates it, by the word of an authority that nobody asked about. */
  readonly stamped: string;
}

/** Bounds as text, of seconds since 1970. */
export function boundsOf(earliest: bigint | undefined, latest: bigint | undefined): Bounds {
  const shown = (time: bigint | undefined) => (time === undefined ? "" : formatUtc(time));
  return { noEarlier: shown(earliest), noLater: shown(latest), stamped: "" };
}

/** The records of evidence of a statement, of which a unit, a panel or a file is shown. */
export function actsOf(
  opened: OpenedBatch,
  of: Bounds & { readonly place: string },
  exhibitOf: (record: OpenedRecord) => Exhibit | undefined,
): Act[] {
  return opened.records.flatMap((record): Act[] => {
    if (!TABLES.get(record.kind)?.includes("file/sha256")) return [];
    const text = (name: string) => textOf(record, name);
    // Whole, however many: of lists that were cut nobody knows which word is whose, and a board behind the cut is not told.
    const lines = (name: string) => text(name).split("\n").filter((line) => line !== "");
    const claimedMillis = `${claimedAt(text) ?? ""}`;
    const act = {
      ...of,
      index: `${record.index}`,
      kind: record.kind,
      units: lines("units"),
      verdicts: lines("verdict"),
      panel: text("panel"),
      claimed: claimedOf(text("claimed/start"), text("claimed/zone")),
      claimedMillis,
      orderMillis: text("claimed/zone") === "" ? "" : claimedMillis,
      seen: text("seen"),
      defects: text("defects"),
      attempt: text("attempt"),
      late: text("late"),
      verdictsBefore: lines("verdict/before"),
      about: text("about/sha256"),
      follows: text("follows/sha256"),
      fileHash: text("file/sha256"),
      supersedes: text("supersedes"),
      program: text("program"),
      isVersionless: isAbsent(record, "program/sha256"),
      certificateHash: text("certificate/sha256"),
      programHash: text("program/sha256"),
      window: text("window"),
      exhibit: exhibitOf(record),
    };
    return act.units.length > 0 || act.panel !== "" || act.fileHash !== "" ? [act] : [];
  });
}

/** The moment that a record claims, if its format and zone leave no doubt. */
function claimedAt(text: (name: string) => string): bigint | undefined {
  const format = text("claimed/format") || "iso";
  return instant(text("claimed/start"), format, text("claimed/zone") || "unknown");
}

/** A time with the zone that the record states for it, where it has none of its own. */
function claimedOf(time: string, zone: string): string {
  const isBare = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?$/.test(time);
  return isBare && /^(Z|[+-]\d\d:\d\d)$/.test(zone) ? `${time}${zone}` : time;
}

/** Whether a record says that it has no such field; one that is not opened says nothing. */
function isAbsent({ fields }: OpenedRecord, name: string): boolean {
  return fields.some((field) => field.name === name && field.value === undefined);
}

function textOf(record: OpenedRecord, name: string): string {
  const value = record.fields.find((field) => field.name === name)?.value;
  return (value && decodeUtf8(value)) ?? "";
}
