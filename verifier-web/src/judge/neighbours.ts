/**
 * Whether a record that names a panel alone may be of another board than the one that the reader means.
 *
 *     records of PN1, all that are opened              SN1 on PN1 is found by its panel
 *     units PN1                verdict Passed          it is the one board, as far as anybody can see
 *     units PN1, PN1           verdict Passed, Failed  there is another one
 *     panel PN1, units SN2                             there is another one, in a delivery of somebody else perhaps
 *     panel PN1                                        nobody says how many there are
 *     panel PN1, units kept hidden                     nobody can see whether there is another one
 *
 * Rule: `spec/text/bundle.md`, "Your own units"; the program's is in `verifier-cli/src/dossier/own`. It asks every record
 * of evidence that is opened, not only those by which units are found: who is on a panel, another lot's record may show.
 */

import { encodeUtf8 } from "../formats/encoding.ts";
import { isEvidence } from "../formats/kinds.ts";
import type { Unit } from "./list.ts";
import type { OpenedRecord } from "./opened.ts";
import { itemsOf } from "./range.ts";
import { octetsOf } from "./reader.ts";

/** Lists of a record that have a line for each of its boards. */
const BY_BOARD = ["verdict", "verdict/before", "unit/positions"] as const;

/** What the records that name a panel show of it. */
interface Seen {
  /** Whether one has it as its one unit. */
  isOne: boolean;
  /** Whether one shows another board, or more than one. */
  isSeveral: boolean;
  /** Where its one board is on it, of the first record that says so. */
  position: string | undefined;
}

/** Whether a panel by which one of these units is found may hold another board: by the list, or by what records show. */
export function mayHaveNeighbours(
  units: readonly Unit[],
  byPanel: readonly Unit[],
  records: readonly OpenedRecord[],
): boolean {
  const listed = new Map<string, number>();
  for (const { panel } of byPanel.length > 0 ? units : []) listed.set(panel, (listed.get(panel) ?? 0) + 1);
  const panels = new Set(byPanel.map(({ panel }) => panel));
  if ([...panels].some((panel) => listed.get(panel) !== 1)) return true;
  const seen = new Map([...panels].map((panel) => [octetsOf(encodeUtf8(panel)), unseen()]));
  if (seen.size > 0) records.forEach((record) => look(seen, record));
  return [...seen.values()].some(({ isOne, isSeveral }) => !isOne || isSeveral);
}

function unseen(): Seen {
  return { isOne: false, isSeveral: false, position: undefined };
}

/** Takes in a record. */
function look(seen: ReadonlyMap<string, Seen>, record: OpenedRecord): void {
  if (!isEvidence(record.kind)) return;
  const units = itemsIn(record, "units");
  const names = new Set([...units, valueIn(record, "panel")]);
  const named = [...names].filter((name) => seen.has(name));
  if (named.length === 0) return;
  // What is kept from the reader may be another board.
  const isHidden = !record.fields.some(({ name }) => name === "units");
  // A record has thousands of names and as many lines, and these are counted once.
  const isOfSeveral = isHidden || units.length > 1 || BY_BOARD.some((list) => itemsIn(record, list).length > 1);
  const [position] = itemsIn(record, "unit/positions");
  for (const name of named) {
    const panel = seen.get(name);
    if (!panel) continue;
    const isAlone = units.length === 1 && units[0] === name;
    panel.isOne ||= isAlone;
    panel.position ??= position;
    const isElsewhere = position !== undefined && position !== panel.position;
    panel.isSeveral ||= isOfSeveral || isElsewhere || (units.length > 0 && !isAlone);
  }
}

function itemsIn(record: OpenedRecord, name: string): string[] {
  return itemsOf(valueIn(record, name));
}

/** A value as octets; empty where there is none, or it is not opened. */
function valueIn({ fields }: OpenedRecord, name: string): string {
  const value = fields.find((field) => field.name === name)?.value;
  return value ? octetsOf(value) : "";
}
