/**
 * The story of one unit at a time: its chain of attempts, a time line, and pictures of the evidence.
 *
 * Everything here comes from a report that was verified; bytes are read again for a picture, and only
 * drawn if they still have the hash that the record commits to.
 */

import type { NamedFile } from "../judge/given.ts";
import { MAX_ACTS } from "../judge/acts.ts";
import type { Unit } from "../judge/list.ts";
import { lastWordsOf } from "../judge/chain.ts";
import {
  Histories,
  chainOf,
  choicesOf,
  howItWentOn,
  verdictsOf,
  wordsOfUnit,
  type Choice,
  type Outcome,
} from "../judge/outcomes.ts";
import { Panels } from "../judge/panels.ts";
import type { Act } from "../judge/report.ts";
import { ABOUT_BOARDS } from "../formats/kinds.ts";
import { saysBad } from "../evidence/words.ts";
import { element } from "./dom.ts";
import { Gallery } from "./pictures/gallery.ts";
import { drawTimeline } from "./pictures/timeline.ts";
import type { Speaker } from "./speaker.ts";
import { plainTimes, printable } from "./words/language.ts";

/** Up to so many units there is a list to choose from; beyond, one types. */
const MAX_LISTED = 500;

/** The most pictures of one unit. */
const MAX_PICTURES = 8;

/** The most rows of one unit. */
const MAX_ROWS = 200;

/** How many acts are gone through for what is said beside the units to choose from; then it is said in fewer words. */
const MAX_FOLLOWED = 100_000;

/** The most words of one record that are written out: all are judged, and a record may have tens of thousands. */
const MAX_WORDS = 512;

/** How many digits of a hash stand for it in a table. */
const SHORT = 12;

/** What a record says of one unit, with its number in the table. */
export interface Row {
  readonly number: number;
  readonly act: Act;
  readonly title: string;
  /** How it hangs together with others, as its source says, and what else it says of itself. */
  readonly links: readonly string[];
  readonly verdict: string;
  readonly isFailed: boolean;
}

/** Which unit was chosen, if any. */
export interface View {
  unit: string | undefined;
}

/** What the reader's list calls units, and of which boards no report of a machine that inspects is shown. */
export interface OwnNames {
  readonly names: readonly string[];
  readonly panels: readonly Unit[];
  readonly lacking: readonly string[];
}

/** What a unit is called: by the reader's own serials and their panel, where the list has both. */
export function calledBy(panels: Panels, unit: string, speaker: Speaker): string {
  const known = panels.of(unit);
  if (!known) return printable(unit);
  const [serials, panel] = [printable(known.serials), printable(known.panel)];
  return known.isOne ? speaker.story("onPanel", serials, panel) : speaker.story("panelWith", panel, serials);
}

/** The section with a choice of units. */
export function showStory(
  acts: readonly Act[],
  own: OwnNames,
  files: readonly NamedFile[],
  view: View,
  speaker: Speaker,
): HTMLElement {
  const lacking = new Set(own.lacking);
  const choices = choicesOf(acts, new Set(own.names), lacking);
  const panels = new Panels(own.panels);
  const called = (unit: string) => calledBy(panels, unit, speaker);
  const gallery = new Gallery(acts, files, speaker);
  const place = element("div", { class: "story" });
  // What is shown below a choice is told to those who do not see it.
  const heard = element("p", { class: "unseen", "aria-live": "polite" });
  const show = (unit: string) => {
    const chain = chainOf(acts, unit);
    const rows = rowsOf(chain, unit, speaker);
    place.replaceChildren(...storyOf(rows, chain, { unit, called: called(unit), isLacking: lacking.has(unit) }, gallery, speaker));
    return rows.length;
  };
  const choose = (unit: string) => {
    view.unit = unit;
    heard.textContent = speaker.story("shown", called(unit), `${show(unit)}`);
  };
  const section = element(
    "section",
    {},
    element("h3", {}, speaker.story("heading")),
    element("p", { class: "help" }, speaker.story("help")),
  );
  if (acts.length >= MAX_ACTS) section.append(element("p", {}, speaker.story("actsLeft", `${MAX_ACTS}`)));
  const first = view.unit ?? choices[0]?.unit ?? "";
  if (choices.length > 1) {
    const listed = choices.slice(0, MAX_LISTED);
    const labels = labelsOf(acts, listed, called, speaker);
    section.append(choiceOf(choices, labels, first, choose, speaker), paperList(acts, choices, labels, speaker));
  }
  section.append(heard, place);
  show(first);
  return section;
}

/** The units with what there is to know of each before it is chosen: whether it failed, and how it went on. */
export function labelsOf(
  acts: readonly Act[],
  choices: readonly Choice[],
  called: (unit: string) => string,
  speaker: Speaker,
): string[] {
  const histories = new Histories(acts, MAX_FOLLOWED);
  const wentOn = (unit: string): Outcome => {
    const chain = histories.of(unit);
    return chain ? howItWentOn(chain, unit) : "failed";
  };
  return choices.map(({ unit, isOwn, isFailed, isLacking }) => {
    const name = called(unit);
    // Whatever paste, people and ovens say: nobody is to take it for a board that passed.
    if (isLacking) {
      const label = isFailed ? "lackingFailed" : "lacking";
      return speaker.story(isOwn ? `${label}Own` : label, name);
    }
    if (!isFailed) return isOwn ? speaker.story("optionOwn", name) : name;
    const outcome = wentOn(unit);
    return speaker.story(isOwn ? `${outcome}Own` : outcome, name);
  });
}

/** `labels` are those of the first choices. */
function choiceOf(
  choices: readonly Choice[],
  labels: readonly string[],
  first: string,
  show: (unit: string) => void,
  speaker: Speaker,
): HTMLElement {
  const own = choices.filter(({ isOwn }) => isOwn).length;
  const label = own > 0
    ? speaker.story("chooseOwn", `${choices.length}`, `${own}`)
    : speaker.story("choose", `${choices.length}`);
  const options = labels.map((text, at) => element("option", { value: choices[at]?.unit ?? "" }, text));
  if (choices.length <= MAX_LISTED) {
    const choice = element("select", { id: "unit" }, ...options);
    choice.value = first;
    choice.addEventListener("change", () => show(choice.value));
    return element("p", { class: "unit" }, element("label", { for: "unit" }, label), " ", choice);
  }
  const input = element("input", { id: "unit", type: "text", list: "some-units", spellcheck: "false" });
  input.value = first;
  input.addEventListener("change", () => show(input.value.trim()));
  const some = element("datalist", { id: "some-units" }, ...options);
  return element("p", { class: "unit" }, element("label", { for: "unit" }, label), " ", input, some);
}

/** All units with their last words, for paper: there one alone is shown in full, and nobody can choose another. */
function paperList(
  acts: readonly Act[],
  choices: readonly Choice[],
  labels: readonly string[],
  speaker: Speaker,
): HTMLElement {
  const histories = new Histories(acts, MAX_FOLLOWED);
  const rows = choices.slice(0, labels.length).map(({ unit, isLacking }, at) => {
    const { isInspected, machine, person } = lastWordsOf(histories.of(unit) ?? [], (words, act) => wordsOfUnit(words, act, unit));
    const looked = isLacking || !isInspected ? speaker.story("noneShown") : printable(written(machine));
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, labels[at] || speaker.story("noUnit")),
      element("td", {}, looked),
      element("td", {}, printable(written(person?.words ?? []))),
    );
  });
  const heads = (["unit", "lastMachine", "lastPerson"] as const).map((name) => element("th", { scope: "col" }, speaker.story(name)));
  const made = element(
    "div",
    { class: "on-paper" },
    element("h4", {}, speaker.story("allUnits", `${choices.length}`)),
    element("table", {}, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...rows)),
  );
  const left = choices.length - labels.length;
  if (left > 0) made.append(element("p", {}, speaker.story("unitsLeft", `${left}`)));
  return made;
}

/** A row for each record, the first ones of very many. */
export function rowsOf(chain: readonly Act[], unit: string, speaker: Speaker): Row[] {
  const acts = chain.slice(0, MAX_ROWS);
  const known = new Map(acts.flatMap((act, at) => (act.fileHash === "" ? [] : [[act.fileHash, at + 1] as const])));
  return acts.map((act, at) => {
    const words = verdictsOf(act, unit);
    const links = linksOf(act, known, speaker);
    const [title, verdict, isFailed] = [titleOf(act, speaker), written(words), words.some(saysBad)];
    return { number: at + 1, act, title, links, verdict, isFailed };
  });
}

/** Words one after the other, the first ones of very many. */
export function written(words: readonly string[]): string {
  const more = words.length > MAX_WORDS ? ` (+${words.length - MAX_WORDS})` : "";
  return `${words.slice(0, MAX_WORDS).join(", ")}${more}`;
}

/** Which attempt a record is, it says itself: files that are seen at once come in any order. */
function titleOf(act: Act, speaker: Speaker): string {
  const kind = speaker.kind(act.kind);
  return act.attempt === "" ? kind : speaker.story("attempt", kind, printable(act.attempt));
}

/** The links of a record to other rows, or to what is not shown. */
function linksOf(act: Act, known: ReadonlyMap<string, number>, speaker: Speaker): string[] {
  const fields = [
    [act.supersedes, "replaces", "replacesElsewhere"],
    [act.about, "about", "aboutElsewhere"],
    [act.follows, "follows", "followsElsewhere"],
  ] as const;
  const links = fields.filter(([hash]) => hash !== "").map(([hash, isRow, isElsewhere]) => {
    const row = known.get(hash);
    return row === undefined
      ? speaker.story(isElsewhere, printable(hash.slice(0, SHORT)))
      : speaker.story(isRow, `${row}`);
  });
  if (act.verdictsBefore.length > 0) {
    links.push(speaker.story("verdictBefore", printable(written(act.verdictsBefore))));
  }
  if (act.late !== "") links.push(speaker.story("late", printable(speaker.lateness(act.late))));
  return links;
}

function storyOf(
  rows: readonly Row[],
  chain: readonly Act[],
  { unit, called, isLacking }: { readonly unit: string; readonly called: string; readonly isLacking: boolean },
  gallery: Gallery,
  speaker: Speaker,
): HTMLElement[] {
  if (rows.length === 0) return [element("p", {}, speaker.story("unknownUnit", printable(unit)))];
  const made = [
    element("h4", {}, unit === "" ? speaker.story("noUnit") : called),
    ...lastWordsIn(chain, unit, isLacking, speaker),
    tableOf(rows, speaker),
    drawTimeline(rows, speaker),
  ];
  const drawable = rows.filter(({ act }) => act.exhibit);
  const without = rows.filter(({ act }) => !act.exhibit);
  made.push(...drawable.slice(0, MAX_PICTURES).map((row) => gallery.picture(row, unit)));
  const left = drawable.length - MAX_PICTURES;
  if (left > 0) made.push(element("p", { class: "help" }, speaker.story("picturesLeft", `${left}`)));
  made.push(...without.slice(0, MAX_PICTURES).map(({ number }) =>
    element("p", { class: "help" }, speaker.story("notEnclosed", `${number}`))
  ));
  return made;
}

/** Each apart, so that no later record stands for an earlier one of another kind. */
function lastWordsIn(chain: readonly Act[], unit: string, isLacking: boolean, speaker: Speaker): HTMLElement[] {
  const own = (words: readonly string[], act: Act) => wordsOfUnit(words, act, unit);
  // A profile or a program alone is no board, and nothing inspects it.
  if (!chain.some(({ kind }) => ABOUT_BOARDS.includes(kind))) return [];
  const { isInspected, machine, paste, person, oven, isFailed, isPasteFailed, isOverridden } = lastWordsOf(chain, own);
  // What its panel's chain has of other boards is no inspection of one that lacks it.
  const isNone = isLacking || !isInspected;
  const failed = (isSo: boolean) => (isSo ? speaker.story("machineFailed") : "");
  const rows = [
    ["lastMachine", isNone ? speaker.story("noneShown") : written(machine), failed(isFailed)],
    ["lastPaste", written(paste), failed(isPasteFailed)],
    ["lastPerson", written(person?.words ?? []), isOverridden ? speaker.story("overridden") : ""],
    ["lastOven", written(oven), ""],
  ] as const;
  const shown = rows.filter(([, words, mark]) => words !== "" || mark !== "");
  if (shown.length === 0) return [];
  const list = element("dl", { class: "last-words" });
  for (const [name, words, mark] of shown) {
    const kind = name === "lastPerson" && person ? ` (${speaker.kind(person.kind)})` : "";
    const shown = printable(words) + kind;
    const said = name === "lastMachine" && isNone ? element("strong", {}, shown) : shown;
    list.append(element("dt", {}, speaker.story(name)), element("dd", {}, said));
    if (mark !== "") list.append(element("dd", {}, element("strong", {}, mark)));
  }
  return [list];
}

/** A timestamp stands below the witnesses' time: whose word it is was not checked. */
function stampOf(act: Act, speaker: Speaker): HTMLElement[] {
  if (act.stamped === "") return [];
  const text = speaker.story("stamped", printable(plainTimes(act.stamped)));
  return [element("div", { class: "help" }, text)];
}

function tableOf(rows: readonly Row[], speaker: Speaker): HTMLElement {
  const heads = ["what", "verdict", "claimed", "seen", "noEarlier", "noLater"] as const;
  const head = heads.map((name) => element("th", { scope: "col" }, speaker.story(name)));
  const shown = (text: string) => printable(plainTimes(text)) || speaker.story("hidden");
  const body = rows.map(({ number, act, title, links, verdict, isFailed }) => {
    const where = speaker.story("row", printable(speaker.statement(act.place)), act.index);
    const claimed = act.claimed !== "" && act.claimedMillis === ""
      ? speaker.story("zoneUnknown", printable(act.claimed))
      : shown(act.claimed);
    return element(
      "tr",
      isFailed ? { class: "failed" } : {},
      element("th", { scope: "row" }, `${number}`),
      element("td", {}, element("div", {}, title), ...[where, ...links].map((text) => element("div", { class: "help" }, text))),
      element("td", { class: "said" }, shown(verdict)),
      element("td", {}, claimed),
      ...[act.seen, act.noEarlier].map((time) => element("td", {}, shown(time))),
      element("td", {}, shown(act.noLater), ...stampOf(act, speaker)),
    );
  });
  const corner = element("th", { scope: "col" }, "#");
  const table = element(
    "table",
    { class: "acts" },
    element("thead", {}, element("tr", {}, corner, ...head)),
    element("tbody", {}, ...body),
  );
  return element("div", { class: "wide", tabindex: "0", role: "region", "aria-label": speaker.story("heading") }, table);
}
