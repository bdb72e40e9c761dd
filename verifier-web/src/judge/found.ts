/**
 * How records name the reader's units: each by itself, or by its panel alone.
 *
 * Rule: `spec/text/bundle.md`, "Your own units"; the program's is in `verifier-cli/src/dossier/own/found.rs`. A
 * record that names a panel and another board of it says nothing of a board that it does not name.
 *
 * Names are octets, kept as strings of one letter an octet.
 */

import { encodeUtf8 } from "../formats/encoding.ts";
import { isEvidence } from "../formats/kinds.ts";
import { isName, type Unit } from "./list.ts";
import type { OpenedRecord } from "./opened.ts";
import { itemsOf } from "./range.ts";
import { octetsOf } from "./reader.ts";

/** How a unit is found: a record names it, or its panel and no other board of that. */
export type Found = "named" | "by-panel" | "missing";

/** Which boards are of which panel: by the list, and by the records that name both. */
export class Boards {
  /** The panels of the list. Without one nothing else is looked at. */
  readonly panels: ReadonlySet<string>;
  readonly #listed: ReadonlyMap<string, string>;
  /** Undefined for a name that records put on several panels. */
  readonly #recorded = new Map<string, string | undefined>();

  constructor(units: readonly Unit[], records: Iterable<OpenedRecord>) {
    const onPanel = units.filter(({ panel }) => isName(panel));
    this.panels = new Set(onPanel.map(({ panel }) => octets(panel)));
    // A row without a serial has a panel, and no name that a record could call its board by.
    const named = onPanel.filter(({ serial }) => isName(serial));
    this.#listed = new Map(named.map(({ serial, panel }) => [octets(serial), octets(panel)]));
    if (this.panels.size === 0) return;
    for (const record of records) this.#add(record);
  }

  #add(record: OpenedRecord): void {
    const panel = panelIn(record);
    if (panel === undefined || !isName(panel)) return;
    // What one record calls a panel is no board of another.
    for (const name of [...unitsIn(record), panel].filter(isName)) {
      const isOther = this.#recorded.has(name) && this.#recorded.get(name) !== panel;
      this.#recorded.set(name, isOther ? undefined : panel);
    }
  }

  /** The panels that a board of this name is of; none that has its name. */
  of(board: string): string[] {
    const panels = [this.#listed.get(board), this.#recorded.get(board)];
    return panels.filter((panel) => panel !== undefined).filter((panel) => panel !== board);
  }
}

/** What records name. */
export class Named {
  readonly #boards: Boards;
  readonly #units = new Set<string>();
  readonly #panels = new Set<string>();
  /** The panels of the list that a record names without another board of theirs. */
  readonly #alone = new Set<string>();

  constructor(boards: Boards) {
    this.#boards = boards;
  }

  /** Takes in a record that is read by its names. */
  add(record: OpenedRecord): void {
    const panel = panelIn(record);
    if (panel !== undefined) this.#panels.add(panel);
    this.#addNames(unitsIn(record), panel === undefined ? [] : [panel]);
  }

  /** Takes in a record that was found by a tag: tags are of what it calls units. */
  addTagged(record: OpenedRecord): void {
    this.#addNames(unitsIn(record), []);
  }

  #addNames(units: readonly string[], panel: readonly string[]): void {
    for (const unit of units) this.#units.add(unit);
    const { panels } = this.#boards;
    if (panels.size === 0) return;
    // The panels of all its boards at once: a record has thousands of names, and none is compared with each.
    const withBoards = new Set(units.flatMap((unit) => this.#boards.of(unit)));
    for (const name of [...units, ...panel]) {
      if (panels.has(name) && !withBoards.has(name)) this.#alone.add(name);
    }
  }

  /** How a unit is found. */
  of({ serial, panel }: Unit): Found {
    const [own, whole] = [octets(serial), octets(panel)];
    // A unit of which no panel is known may be one itself.
    const isPanel = !isName(panel) && this.#panels.has(own);
    if (isName(serial) && (isPanel || this.#units.has(own))) return "named";
    return this.#alone.has(whole) ? "by-panel" : "missing";
  }
}

function octets(name: string): string {
  return octetsOf(encodeUtf8(name));
}

/** What a record of evidence calls units. What a closing calls so is a number. */
function unitsIn(record: OpenedRecord): string[] {
  return itemsOf(valueIn(record, "units") ?? "");
}

/** What a record of evidence calls its panel. */
function panelIn(record: OpenedRecord): string | undefined {
  return valueIn(record, "panel");
}

function valueIn(record: OpenedRecord, name: string): string | undefined {
  if (!isEvidence(record.kind)) return undefined;
  const value = record.fields.find((field) => field.name === name)?.value;
  return value && octetsOf(value);
}
