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
import { isName, calledOf, type Unit } from "./list.ts";
import { lastWordsOf } from "./chain.ts";
import { isInspection } from "./looked.ts";
import { Histories, howItWentOn, wordsOfUnit } from "./outcomes.ts";
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

/** How many acts are gone through for what became of units that failed. */
const MAX_FOLLOWED = 2_000_000;

/** What is said of them, in its order. */
export function inOrder(look: readonly Look[]): Look[] {
  return [...look].sort((one, other) => ORDER.indexOf(one.code) - ORDER.indexOf(other.code));
}

/** Something to look at, of units or of none. */
export function lookAt(said: Said, units: readonly string[]): Look {
  return { ...said, units };
}

/**
 * Says which units failed at a machine, and what became of them: of the reader's own where a list was given (`own`, those
 * that were found), else of all that records name.
 */
export function sayFailed(draft: Draft, acts: readonly Act[], own: readonly Unit[] | undefined): void {
  const failing = failingIn(acts);
  if (failing.size === 0) return;
  const histories = new Histories(acts, MAX_FOLLOWED);
  const units = own ? own.flatMap((unit) => asRecorded(unit, failing, histories)) : [...failing].sort(byText).map(plain);
  const groups = new Map<string, string[]>();
  for (const { name, called } of units) {
    const group = groupOf(histories.of(name), name);
    if (group === undefined) continue;
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

/** A unit by the name that records have for it, and by that which people know. */
interface Recorded {
  readonly name: string;
  readonly called: string;
}

function plain(name: string): Recorded {
  return { name, called: name };
}

function byText(one: string, other: string): number {
  return one < other ? -1 : 1;
}

/** A unit of the list if it may have failed, by its own name or by its panel as a whole. */
function asRecorded(unit: Unit, failing: ReadonlySet<string>, histories: Histories): Recorded[] {
  const isNamed = isName(unit.serial) && histories.isUnit(unit.serial);
  const name = isNamed || !isName(unit.panel) ? unit.serial : unit.panel;
  const names = isNamed ? [name, ...histories.panelsOf(name)] : [name];
  return names.some((one) => failing.has(one)) ? [{ name, called: calledOf(unit) }] : [];
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
  const { isFailed } = lastWordsOf(chain, (words, act) => wordsOfUnit(words, act, name));
  const outcome = howItWentOn(chain, name);
  return isFailed && outcome !== "thenInspected" ? outcome : undefined;
}
