/** Shows opened records as tables of names and values, as much of them as a page can hold. */

import type { ShownField, ShownRecord } from "../judge/report.ts";
import { breakable, element } from "./dom.ts";
import type { Speaker } from "./speaker.ts";
import { printable } from "./words/language.ts";

/** The most records shown. All are checked; a page of thousands nobody reads. */
const MAX_RECORDS = 100;

/** The most letters of a value that are shown. */
const MAX_LETTERS = 2000;

/** The section about what the records say. */
export function showRecords(records: readonly ShownRecord[], speaker: Speaker): HTMLElement {
  // The record of a file that was given comes first, the header last.
  const rank = (record: ShownRecord) => (record.index === "0" ? 2 : record.file === undefined ? 1 : 0);
  const sorted = [...records].sort((one, other) => rank(one) - rank(other));
  const section = element(
    "section",
    { class: "records" },
    element("h3", {}, speaker.text("opened")),
    element("p", { class: "help" }, speaker.text("openedHelp")),
    ...sorted.slice(0, MAX_RECORDS).map((record) => showRecord(record, speaker)),
  );
  const rest = sorted.length - MAX_RECORDS;
  if (rest > 0) section.append(element("p", {}, speaker.text("moreRecords", `${rest}`)));
  return section;
}

function showRecord(record: ShownRecord, speaker: Speaker): HTMLElement {
  const isHeader = record.index === "0";
  const own = isHeader
    ? speaker.text("header")
    : speaker.text("record", record.index, printable(record.kind));
  const title = record.place === undefined ? own : `${printable(speaker.statement(record.place))}: ${own}`;
  const details = element("details", {}, element("summary", {}, title));
  if (record.file !== undefined) {
    const name = record.place === undefined ? "fileOfRecord" : "enclosed";
    const sentence = speaker.text(name, printable(record.file));
    details.append(element("p", { class: "vouched" }, sentence));
    details.open = true;
  }
  const isUseful = (field: ShownField) => field.name !== "kind";
  const rows = record.fields.filter(isUseful).map((field) => showField(field, speaker));
  details.append(element("table", {}, element("tbody", {}, ...rows)));
  return details;
}

function showField(field: ShownField, speaker: Speaker): HTMLElement {
  const label = speaker.field(field.name, field.isKnown);
  const name = element("th", { scope: "row", title: printable(field.name) }, label);
  if (field.value === undefined) {
    return element("tr", { class: "absent" }, name, element("td", {}, speaker.text("absent")));
  }
  const letters = field.value.slice(0, MAX_LETTERS);
  const cell = element("td");
  for (const line of letters.replace(/\n$/, "").split("\n")) {
    cell.append(element("div", {}, ...breakable(printable(line))));
  }
  const rest = field.value.length - letters.length;
  if (rest > 0) cell.append(element("div", { class: "help" }, speaker.text("cut", `${rest}`)));
  return element("tr", {}, name, cell);
}
