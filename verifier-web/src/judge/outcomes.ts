/**
 * What became of each unit: which records are about it, and how it went on with one that failed.
 *
 * The rules are those of the report of `fiducial` (`verifier-cli/src/matter`).
 */

import { countsOf } from "../evidence/words.ts";
import { bySight, lastWordsOf, linkedTo, linksIn, type LastWords, type Links } from "./chain.ts";
import type { Act } from "./report.ts";
import { haveInCommon } from "./sets.ts";

/** A unit to choose. */
export interface Choice {
  readonly unit: string;
  readonly isOwn: boolean;
  /** Whether any record says that it failed. */
  readonly isFailed: boolean;
  /** Whether no report of a machine that inspects is shown. */
  readonly isLacking: boolean;
}

/**
 * The reader's own units first, and of these and the others those that lack an inspection, then those that failed; else
 * in ascending order.
 */
export function choicesOf(acts: readonly Act[], own: ReadonlySet<string>, lacking: ReadonlySet<string>): Choice[] {
  const failed = new Set(acts.flatMap((act) =>
    [...act.units, act.panel].filter((unit) => countsOf(wordsOfUnit(act.verdicts, act, unit)).bad > 0)
  ));
  const choices = unitsOf(acts).map((unit) =>
    ({ unit, isOwn: own.has(unit), isFailed: failed.has(unit), isLacking: lacking.has(unit) })
  );
  const rank = ({ isOwn, isFailed, isLacking }: Choice) => (isOwn ? 0 : 3) + (isLacking ? 0 : isFailed ? 1 : 2);
  return choices.sort((one, other) => rank(one) - rank(other));
}

/** How it went on with a unit that failed. */
export type Outcome = "failed" | "thenInspected" | "thenRepaired" | "thenReviewed";

/** What became of a unit that failed once, by the last word on it: it need not have stayed so. */
export function howItWentOn(chain: readonly Act[], unit: string): Outcome {
  return outcomeOf(lastWordsOf(chain, (words, act) => wordsOfUnit(words, act, unit)));
}

/** The same, of its last words. */
export function outcomeOf({ last }: LastWords): Outcome {
  if (!last || countsOf(last.words).good < last.words.length) return "failed";
  if (last.kind === "review") return "thenReviewed";
  return last.kind === "repair" ? "thenRepaired" : "thenInspected";
}

/** What others ran under: it is shown with each of them, and names no board that anybody ships. */
const UNDER = ["program", "reflow-certificate"];

/** Every unit that an act names, in ascending order; panels where no unit is named. */
function unitsOf(all: readonly Act[]): string[] {
  const own = all.filter(({ kind }) => !UNDER.includes(kind));
  const acts = own.some(({ units, panel }) => units.length > 0 || panel !== "") ? own : all;
  const named = new Set(acts.flatMap((act) => act.units));
  const known = new Set(acts.flatMap((act) => (act.units.length > 0 ? [act.panel] : [])));
  for (const { units, panel } of acts) {
    if (units.length === 0 && panel !== "" && !known.has(panel)) named.add(panel);
  }
  const sorted = [...named].sort((one, other) => (one < other ? -1 : 1));
  return sorted.length > 0 ? sorted : [""];
}

/** Whether a record is about a unit: it names it, or the panel that the unit is on. */
function isAbout(act: Act, unit: string): boolean {
  return unit === "" ? act.units.length === 0 : act.panel === unit || byUnitOf(act).units.has(unit);
}

/** The lists of one act by its units, put together once: it may have thousands, and is asked for each of them. */
class ByUnit {
  readonly units: ReadonlySet<string>;
  readonly #act: Act;
  readonly #words = new WeakMap<readonly string[], ReadonlyMap<string, readonly string[]>>();

  constructor(act: Act) {
    [this.#act, this.units] = [act, new Set(act.units)];
  }

  /** The words of each unit, of a list that has one for each. */
  wordsOf(words: readonly string[]): ReadonlyMap<string, readonly string[]> {
    const known = this.#words.get(words);
    if (known) return known;
    const zipped = new Map<string, string[]>();
    const { units } = this.#act;
    for (const [at, word] of words.entries()) {
      const unit = units[at] ?? "";
      const own = zipped.get(unit);
      if (own) own.push(word);
      else zipped.set(unit, [word]);
    }
    this.#words.set(words, zipped);
    return zipped;
  }
}

const byUnit = new WeakMap<Act, ByUnit>();

function byUnitOf(act: Act): ByUnit {
  const known = byUnit.get(act) ?? new ByUnit(act);
  byUnit.set(act, known);
  return known;
}

/** The units that an act names, each once. */
export function unitsIn(act: Act): ReadonlySet<string> {
  return byUnitOf(act).units;
}

/** The records of a unit and of its panel in the order of sight, then what they ran under. */
export function chainOf(all: readonly Act[], unit: string, links: Links = linksIn(all)): Act[] {
  const own = new Set(all.filter((act) => isAbout(act, unit)));
  const panels = new Set([...own].map((act) => act.panel).filter((panel) => panel !== ""));
  const alsoPanel = all.filter((act) =>
    !own.has(act) && (act.units.length === 0 ? panels.has(act.panel) : haveInCommon(byUnitOf(act).units, panels))
  );
  const named = [...own, ...alsoPanel];
  const chain = new Set(unit === "" ? bySight(named) : bySight([...named, ...linkedTo(named, links)]));
  const hashes = new Set([...own].flatMap((act) => [act.certificateHash, act.programHash]));
  const under = all.filter((act) => !chain.has(act) && act.fileHash !== "" && hashes.has(act.fileHash));
  return [...chain, ...under];
}

/** Those of a list of words that are one unit's; all of them where it does not tell them apart. */
export function wordsOfUnit(words: readonly string[], act: Act, unit: string): readonly string[] {
  // Boards of a panel without codes of their own all bear the panel's name.
  return words.length === act.units.length ? (byUnitOf(act).wordsOf(words).get(unit) ?? words) : words;
}

/** What a record says of one unit, each word once. */
export function verdictsOf(act: Act, unit: string): string[] {
  return [...new Set(wordsOfUnit(act.verdicts, act, unit))];
}

/** The records of one unit after the other as the story shows them, gone through by name; hostile ones may put all on one panel. */
export class Histories {
  readonly #byName = new Map<string, Act[]>();
  readonly #links: Links;
  #left: number;

  /** So many acts are gone through in all. */
  constructor(acts: readonly Act[], most: number) {
    [this.#links, this.#left] = [linksIn(acts), most];
    for (const act of acts) {
      for (const name of new Set([...act.units, act.panel])) {
        const known = this.#byName.get(name);
        if (known) known.push(act);
        else this.#byName.set(name, [act]);
      }
    }
  }

  /** The panels that records of this name are of. */
  #panelsOf(name: string): string[] {
    const panels = (this.#byName.get(name) ?? []).map(({ panel }) => panel);
    return [...new Set(panels)].filter((panel) => panel !== "" && panel !== name);
  }

  /**
   * The records of a unit (`chainOf`); undefined once too much was gone through. What there is to go through is counted
   * before that is done, so that nothing more is done for the units behind.
   */
  of(unit: string): Act[] | undefined {
    const own = this.#byName.get(unit) ?? [];
    if (!this.#take(own.length)) return undefined;
    const onPanels = this.#panelsOf(unit).map((panel) => this.#byName.get(panel) ?? []);
    if (!this.#take(onPanels.reduce((sum, { length }) => sum + length, 0))) return undefined;
    const chain = chainOf([...new Set([...own, ...onPanels.flat()])], unit, this.#links);
    return this.#take(chain.length) ? chain : undefined;
  }

  #take(count: number): boolean {
    if (this.#left >= 0) this.#left -= count;
    return this.#left >= 0;
  }
}
