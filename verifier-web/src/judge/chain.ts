/**
 * The records of a board in their order, and whose last word on it is what.
 *
 *     rows         in the order of sight by the agent's clock; what does not open it comes last, in that of the statements
 *     last words   in the order of the times that the records claim, if all claim a moment and none is later than
 *                  the first sight; else in that of sight
 *
 * Both are the rules of the report of `fiducial` (`verifier-cli/src/matter`; `spec/text/reconcile.md`, "What is compared"):
 * after an outage files are seen in the order of their names, and a last word must not come from that.
 */

import { countsAny, countsOf } from "../evidence/words.ts";
import { MAX_U64, compareTexts } from "../formats/encoding.ts";
import { ABOUT_BOARDS } from "../formats/kinds.ts";
import { isInspection } from "./looked.ts";
import type { Act } from "./report.ts";
import { parseMillis } from "./time.ts";

/** What machines write where they read no code. It names nobody. */
const NO_NAMES = ["", "N/A", "NOREAD"];

/** The acts in the order of sight. */
export function bySight(acts: readonly Act[]): Act[] {
  const keyed = acts.map((act) => ({ act, seen: seenOf(act), ...placeOf(act) }));
  keyed.sort((one, other) =>
    compare(one.seen, other.seen) || compareTexts(one.source, other.source) ||
    compare(one.sequence, other.sequence) || compare(one.record, other.record)
  );
  return keyed.map(({ act }) => act);
}

/** Milliseconds since 1970; behind every time where none is opened. */
function seenOf({ seen }: Act): bigint {
  return parseMillis(seen) ?? MAX_U64;
}

function placeOf({ place, index }: Act) {
  const [source = "", sequence = ""] = place.split(" ");
  return { source, sequence: BigInt(sequence || 0), record: BigInt(index || 0) };
}

function compare(one: bigint, other: bigint): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/**
 * In the order of the times that they claim, if each claims a moment and all were there when the first was seen. Otherwise
 * they stay as they are: sight saw one before the other was made.
 */
function inTime(acts: readonly Act[]): Act[] {
  const timed = acts.map((act) => ({ act, claimed: act.orderMillis === "" ? undefined : BigInt(act.orderMillis) }));
  const firstSeen = acts.map(seenOf).reduce((least, seen) => (seen < least ? seen : least), MAX_U64);
  const isInDoubt = timed.some(({ claimed }) => claimed === undefined || claimed > firstSeen);
  if (!isInDoubt) timed.sort((one, other) => compare(one.claimed ?? 0n, other.claimed ?? 0n));
  return timed.map(({ act }) => act);
}

/** As the last words take them. Where people's words claim no times, machines' reports are in order among themselves. */
function inTurn(acts: readonly Act[]): Act[] {
  // An oven says nothing of the others, and its pass has a time of its own. Paste comes before all that is placed on it: a
  // report on it that claims no time leaves what people and machines say of the board in order.
  const passes = acts.filter(({ kind }) => kind === "oven-data");
  const pastes = inTime(acts.filter(({ kind }) => kind === "spi-report"));
  const others = inTime(acts.filter(({ kind }) => !["oven-data", "spi-report"].includes(kind)));
  const looks = inTime(others.filter(({ kind }) => isInspection(kind)));
  return [...passes, ...pastes, ...others.map((act) => (isInspection(act.kind) ? looks.shift() ?? act : act))];
}

/** A verdict as it was stated, and by which kind of record. */
export interface Word {
  readonly kind: string;
  readonly words: readonly string[];
}

/** The last verdicts about one board, each as it was stated. */
export interface LastWords {
  /** Whether a report of a machine that inspects is among them, whatever of it is opened. */
  readonly isInspected: boolean;
  /** That of the last such report. */
  readonly machine: readonly string[];
  /** That of the last paste inspection. */
  readonly paste: readonly string[];
  /** That of the last review or repair, and which of them it was. */
  readonly person: Word | undefined;
  /** The last of all that inspections, reviews and repairs say. */
  readonly last: Word | undefined;
  /** That of the oven on its run. */
  readonly oven: readonly string[];
  /** Whether any inspection found something, or a review names that as what stood before it. */
  readonly isFailed: boolean;
  /** Whether any paste inspection found something. */
  readonly isPasteFailed: boolean;
  /** Whether a review left fewer failures than there were. */
  readonly isOverridden: boolean;
}

/**
 * Puts together what the records of one board say. They are kept apart because a later record is not a better one, and
 * none stands for another: an oven that says `Succeeded` of its run knows nothing of a joint, and paste that is `Passed`
 * nothing of what was placed on it. `own` are those of a record's words that are the board's.
 */
export function lastWordsOf(
  acts: readonly Act[],
  own: (words: readonly string[], act: Act) => readonly string[],
): LastWords {
  let [machine, paste, oven]: [readonly string[], readonly string[], readonly string[]] = [[], [], []];
  let [person, last]: [Word | undefined, Word | undefined] = [undefined, undefined];
  let [isInspected, isFailed, isPasteFailed, isOverridden, failures] = [false, false, false, false, 0];
  for (const act of inTurn(bySight(acts.filter(({ kind }) => ABOUT_BOARDS.includes(kind))))) {
    const words = own(act.verdicts, act);
    const word = words.length > 0 ? { kind: act.kind, words } : undefined;
    if (act.kind === "oven-data") {
      oven = word?.words ?? oven;
    } else if (act.kind === "review" || act.kind === "repair") {
      if (act.kind === "review") {
        // What stood before is what the review itself names, or else what the machine said last.
        const stated = own(act.verdictsBefore, act);
        const before = stated.length > 0 ? failuresIn(stated) : failures;
        isOverridden ||= words.length > 0 && failuresIn(words) < before && countsOf(words).good > 0;
        isFailed ||= failuresIn(stated) > 0;
      }
      person = word ?? person;
      last = word ?? last;
    } else {
      // Where a machine has no word for it, its count of defects is what it says.
      const found = words.length > 0 ? failuresIn(words) : Number(countsAny(act.defects));
      if (isInspection(act.kind)) {
        isInspected = true;
        isFailed ||= found > 0;
        machine = word?.words ?? machine;
        last = word ?? last;
      } else {
        isPasteFailed ||= found > 0;
        paste = word?.words ?? paste;
      }
      // What a review is about is no longer the paste, once a machine has inspected the board.
      if (isInspection(act.kind) || !isInspected) failures = found;
    }
  }
  return { isInspected, machine, paste, person, last, oven, isFailed, isPasteFailed, isOverridden };
}

function failuresIn(words: readonly string[]): number {
  return countsOf(words).bad;
}

/** Acts that name no board themselves, by every file that they are or name. */
export type Links = ReadonlyMap<string, readonly Act[]>;

/** The links of all acts, to be gone through from any chain. */
export function linksIn(all: readonly Act[]): Links {
  const byHash = new Map<string, Act[]>();
  for (const act of all) {
    if (!ABOUT_BOARDS.includes(act.kind) || !isNameless(act)) continue;
    for (const hash of hashesOf(act)) {
      const acts = byHash.get(hash);
      if (acts) acts.push(act);
      else byHash.set(hash, [act]);
    }
  }
  return byHash;
}

/**
 * Acts that name no board themselves and hang together with these by a link between files. Every hash and every act is
 * gone to once: a hostile chain has as many links as there are acts.
 */
export function linkedTo(chain: readonly Act[], links: Links): Act[] {
  const known = new Set(chain);
  const found = new Set<Act>();
  // What is added to a set while it is gone through is gone to as well.
  const hashes = new Set(chain.flatMap(hashesOf));
  for (const hash of hashes) {
    for (const act of links.get(hash) ?? []) {
      if (known.has(act) || found.has(act)) continue;
      found.add(act);
      hashesOf(act).forEach((other) => hashes.add(other));
    }
  }
  return [...found];
}

/** The files that an act is, or names as those before it. */
function hashesOf({ about, fileHash, follows, supersedes }: Act): string[] {
  return [about, fileHash, follows, supersedes].filter((hash) => hash !== "");
}

function isNameless({ units, panel }: Act): boolean {
  return NO_NAMES.includes(panel) && units.every((name) => NO_NAMES.includes(name));
}
