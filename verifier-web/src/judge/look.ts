/**
 * What a reader is to look at before the reasons of a verdict: it is no fault of the evidence, and nobody is to read
 * VERIFIED over it without being told.
 *
 *     look-nowhere            units of the list that no record names
 *     look-header             a first line of the list that was taken for a header
 *     look-not-inspected      boards without a report of a machine that inspects
 *     look-no-report          no such report at all, and no list that says of which boards there should be one
 *     look-failed             failed at the machine, and no later word says that they are good
 *     look-repaired           failed, and the last word is a repair's
 *     look-passed-by-person   failed, and the last word is that of a person who reviewed them
 *     look-unfollowed         failed, and too much hangs together to be followed
 *     look-late               logged a day or more after the time that the file claims
 *     sealed-after-claim      the same where no witness was there to say when: nobody knows
 *     claimed-after-logged    logged before the time that it claims
 *
 * Machines get all names by `units` of the report; people the first ten.
 */

import { countsAny, countsOf } from "../evidence/words.ts";
import { encodeUtf8 } from "../formats/encoding.ts";
import { Followed } from "./followed.ts";
import { isName, calledOf, type Unit } from "./list.ts";
import { lastWordsOf } from "./chain.ts";
import { isInspection } from "./looked.ts";
import { outcomeOf, wordsOfUnit } from "./outcomes.ts";
import { octetsOf } from "./reader.ts";
import { say, type Act, type Draft, type Look, type Said } from "./report.ts";

/** In this order they are said. */
const ORDER = [
  "look-nowhere",
  "look-header",
  "look-not-inspected",
  "look-no-report",
  "look-failed",
  "look-repaired",
  "look-passed-by-person",
  "look-unfollowed",
  "look-late",
  "sealed-after-claim",
  "claimed-after-logged",
];

/** What is said of them, in its order. */
export function inOrder(look: readonly Look[]): Look[] {
  return [...look].sort((one, other) => ORDER.indexOf(one.code) - ORDER.indexOf(other.code));
}

/** Something to look at, of units or of none. */
export function lookAt(said: Said, units: readonly string[]): Look {
  return { ...said, units };
}

/**
 * Says which units failed at a machine, and what became of them: of the reader's list where one was given, else of all that
 * records name. Of the list those are told that were found; all are followed, so that the limit is met at the same unit as
 * in the program, which looks for the units of the list at the same time.
 */
export function sayFailed(
  draft: Draft,
  acts: readonly Act[],
  list: readonly Unit[] | undefined,
  found: readonly Unit[] | undefined = list,
): void {
  const failing = failingIn(acts);
  if (failing.size === 0) return;
  const followed = new Followed(acts);
  const [isTold, inList] = [new Set(found), list?.flatMap((unit) => asRecorded(unit, failing, followed))];
  const units: readonly Recorded[] = inList ?? inOctets(failing).map((name) => ({ name, unit: undefined }));
  const groups = new Map<string, string[]>();
  for (const { name, unit } of units) {
    const group = groupOf(followed.of(name), name);
    if (group === undefined || (unit && !isTold.has(unit))) continue;
    const called = unit ? calledOf(unit) : name;
    const known = groups.get(group);
    // Added in place: a list that were copied for each board would make hundreds of thousands of boards a square.
    if (known) known.push(called);
    else groups.set(group, [called]);
  }
  const of = (group: string) => groups.get(group) ?? [];
  const tell = (said: Said, names: readonly string[]) => {
    if (names.length > 0) draft.look.push(lookAt({ ...said, values: [`${names.length}`] }, names));
  };
  tell(say("look-failed"), of("failed"));
  tell(say("look-repaired"), of("thenRepaired"));
  tell(say("look-passed-by-person"), of("thenReviewed"));
  tell(say("look-unfollowed"), of("unfollowed"));
}

/** A board by the name that records have for it, and the unit of the list that it is. */
interface Recorded {
  readonly name: string;
  readonly unit: Unit | undefined;
}

/** Names in the order of their octets, which is not that of the letters of a string here. */
function inOctets(names: Iterable<string>): string[] {
  const keyed = Array.from(names, (name) => ({ name, key: octetsOf(encodeUtf8(name)) }));
  return keyed.sort((one, other) => (one.key < other.key ? -1 : 1)).map(({ name }) => name);
}

/** A unit of the list if it may have failed, by its own name or by its panel as a whole. */
function asRecorded(unit: Unit, failing: ReadonlySet<string>, followed: Followed): Recorded[] {
  const isNamed = isName(unit.serial) && followed.isUnit(unit.serial);
  const name = isNamed || !isName(unit.panel) ? unit.serial : unit.panel;
  const names = [name, ...followed.panelsOf(unit.serial)];
  return names.some((one) => failing.has(one)) ? [{ name, unit }] : [];
}

/** The names of which a machine that inspects says something bad, or a review that it did; a panel's where no board is named. */
function failingIn(acts: readonly Act[]): Set<string> {
  const failing = new Set<string>();
  for (const act of acts) {
    const words = isInspection(act.kind) ? act.verdicts : act.kind === "review" ? act.verdictsBefore : [];
    // Where a machine has no word for it, its count of defects is what it says.
    const isCounted = isInspection(act.kind) && words.length === 0 && countsAny(act.defects);
    if (!isCounted && countsOf(words).bad === 0) continue;
    for (const name of act.units.length > 0 ? act.units : [act.panel]) {
      if (isName(name) && (isCounted || countsOf(wordsOfUnit(words, act, name)).bad > 0)) failing.add(name);
    }
  }
  return failing;
}

/** What is said of a unit with these records; undefined where nothing is to be looked at. */
function groupOf(chain: readonly Act[] | undefined, name: string): string | undefined {
  if (!chain) return "unfollowed";
  const words = lastWordsOf(chain, (words, act) => wordsOfUnit(words, act, name));
  const outcome = outcomeOf(words);
  return words.isFailed && outcome !== "thenInspected" ? outcome : undefined;
}
