/**
 * Which units of the reader's list are on which panel.
 *
 * A machine that reads no code of each board names the panel alone, and who bought the boards knows them by their
 * serials. Where the list has both, both are shown; the program's are in `verifier-cli/src/list/panels.rs`.
 */

import { isName, type Unit } from "./list.ts";

/** How many serials of one panel are written out. */
const MAX_SERIALS = 3;

/** The units that are listed with a panel of another name. */
export class Panels {
  readonly #serials = new Map<string, string[]>();
  readonly #panels = new Map<string, string>();

  constructor(units: readonly Unit[]) {
    for (const { serial, panel } of units.filter(isOnPanel)) {
      const known = this.#serials.get(panel);
      if (known) known.push(serial);
      else this.#serials.set(panel, [serial]);
      this.#panels.set(serial, panel);
    }
  }

  /** The serials behind a name of a record, the first ones of many, and the panel that they are on. */
  of(name: string): { readonly serials: string; readonly panel: string; readonly isOne: boolean } | undefined {
    const serials = this.#serials.get(name);
    if (serials) return { serials: some(serials), panel: name, isOne: serials.length === 1 };
    const panel = this.#panels.get(name);
    return panel === undefined ? undefined : { serials: name, panel, isOne: true };
  }

  /** A name that a record has, as the list knows it: serials, and behind them their panel. */
  called(name: string): string {
    const known = this.of(name);
    return known ? `${known.serials} (${known.panel})` : name;
  }
}

/** Whether a unit is listed with a panel of another name. */
export function isOnPanel({ serial, panel }: Unit): boolean {
  return serial !== panel && isName(serial) && isName(panel);
}

function some(names: readonly string[]): string {
  const more = names.length - MAX_SERIALS;
  return [...names.slice(0, MAX_SERIALS), ...(more > 0 ? [`+${more}`] : [])].join(", ");
}
