/** Boards with the calls of an inspection at their positions, and a table that says the same in words. */

import type { Board, Call, Inspection, Measured } from "../../evidence/inspection.ts";
import { placeOf, type Program } from "../../evidence/program.ts";
import type { Point } from "../../evidence/values.ts";
import { drawn, element } from "../dom.ts";
import type { Speaker } from "../speaker.ts";
import { printable } from "../words/language.ts";

/** The most boards and marks that are drawn of one inspection. */
const MAX_BOARDS = 12;
const MAX_MARKS = 200;

/** The width of a drawing, in its own units. */
const WIDTH = 420;
const MAX_HEIGHT = 420;
const MARGIN = 16;

/** A call with its number and its corners, if it has any. */
interface Mark {
  readonly number: number;
  readonly call: Call;
  readonly region: readonly Point[];
  readonly isByProgram: boolean;
}

/** The frame that is drawn in: a corner and the size, millimetres. */
interface Frame {
  readonly low: Point;
  readonly size: Point;
  readonly isOutline: boolean;
}

/** The boards that are the unit's, or all of them where the file does not name it. */
export function drawInspection(
  inspection: Inspection,
  program: Program | undefined,
  unit: string,
  speaker: Speaker,
): HTMLElement[] {
  const own = inspection.boards.filter((board) => board.unit === unit);
  const shown = (own.length > 0 ? own : inspection.boards).slice(0, MAX_BOARDS);
  const made = shown.map((board) => drawBoard(board, program, speaker));
  const others = inspection.boards.filter((board) => !shown.includes(board));
  if (others.length > 0) {
    const names = others.slice(0, MAX_MARKS).map((board) => `${board.position} ${board.result}`.trim());
    made.push(element("p", { class: "help" }, speaker.story("otherBoards", printable(names.join(", ")))));
  }
  if (inspection.left > 0) {
    made.push(element("p", { class: "help" }, speaker.story("callsLeft", `${inspection.left}`)));
  }
  return made;
}

function drawBoard(board: Board, program: Program | undefined, speaker: Speaker): HTMLElement {
  const words = [board.position, board.unit, board.result].map(printable);
  const title = element("h6", {}, speaker.story("boardOf", ...words));
  const marks = board.calls.slice(0, MAX_MARKS).map((call, at) => markOf(call, at + 1, program));
  const figure = element("div", { class: "board" }, title);
  const { measured, bad } = board.deposits;
  if (measured > 0) figure.append(element("p", {}, speaker.story("deposits", `${measured}`, `${bad}`)));
  if (marks.length === 0) {
    figure.append(element("p", { class: "help" }, speaker.story("noCalls")));
    return figure;
  }
  const placed = marks.filter(({ region }) => region.length > 0);
  if (placed.length === 0) {
    figure.append(element("p", { class: "help" }, speaker.story("nothingPlaced")));
  } else {
    const frame = frameOf(placed, program);
    figure.append(draw(board, placed, frame, speaker), outlineOf(frame, program, speaker));
  }
  figure.append(tableOf(marks, speaker));
  const left = board.calls.length - marks.length;
  if (left > 0) figure.append(element("p", { class: "help" }, speaker.story("callsLeft", `${left}`)));
  return figure;
}

function markOf(call: Call, number: number, program: Program | undefined): Mark {
  if (call.region.length > 0 || !program) return { number, call, region: call.region, isByProgram: false };
  const place = placeOf(program, call.designator);
  return { number, call, region: place ? [place] : [], isByProgram: place !== undefined };
}

/** The board's own outline if everything lies on it; else the box around the positions. */
function frameOf(placed: readonly Mark[], program: Program | undefined): Frame {
  const points = placed.flatMap(({ region }) => region);
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const low: Point = [Math.min(...xs), Math.min(...ys)];
  const high: Point = [Math.max(...xs), Math.max(...ys)];
  const board = program?.board;
  if (board && low[0] >= 0 && low[1] >= 0 && high[0] <= board[0] && high[1] <= board[1]) {
    return { low: [0, 0], size: board, isOutline: true };
  }
  return { low, size: [high[0] - low[0], high[1] - low[1]], isOutline: false };
}

function outlineOf(frame: Frame, program: Program | undefined, speaker: Speaker): HTMLElement {
  const [width, height] = frame.size.map((length) => length.toFixed(1));
  const text = frame.isOutline
    ? speaker.story("outlineProgram", printable(program?.name ?? ""), `${width}`, `${height}`)
    : speaker.story("outlineBox", `${width}`, `${height}`);
  return element("p", { class: "help" }, text);
}

/** Millimetres with y upwards become units with y downwards. */
export function scaleOf({ low, size }: Pick<Frame, "low" | "size">) {
  const room = [WIDTH - 2 * MARGIN, MAX_HEIGHT - 2 * MARGIN] as const;
  const [across, up] = [Math.max(size[0], 1), Math.max(size[1], 1)];
  const factor = Math.min(room[0] / across, room[1] / up);
  const height = up * factor + 2 * MARGIN;
  const place = ([x, y]: Point): Point => [
    MARGIN + (x - low[0]) * factor,
    height - MARGIN - (y - low[1]) * factor,
  ];
  return { width: across * factor + 2 * MARGIN, height, factor, place };
}

function draw(board: Board, placed: readonly Mark[], frame: Frame, speaker: Speaker): SVGElement {
  const { width, height, factor, place } = scaleOf(frame);
  const outline = drawn("rect", {
    x: MARGIN,
    y: MARGIN,
    width: Math.max(frame.size[0], 1) * factor,
    height: height - 2 * MARGIN,
    rx: frame.isOutline ? 4 : 0,
    fill: frame.isOutline ? "#eef6ee" : "none",
    stroke: frame.isOutline ? "#11693b" : "#566372",
    "stroke-width": 1.5,
    ...(frame.isOutline ? {} : { "stroke-dasharray": "5 4" }),
  });
  const alt = speaker.story("boardAlt", printable(board.position), `${placed.length}`);
  const marks = placed.map((mark) => drawMark(mark, place, width));
  return drawn(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, width: Math.round(width), role: "img", "aria-label": alt },
    outline,
    ...marks,
  );
}

/** A ring for what a person called false, a full square for everything else; the label beside it. */
function drawMark({ number, call, region }: Mark, place: (point: Point) => Point, width: number): SVGElement {
  const corners = region.map(place);
  const x = corners.reduce((sum, [at]) => sum + at, 0) / corners.length;
  const y = corners.reduce((sum, [, at]) => sum + at, 0) / corners.length;
  const colour = call.judged === "false" ? "#566372" : "#a11b1b";
  const shape = call.judged === "false"
    ? drawn("circle", { cx: x, cy: y, r: 6, fill: "#fff", stroke: colour, "stroke-width": 2 })
    : drawn("rect", { x: x - 5, y: y - 5, width: 10, height: 10, fill: colour, stroke: "#fff" });
  const isRight = x > width - 110;
  const label = drawn(
    "text",
    {
      x: isRight ? x - 10 : x + 10,
      y: y + 4,
      "text-anchor": isRight ? "end" : "start",
      "font-size": 12,
      "font-weight": 600,
      fill: colour,
      stroke: "#fff",
      "stroke-width": 3,
      "paint-order": "stroke",
    },
    `${number} ${printable(call.designator).slice(0, 16)}`,
  );
  const points = corners.map(([at, down]) => `${at.toFixed(2)},${down.toFixed(2)}`).join(" ");
  const region_ = drawn("polygon", { points, fill: "none", stroke: colour, "stroke-width": 1 });
  return drawn("g", { "data-mark": number }, ...(corners.length > 2 ? [region_] : []), shape, label);
}

function tableOf(marks: readonly Mark[], speaker: Speaker): HTMLElement {
  const heads = ["designator", "defect", "judged", "confidence", "position"] as const;
  const head = heads.map((name) => element("th", { scope: "col" }, speaker.story(name)));
  const body = marks.map(({ number, call, region, isByProgram }) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, `${number}`),
      element("td", {}, printable(call.designator)),
      element("td", {}, [printable(call.what), ...figuresIn(call, speaker)].join("; ")),
      element("td", {}, judgedIn(call, speaker)),
      element("td", { class: "number" }, call.confidence === undefined ? "" : `${call.confidence} %`),
      element("td", { class: "number" }, positionIn(region, isByProgram, speaker)),
    )
  );
  return element(
    "table",
    { class: "calls" },
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "#"), ...head)),
    element("tbody", {}, ...body),
  );
}

/** What was measured of a deposit of solder paste: the figure, what it should be, and the part of it. */
function figuresIn({ paste }: Call, speaker: Speaker): string[] {
  if (!paste) return [];
  const known = (["volume", "area", "height"] as const).filter((name) => paste[name].value !== undefined);
  return known.map((name) => speaker.story(name, measuredIn(paste[name])));
}

function measuredIn({ value = 0, expected }: Measured): string {
  const figure = (number: number) => `${Number(number.toFixed(4))}`;
  if (expected === undefined) return figure(value);
  const part = Math.round((100 * value) / expected);
  const both = `${figure(value)} / ${figure(expected)}`;
  return Math.abs(part) < 1e6 ? `${both} = ${part} %` : both;
}

function judgedIn(call: Call, speaker: Speaker): string {
  switch (call.judged) {
    case "confirmed":
      return speaker.story("judgedConfirmed");
    case "false":
      return speaker.story("judgedFalse");
    case "open":
      return speaker.story("judgedOpen");
    case "other":
      return speaker.story("judgedOther", printable(call.verification));
  }
}

function positionIn(region: readonly Point[], isByProgram: boolean, speaker: Speaker): string {
  const [first] = region;
  if (!first) return speaker.story("noPosition");
  const text = `${first[0].toFixed(2)}; ${first[1].toFixed(2)}`;
  return isByProgram ? speaker.story("byProgram", text) : speaker.story("stated", text);
}
