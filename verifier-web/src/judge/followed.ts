/**
 * The records of one board after the other that failed at a machine, and no more of them than is allowed.
 *
 * Which records these are, and what each board costs, is the rule of `verifier-cli/src/failed.rs`, number for number: on
 * the same bundle program and page give up at the same board.
 *
 *     own + on panels   records that name it, and those that name a panel of these; beyond what is left nothing is taken off
 *     compared          each record on its panels: as many as it has units, or as there are panels if they are fewer
 *     about             records without a name that are about a file of these
 */

import { ABOUT_BOARDS } from "../formats/kinds.ts";
import { isName } from "./list.ts";
import { unitsIn } from "./outcomes.ts";
import type { Act } from "./report.ts";
import { haveInCommon } from "./sets.ts";

/** How many records are gone through: hostile ones may put all on one panel. */
const MAX_FOLLOWED = 2_000_000;

/** What records about boards say of each. */
export class Followed {
  readonly #byName = new Map<string, Act[]>();
  /** Of files, where only a report on them is named. */
  readonly #byAbout = new Map<string, Act[]>();
  #left: number;

  constructor(acts: readonly Act[], most = MAX_FOLLOWED) {
    this.#left = most;
    for (const act of acts) {
      if (!ABOUT_BOARDS.includes(act.kind)) continue;
      const names = new Set([...act.units, act.panel].filter(isName));
      for (const name of names) add(this.#byName, name, act);
      if (names.size === 0 && act.about !== "") add(this.#byAbout, act.about, act);
    }
  }

  /** Whether a record calls a unit so. */
  isUnit(name: string): boolean {
    return this.#named(name).some((act) => unitsIn(act).has(name));
  }

  /** The panels that records of this name are of. */
  panelsOf(name: string): string[] {
    return [...new Set(this.#named(name).map(({ panel }) => panel).filter(isName))];
  }

  /**
   * The records about a board; undefined where that is more than is left. A record that names its panel and other boards
   * of it says nothing of it.
   */
  of(name: string): readonly Act[] | undefined {
    const own = this.#named(name);
    const panels = new Set(this.panelsOf(name));
    const lists = [...panels].map((panel) => this.#named(panel));
    const onPanels = lists.reduce((sum, { length }) => sum + length, 0);
    if (!this.#take(own.length + onPanels)) return undefined;
    // Most boards have one record, and it is the only one of their panel.
    const [only] = own;
    if (only && own.length === 1 && onPanels <= 1 && lists.every(([one]) => one === only) && !this.#byAbout.has(only.fileHash)) {
      return own;
    }
    let compared = 0;
    for (const acts of lists) for (const { units } of acts) compared += Math.min(units.length, panels.size);
    if (!this.#take(compared)) return undefined;
    const chain = new Set(own);
    for (const acts of lists) {
      for (const act of acts) if (act.units.length === 0 || haveInCommon(unitsIn(act), panels)) chain.add(act);
    }
    // Once for each file: hostile records may all be of the same.
    const files = new Set([...chain].map(({ fileHash }) => fileHash));
    const about = [...files].map((file) => this.#byAbout.get(file) ?? []);
    if (!this.#take(about.reduce((sum, { length }) => sum + length, 0))) return undefined;
    for (const acts of about) for (const act of acts) chain.add(act);
    return [...chain];
  }

  #named(name: string): readonly Act[] {
    return this.#byName.get(name) ?? [];
  }

  /** Takes so many off, unless that is more than is left. */
  #take(count: number): boolean {
    if (count > this.#left) return false;
    this.#left -= count;
    return true;
  }
}

function add(lists: Map<string, Act[]>, name: string, act: Act): void {
  const list = lists.get(name);
  if (list) list.push(act);
  else lists.set(name, [act]);
}
