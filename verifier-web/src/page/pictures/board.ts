/** The panel of an inspection with its boards and the calls at their positions, and a table that says the same in words. */

import type { Board, Call, Inspection, Measured } from "../../evidence/inspection.ts";
import { placeOf, positionOf, type Program } from "../../evidence/program.ts";
import type { Point } from "../../evidence/values.ts";
import { drawn, element } from "../dom.ts";
import type { Speaker } from "../speaker.ts";
import { printable } from "../words/language.ts";
import { MARK, MAX_MARKS, beside, layoutOf, middleOf, numbered, sheetsOf } from "./panel.ts";
import type { Frame, Numbered, Seat, Sheet, Spot, Standing } from "./panel.ts";

/** Up to so many marks have the part's name beside them; with more, the names would cover the marks. */
const MAX_NAMED = 24;

/** The most letters of a name on a drawing. */
const MAX_LETTERS = 16;

const INK = "#1c2530";
const SOFT = "#566372";
const CALLED = "#a11b1b";
const OUTLINE = "#11693b";
const OWN = "#0b5cad";

/** How the number in a mark is written, and how the edge of a false call is drawn. */
const NUMBER = { "text-anchor": "middle", "font-size": 10, "font-weight": 600 };
const DASHED = { "stroke-width": 1.3, "stroke-dasharray": "3 2" };

/** What the shapes mean, as in the table. */
const SHAPES = [["called", "called"], ["confirmed", "judgedConfirmed"], ["false", "judgedFalse"]] as const;

let count = 0;

/**
 * An inspection of a whole panel; the boards of the unit that was asked for are marked on it. A program that is meant by
 * its name alone is told to be.
 */
export function drawInspection(
  inspection: Inspection,
  program: Program | undefined,
  unit: string,
  speaker: Speaker,
  isByName = false,
): HTMLElement[] {
  const figure = element("div", { class: "board" }, ...summaryOf(inspection, unit, speaker));
  const help = (text: string) => figure.append(element("p", { class: "help" }, text));
  const calls = numbered(inspection);
  const all = inspection.boards.reduce((sum, board) => sum + board.calls.length, 0);
  if (calls.length === 0) {
    help(speaker.story("noCalls"));
  } else {
    const sheets = sheetsOf(inspection, program);
    const own = ownSeats(inspection, unit);
    const hasPlaces = calls.some(({ call }) => call.region.length > 0);
    if (sheets.length === 0) help(speaker.story(!program && hasPlaces ? "noOutline" : "nothingPlaced"));
    const name = isByName ? "outlineNamed" : "outlineProgram";
    for (const sheet of sheets) {
      const size = [0, 1].map((at) => ((sheet.frame.high[at] ?? 0) - (sheet.frame.low[at] ?? 0)).toFixed(1));
      const caption = sheet.isOutline
        ? speaker.story(name, printable(program?.name ?? ""), ...size)
        : speaker.story("outlineBox", ...size, sheet.board ? printable(nameOf(sheet.board)) : "");
      figure.append(draw(sheet, own, speaker), element("p", { class: "help" }, caption));
    }
    const placed = sheets.reduce((sum, { spots }) => sum + spots.length, 0);
    if (placed > 0) figure.append(legendOf(speaker));
    if (placed > 0 && placed < calls.length) help(speaker.story("somePlaced", `${placed}`, `${calls.length}`));
    figure.append(tableOf(calls, program, unit, speaker));
  }
  const left = inspection.left + all - calls.length;
  if (left > 0) help(speaker.story("callsLeft", `${left}`));
  return [figure];
}

/** Each board's result as the file has it, and which of the boards are the unit's. */
function summaryOf({ boards }: Inspection, unit: string, speaker: Speaker): HTMLElement[] {
  const result = (board: Board) => {
    const name = speaker.story("boardResult", printable(nameOf(board)), printable(board.result));
    return board.lookedAt === undefined ? name : `${name}, ${speaker.story("lookedAt", `${board.lookedAt}`)}`;
  };
  const made = [element("p", {}, boards.slice(0, MAX_MARKS).map(result).join("; "))];
  const own = boards.filter((board) => board.unit === unit && board.position !== "");
  if (boards.length > 1 && own.length > 0) {
    const names = own.map(({ position }) => printable(position)).join(", ");
    made.push(element("p", { class: "help" }, speaker.story("ownBoards", names)));
  }
  const [measured, bad] = (["measured", "bad"] as const).map((name) =>
    boards.reduce((sum, { deposits }) => sum + deposits[name], 0)
  );
  if (measured) {
    const said = bad ? speaker.story("deposits", `${measured}`, `${bad}`) : speaker.story("depositsGood", `${measured}`);
    made.push(element("p", {}, said));
  }
  return made;
}

/** What a board is called beside the others of its panel. */
function nameOf({ position, unit }: Board): string {
  return position === "" ? unit : position;
}

/** The places of the unit's boards, also of those of which nothing was called. A place is a number: `01` is `1`. */
function ownSeats({ boards }: Inspection, unit: string): Set<number | undefined> {
  return new Set(boards.filter((board) => board.unit === unit).map(({ position }) => positionOf(position)));
}

/** One drawing, with a title and a description for those who do not see it. */
function draw(sheet: Sheet, own: ReadonlySet<number | undefined>, speaker: Speaker): SVGElement {
  const { size, place } = layoutOf(sheet.frame);
  count += 1;
  const [title, description] = [`panel-${count}-title`, `panel-${count}-description`];
  const taken: Point[] = [];
  const marks = sheet.spots.map((spot) => {
    const at = beside(place(spot.middle), size, taken);
    taken.push(at);
    return drawSpot(spot, at, place, size, sheet.spots.length <= MAX_NAMED);
  });
  return drawn(
    "svg",
    {
      viewBox: `0 0 ${size[0].toFixed(1)} ${size[1].toFixed(1)}`,
      width: Math.round(size[0]),
      role: "img",
      "aria-labelledby": title,
      "aria-describedby": description,
    },
    drawn("title", { id: title }, speaker.story("panelTitle")),
    drawn("desc", { id: description }, described(sheet, speaker)),
    rectangle(sheet.frame, place, sheet.isOutline
      ? { fill: "#fbfbf8", stroke: INK, "stroke-width": 1.6 }
      : { fill: "none", stroke: SOFT, "stroke-width": 1, "stroke-dasharray": "6 4" }),
    ...sheet.seats.flatMap((seat) => drawSeat(seat, own.has(seat.position), place, speaker)),
    ...sheet.parts.map((part) => {
      const [cx, cy] = place(part);
      return drawn("circle", { cx: cx.toFixed(1), cy: cy.toFixed(1), r: 1.1, fill: "#8f9b82" });
    }),
    ...marks,
  );
}

/** A board's place on the panel; the one of the unit is told in words as well. */
function drawSeat(seat: Seat, isOwn: boolean, place: (point: Point) => Point, speaker: Speaker): SVGElement[] {
  const [x, y] = place([seat.low[0], seat.high[1]]);
  const name = isOwn ? speaker.story("ownBoard", `${seat.position}`) : `${seat.position}`;
  const stroke = isOwn ? OWN : OUTLINE;
  const box = rectangle(seat, place, { fill: "#eef6ee", stroke, "stroke-width": isOwn ? 2.5 : 0.8, "data-board": seat.position });
  const label = { x: x + 4, y: y + 12, "font-size": 11, "font-weight": isOwn ? 700 : 400, fill: stroke };
  return [box, drawn("text", label, name)];
}

function rectangle(
  { low, high }: Frame,
  place: (point: Point) => Point,
  style: Readonly<Record<string, string | number>>,
): SVGElement {
  const [[left, bottom], [right, top]] = [place(low), place(high)];
  return drawn("rect", { x: left, y: top, width: right - left, height: bottom - top, ...style });
}

/** What a drawing shows, in words: the table below has all of it. */
function described({ board, seats, spots }: Sheet, speaker: Speaker): string {
  const where = board
    ? speaker.story("board", printable(nameOf(board)))
    : speaker.story("panelOf", seats.map(({ position }) => `${position}`).join(", ") || "1");
  const marks = spots.slice(0, MAX_NAMED).map((spot) => {
    const name = [printable(spot.call.designator), printable(spot.call.what)].filter((text) => text !== "").join(", ");
    return speaker.story("spot", `${spot.number}`, name, printable(nameOf(spot.board)));
  });
  const left = spots.length - marks.length;
  return [where, ...marks, ...(left > 0 ? [speaker.story("spotsLeft", `${left}`)] : [])].join(" ");
}

/** A region or a point, and beside it a mark with its number, and the part's name where there is room. */
function drawSpot(
  { number, call, standing, corners, middle }: Spot,
  at: Point,
  place: (point: Point) => Point,
  size: Point,
  isNamed: boolean,
): SVGElement {
  const [x, y] = place(middle);
  const colour = standing === "false" ? SOFT : CALLED;
  const points = corners.map(place).map(([across, down]) => `${across.toFixed(2)},${down.toFixed(2)}`).join(" ");
  const parts: SVGElement[] = [drawn("title", {}, `${number} ${printable(call.designator)}`)];
  if (corners.length > 2) parts.push(drawn("polygon", { points, fill: "none", stroke: colour, "stroke-width": 1 }));
  parts.push(
    drawn("line", { x1: x, y1: y, x2: at[0], y2: at[1], stroke: INK, "stroke-width": 0.8 }),
    drawn("circle", { cx: x, cy: y, r: 2, fill: INK }),
    shapeOf(standing, at),
    drawn("text", { x: at[0], y: at[1] + 3.6, ...NUMBER, fill: standing === "confirmed" ? "#fff" : colour }, `${number}`),
  );
  if (isNamed && call.designator !== "") {
    const isRight = at[0] > size[0] - 110;
    const style = { "text-anchor": isRight ? "end" : "start", "font-size": 11, "font-weight": 600, fill: colour };
    const halo = { stroke: "#fff", "stroke-width": 3, "paint-order": "stroke" };
    const aside = { x: at[0] + (isRight ? -1 : 1) * (MARK + 5), y: at[1] + 4 };
    parts.push(drawn("text", { ...aside, ...style, ...halo }, printable(call.designator).slice(0, MAX_LETTERS)));
  }
  return drawn("g", { "data-mark": number }, ...parts);
}

/** What a shape means never rests on its colour. */
function shapeOf(standing: Standing, [x, y]: Point): SVGElement {
  const far = MARK + 3;
  switch (standing) {
    case "called": {
      const points = `${x - far},${y} ${x},${y - far} ${x + far},${y} ${x},${y + far}`;
      return drawn("polygon", { points, fill: "#fff", stroke: CALLED, "stroke-width": 1.5 });
    }
    case "confirmed":
      return drawn("rect", { x: x - MARK, y: y - MARK, width: 2 * MARK, height: 2 * MARK, fill: CALLED, stroke: CALLED });
    case "false":
      return drawn("circle", { cx: x, cy: y, r: MARK, fill: "#fff", stroke: SOFT, ...DASHED });
  }
}

function legendOf(speaker: Speaker): HTMLElement {
  const items = SHAPES.map(([standing, name]) => {
    const picture = { viewBox: "0 0 26 26", width: 20, height: 20, "aria-hidden": "true" };
    return element("li", {}, drawn("svg", picture, shapeOf(standing, [13, 13])), ` ${speaker.story(name)}`);
  });
  return element("ul", { class: "legend" }, ...items);
}

function tableOf(calls: readonly Numbered[], program: Program | undefined, unit: string, speaker: Speaker): HTMLElement {
  const heads = ["designator", "boardColumn", "defect", "judged", "confidence", "position"] as const;
  const head = heads.map((name) => element("th", { scope: "col" }, speaker.story(name)));
  const body = calls.map(({ number, board, call }) =>
    element(
      "tr",
      board.unit === unit ? { class: "own-board" } : {},
      element("th", { scope: "row" }, `${number}`),
      element("td", {}, printable(call.designator)),
      element("td", {}, printable(nameOf(board))),
      element("td", {}, [printable(call.what), ...figuresIn(call, speaker)].join("; ")),
      element("td", {}, judgedIn(call, speaker)),
      element("td", { class: "number" }, call.confidence === undefined ? "" : `${call.confidence} %`),
      element("td", { class: "number" }, positionIn(call, program, speaker)),
    )
  );
  const table = element(
    "table",
    { class: "calls" },
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "#"), ...head)),
    element("tbody", {}, ...body),
  );
  return element("div", { class: "wide", tabindex: "0", role: "region", "aria-label": speaker.story("panelTitle") }, table);
}

/** What was measured of a deposit of solder paste: the figure, what it should be, and the part of it. */
function figuresIn({ paste }: Call, speaker: Speaker): string[] {
  if (!paste) return [];
  const known = (["volume", "area", "height"] as const).filter((name) => paste[name].value !== undefined);
  const figures = known.map((name) => speaker.story(name, measuredIn(paste[name])));
  const [x, y] = paste.offset;
  if (x !== undefined && y !== undefined) figures.push(speaker.story("offset", `${figureIn(x)}, ${figureIn(y)}`));
  return figures;
}

function measuredIn({ value = 0, expected }: Measured): string {
  if (expected === undefined) return figureIn(value);
  const part = Math.round((100 * value) / expected);
  const both = `${figureIn(value)} / ${figureIn(expected)}`;
  return Math.abs(part) < 1e6 ? `${both} = ${part} %` : both;
}

function figureIn(number: number): string {
  return `${Number(number.toFixed(4))}`;
}

/** In words, and beside them the file's own word. */
function judgedIn({ judged, verification }: Call, speaker: Speaker): string {
  const own = printable(verification);
  const both = (name: "judgedConfirmed" | "judgedFalse") =>
    own === "" ? speaker.story(name) : speaker.story("judgedWord", speaker.story(name), own);
  switch (judged) {
    case "confirmed":
      return both("judgedConfirmed");
    case "false":
      return both("judgedFalse");
    case "open":
      return speaker.story("judgedOpen");
    case "other":
      return speaker.story("judgedOther", own);
  }
}

/** The middle of a place, on its board, and whose word that is. */
function positionIn({ region, designator }: Call, program: Program | undefined, speaker: Speaker): string {
  const shown = ([x, y]: Point) => `${x.toFixed(2)}; ${y.toFixed(2)}`;
  if (region.length > 0) return speaker.story("stated", shown(middleOf(region)));
  const place = program && placeOf(program, designator);
  return place ? speaker.story("byProgram", shown(place)) : speaker.story("noPosition");
}
