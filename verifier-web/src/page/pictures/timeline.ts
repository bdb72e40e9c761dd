/** When the machine says that something happened, when the agent saw it, and between which times it was stated. */

import { parseMillis } from "../../judge/time.ts";
import { drawn, element } from "../dom.ts";
import type { Speaker } from "../speaker.ts";
import type { Row } from "../story.ts";
import { plainTimes } from "../words/language.ts";

const WIDTH = 720;
const LEFT = 34;
const RIGHT = 16;
const ROW = 26;
const TOP = 8;

/** The rows that have times, one above the other over one axis. */
export function drawTimeline(rows: readonly Row[], speaker: Speaker): HTMLElement {
  const timed = rows.map((row) => ({ row, ...timesOf(row) }));
  const all = timed.flatMap(({ claimed, seen, from, until, stamped }) => [claimed, seen, from, until, stamped])
    .filter((time) => time !== undefined);
  const title = element("h5", {}, speaker.story("timeline"));
  const [first, last] = [Math.min(...all), Math.max(...all)];
  if (all.length < 2 || first === last) {
    return element("div", { class: "picture" }, title, element("p", { class: "help" }, speaker.story("noTimes")));
  }
  const x = (time: number) => LEFT + ((time - first) / (last - first)) * (WIDTH - LEFT - RIGHT);
  const height = TOP + timed.length * ROW + 30;
  const lines = timed.map((one, at) => lineOf(one, TOP + at * ROW + ROW / 2, x));
  const foot = TOP + timed.length * ROW;
  const axis = drawn("line", { x1: LEFT, y1: foot, x2: WIDTH - RIGHT, y2: foot, stroke: "#566372" });
  const label = (time: number, at: number, anchor: string) =>
    drawn(
      "text",
      { x: at, y: foot + 18, "text-anchor": anchor, "font-size": 12, fill: "#566372" },
      plainTimes(new Date(time).toISOString()),
    );
  const hasStamp = timed.some(({ stamped }) => stamped !== undefined);
  const legend = speaker.story("timelineHelp") + (hasStamp ? ` ${speaker.story("stampHelp")}` : "");
  const svg = drawn(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": speaker.story("timeline") },
    ...lines,
    axis,
    label(first, LEFT, "start"),
    label(last, WIDTH - RIGHT, "end"),
  );
  const help = element("p", { class: "help" }, legend);
  return element("div", { class: "picture" }, title, svg, help);
}

interface Timed {
  readonly row: Row;
  readonly claimed: number | undefined;
  readonly seen: number | undefined;
  readonly from: number | undefined;
  readonly until: number | undefined;
  readonly stamped: number | undefined;
}

function timesOf({ act }: Row): Omit<Timed, "row"> {
  const texts = [act.seen, act.noEarlier, act.noLater, act.stamped];
  const claimed = act.claimedMillis === "" ? undefined : Number(act.claimedMillis);
  const [seen, from, until, stamped] = texts.map((text) => {
    const millis = parseMillis(text);
    return millis === undefined ? undefined : Number(millis);
  });
  return { claimed, seen, from, until, stamped };
}

function lineOf({ row, claimed, seen, from, until, stamped }: Timed, y: number, x: (time: number) => number): SVGElement {
  const marks: Node[] = [
    drawn("text", { x: 8, y: y + 4, "font-size": 13, "font-weight": 600, fill: "#1c2530" }, `${row.number}`),
    drawn("line", { x1: LEFT, y1: y, x2: WIDTH - RIGHT, y2: y, stroke: "#d5dce4" }),
  ];
  if (until !== undefined) {
    const start = from === undefined ? x(until) - 3 : x(from);
    const width = Math.max(3, x(until) - start);
    marks.push(drawn("rect", { x: start, y: y - 4, width, height: 8, fill: "#9cc4e8", stroke: "#0b5cad" }));
  }
  if (stamped !== undefined) {
    const at = x(stamped);
    marks.push(drawn("line", { x1: at, y1: y - 9, x2: at, y2: y + 9, stroke: "#1c2530", "stroke-width": 2 }));
  }
  if (seen !== undefined) {
    marks.push(drawn("circle", { cx: x(seen), cy: y, r: 5, fill: "#fff", stroke: "#1c2530", "stroke-width": 2 }));
  }
  if (claimed !== undefined) {
    const at = x(claimed);
    const points = `${at},${y - 6} ${at + 6},${y} ${at},${y + 6} ${at - 6},${y}`;
    marks.push(drawn("polygon", { points, fill: "#1c2530" }));
  }
  return drawn("g", {}, ...marks);
}
