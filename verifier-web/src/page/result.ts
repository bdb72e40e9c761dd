/** Shows a report: the verdict first, then what to look at, why, what it rests on, and what was not checked. */

import type { NamedFile } from "../judge/given.ts";
import type { Look, Report, Said } from "../judge/report.ts";
import { ABOUT_BOARDS } from "../formats/kinds.ts";
import { element } from "./dom.ts";
import { showRecords } from "./records.ts";
import { showStory, type View } from "./story.ts";
import { MAX_NAMED, type Speaker } from "./speaker.ts";
import type { TextName } from "./words/labels.ts";
import { plainTimes, printable } from "./words/language.ts";

/** What the page knows about a judgement beside the report. */
export interface Run {
  readonly report: Report;
  /** When it ended by this computer's clock, RFC 3339. */
  readonly at: string;
  /** SHA-256 of the policy in hexadecimal. */
  readonly policyHash: string;
  /** What was given: pictures are made from it, after its hash was compared once more. */
  readonly files: readonly NamedFile[];
  /** Whether policy, pins or keys were dropped among the files, where they may have come with the evidence. */
  readonly areOwnDropped: boolean;
  /** What the reader looks at, which stays so in another language. */
  readonly view: View;
}

const SIGNS: Readonly<Record<string, string>> = { verified: "✓", "not-in-order": "!", rejected: "✕", undecided: "?" };
/** As in `verifier-cli/src/report.rs`. */
export const MISFITS = [
  "log-has-not-signed",
  "pins-of-another-log",
  "quorum-not-met",
  "range-before-pin",
  "range-not-pinned",
  "range-silence",
  "unknown-log",
  "unpinned-source",
];
/** Facts about single records of the reader's units. */
const RECORDS = ["own-record", "own-more"];
/** What a bad copy does as well as a change. */
const DAMAGES = ["bundle-cut", "bundle-damaged"];
/** What packing again does as well as a change. */
const REPACKED = ["bundle-repacked", "hint-repacked"];
/** What another file does as well as a change. */
const MISTAKEN = ["bad-disclosure", "file-not-vouched", "not-included", "receipt-of-another"];
/** What stands before the reasons, and need not be said among them and among what was not checked as well. */
const SAID_BEFORE: Readonly<Record<string, readonly string[]>> = {
  "look-late": ["logged-after-claim"],
  "look-not-inspected": ["open-not-inspected", "own-not-inspected"],
  "look-nowhere": ["own-absent", "own-missing-more"],
};
/** That a line of the list was taken for a header: it is said in the first lines. */
const HEADER = "look-header";
/** What is said of one unit that is not found. */
const NOT_FOUND = ["own-unnamed", "own-without"];
/** What is read first of what was not checked: what the verdict is about at all. */
const FIRST = ["open-no-disclosure", "own-first-line"];
const WHY: Readonly<Record<string, TextName>> = {
  verified: "why",
  rejected: "whyFailed",
  undecided: "whyUndecided",
};

/** Builds everything that is shown of a run. */
export function showRun(run: Run, speaker: Speaker, version: string): HTMLElement[] {
  const { report } = run;
  const heading = report.holds ? "why" : (WHY[report.verdict] ?? "why");
  const left = besides(report);
  const parts = [
    banner(report, speaker),
    ...lookAt(report.look, speaker),
    ...list(left.reasons, speaker, speaker.text(heading), "why"),
  ];
  if (report.holds && report.facts.some((fact) => fact.code === "tree-size")) {
    parts.push(summary(report, speaker));
  }
  const whose = report.holds && run.areOwnDropped ? [speaker.text("ownDropped")] : [];
  parts.push(...list(inOrder(inOneLine(left.notChecked)), speaker, speaker.text("notChecked"), "open", whose));
  const { ownUnits: names, ownPanels: panels, lacking } = report;
  if (report.acts.length > 0) parts.push(showStory(report.acts, { names, panels, lacking }, run.files, run.view, speaker));
  if (report.records.length > 0) parts.push(showRecords(report.records, speaker));
  parts.push(technical(run, speaker, version));
  return parts;
}

/** Many files that were not given are one line: which they are, the records say. */
function inOneLine(sentences: readonly Said[]): Said[] {
  const files = sentences.filter(({ code }) => code === "open-file");
  if (files.length < 2) return [...sentences];
  const one = { code: "open-files", values: [`${files.length}`], details: [] };
  return sentences.flatMap((said) => (said === files[0] ? [one] : said.code === "open-file" ? [] : [said]));
}

/** What matters to everybody comes first, what matters in decades last. */
function inOrder(sentences: readonly Said[]): Said[] {
  const rank = ({ code }: Said) => {
    if (FIRST.includes(code)) return 0;
    return ["open-truth", "open-completeness"].includes(code) ? 1 : code.startsWith("open-post") ? 3 : 2;
  };
  return [...sentences].sort((one, other) => rank(one) - rank(other));
}

function banner(report: Report, speaker: Speaker): HTMLElement {
  const word = wordOf(report);
  const sign = element("span", { class: "sign", "aria-hidden": "true" }, SIGNS[word] ?? "");
  const heading = element("h2", { id: "verdict", tabindex: "-1" }, speaker.verdict(word));
  const text = element("div", {}, heading, ...firstLines(report, speaker).map((line) => element("p", {}, line)));
  return element("div", { class: `banner ${word}` }, sign, text);
}

/** What stands right below the verdict's word. */
export function firstLines(report: Report, speaker: Speaker): string[] {
  const nowhere = report.look.filter(({ code }) => code === "look-nowhere").map((look) => speaker.look(look));
  const header = report.look.filter(({ code }) => code === HEADER).map((look) => speaker.look(look));
  return [...nowhere, speaker.meaning(meaningOf(report)), ...header];
}

/** The reasons and what was not checked, without what stands before them. */
export function besides({ look, reasons, notChecked }: Report): Pick<Report, "reasons" | "notChecked"> {
  const codes = new Set(look.flatMap(({ code }) => SAID_BEFORE[code] ?? [code]));
  const nowhere = new Set(look.filter(({ code }) => code === "look-nowhere").flatMap(({ units }) => units));
  const isLeft = ({ code, values }: Said) =>
    !codes.has(code) && !(NOT_FOUND.includes(code) && nowhere.has(values.at(-1) ?? ""));
  return { reasons: reasons.filter(isLeft), notChecked: notChecked.filter(isLeft) };
}

/** What is to be looked at, and how to go on with it; all names, where there are more than the first. */
function lookAt(all: readonly Look[], speaker: Speaker): HTMLElement[] {
  // What stands in the first lines alone is not said twice.
  const look = all.filter(({ code }) => code !== HEADER);
  if (look.length === 0) return [];
  const items = look.map((one) => {
    const line = element("li", {}, element("strong", {}, speaker.look(one)));
    if (one.details.length > 0) line.append(element("ul", {}, ...one.details.map((detail) => item(detail, speaker))));
    if (one.units.length > MAX_NAMED) {
      const names = element("p", {}, one.units.map(printable).join(", "));
      line.append(element("details", {}, element("summary", {}, speaker.text("namesAll", `${one.units.length}`)), names));
    }
    return line;
  });
  return [element("section", { class: "look" }, element("h3", {}, speaker.text("look")), element("ul", {}, ...items))];
}

/** The verdict's word: that for forged evidence would accuse whoever has shown sound evidence. */
export function wordOf({ verdict, holds }: Report): string {
  return holds && verdict === "rejected" ? "not-in-order" : verdict;
}

/** Which sentence says what the verdict means: a file that is not whole, or does not fit, accuses nobody as yet. */
export function meaningOf(report: Report): string {
  if (isMisfit(report)) return "misfit";
  if (report.holds) return holdingOf(report);
  if (report.reasons.some(({ details }) => details.some(({ code }) => REPACKED.includes(code)))) return "repacked";
  const first = report.verdict === "rejected" ? (report.reasons[0]?.code ?? "") : "";
  if (DAMAGES.includes(first)) return "damaged";
  return MISTAKEN.includes(first) ? "mistaken" : wordOf(report);
}

/** What it means that evidence holds: of boards, that they are good is another matter; a receipt alone shows no report. */
function holdingOf(report: Report): string {
  const { acts, inputs, notChecked, verdict } = report;
  if (verdict !== "verified") return wordOf(report);
  if (notChecked.some(({ code }) => code === "open-no-disclosure")) return "verified-receipt";
  const isOfBoards = inputs.some(({ role }) => role === "bundle") && acts.some(({ kind }) => ABOUT_BOARDS.includes(kind));
  return isOfBoards ? "verified-boards" : "verified";
}

/** Whether it was rejected because it does not fit the reader's own files: he may have taken wrong ones. */
export function isMisfit({ verdict, reasons: [first] }: Report): boolean {
  return verdict === "rejected" && MISFITS.includes(first?.code ?? "");
}

/** A heading and sentences, with what stands behind each; nothing without sentences. */
function list(
  sentences: readonly Said[],
  speaker: Speaker,
  heading: string,
  kind: string,
  more: readonly string[] = [],
): HTMLElement[] {
  if (sentences.length + more.length === 0) return [];
  const items = sentences.map((said) => item(said, speaker));
  // What the verdict is about at all stands before everything else.
  const at = sentences.filter(({ code }) => FIRST.includes(code)).length;
  items.splice(at, 0, ...more.map((text) => element("li", {}, text)));
  return [
    element("section", { class: kind }, element("h3", {}, heading), element("ul", {}, ...items)),
  ];
}

function item(said: Said, speaker: Speaker): HTMLElement {
  const line = element("li", {}, speaker.sentence(said));
  if (said.details.length > 0) {
    line.append(element("ul", {}, ...said.details.map((detail) => item(detail, speaker))));
  }
  return line;
}

/** The few values that a person asks for first. */
function summary(report: Report, speaker: Speaker): HTMLElement {
  const all = (code: string) =>
    report.facts.filter((fact) => fact.code === code).map((fact) => speaker.value(code, fact.value));
  const notBefore = all("not-before");
  const rows: [string, string[]][] = [
    [speaker.text("noLater"), latestTimes(report, speaker)],
    [
      speaker.text("noEarlier"),
      notBefore.length > 0 ? notBefore : [speaker.text("noEarlierUnknown")],
    ],
    [speaker.fact("source"), sources(all("source"), all("machine"), speaker)],
    [speaker.fact("origin"), all("origin")],
    [speaker.fact("cosigned"), all("cosigned")],
  ];
  return element(
    "section",
    {},
    element("h3", {}, speaker.text("restsOn")),
    definitions(rows.filter(([, values]) => values.length > 0)),
  );
}

/**
 * What the sources are, and which they are, each once: by the names that the reader's pins have for them, where they have
 * any. Not every source is a machine.
 */
function sources(stated: readonly string[], pinned: readonly string[], speaker: Speaker): string[] {
  const isPinned = (source: string) => pinned.some((name) => name.startsWith(`${source}: `));
  const named = [...new Set([...pinned, ...stated.filter((source) => !isPinned(source))])];
  return named.length > 0 ? [speaker.fact("source-is"), ...named] : [];
}

/** By when it existed: each statement of a bundle by its own witnesses, else the one of a receipt. */
function latestTimes(report: Report, speaker: Speaker): string[] {
  const each = report.facts.filter(({ code }) => code.endsWith("-witnessed"));
  const times = report.facts.find(({ code }) => code === "times")?.value.split(" .. ").at(-1);
  if (!times) return [speaker.text("noLaterUnknown")];
  const values = each.length > 0 ? each.map(({ code, value }) => speaker.value(code, value)) : [times];
  return values.map((value) => speaker.text("noLaterBy", value));
}

/** Everything, for those who compare values: folded away on the screen, open on paper. */
function technical(run: Run, speaker: Speaker, version: string): HTMLElement {
  const { report } = run;
  const all = [...new Set(report.facts.map((fact) => fact.code))];
  // Single records come last, as in the program: what needs looking at is not to be sought behind them.
  const codes = [...all.filter((code) => !RECORDS.includes(code)), ...all.filter((code) => RECORDS.includes(code))];
  const facts = codes.map((code): [string, string[]] => [
    speaker.fact(code),
    report.facts.filter((fact) => fact.code === code).map((fact) => speaker.value(code, fact.value)),
  ]);
  const inputs = report.inputs.map((input): [string, string[]] => [
    `${input.name} (${speaker.role(input.role)})`,
    [`${input.size} B`, `SHA-256 ${input.sha256}`],
  ]);
  const engine = report.engine === "webcrypto" ? "engineBrowser" : "engineOwn";
  const own: [string, string[]][] = [
    [speaker.text("checkedAt"), [run.at]],
    [speaker.text("verifier"), [speaker.text(engine, version)]],
  ];
  if (run.policyHash !== "") own.unshift([speaker.text("policyHash"), [run.policyHash]]);
  const parts = [definitions([...facts, ...own])];
  if (inputs.length > 0) {
    parts.push(element("h4", {}, speaker.text("inputs")), definitions(inputs));
  }
  const title = element("summary", {}, speaker.text("technical"));
  return element("details", { class: "technical" }, title, ...parts);
}

/** Labels with their values. */
function definitions(rows: readonly (readonly [string, readonly string[]])[]): HTMLElement {
  const made = element("dl");
  for (const [label, values] of rows) {
    made.append(element("dt", {}, printable(label)));
    made.append(...values.map((value) => element("dd", {}, printable(plainTimes(value)))));
  }
  return made;
}
