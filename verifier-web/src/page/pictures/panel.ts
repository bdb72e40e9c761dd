/**
 * Where the calls of an inspection stand on the panel, as numbers: the drawing itself is in `board.ts`.
 *
 * The outline, the boards on it and the parts are the inspection program's, if the file that the record means is
 * enclosed. Otherwise no outline is known: a board with places that lie apart is drawn by itself, in the box around them;
 * a box around a single one would have the size of the defect and show nothing. The rule is that of the program's report
 * (`verifier-cli/src/html/panel.rs`), so that both show a defect at one place.
 */

import type { Board, Call, Inspection } from "../../evidence/inspection.ts";
import { placeOf, positionOf, type Program } from "../../evidence/program.ts";
import type { Point } from "../../evidence/values.ts";

/** The most calls that are drawn and listed of one inspection. */
export const MAX_MARKS = 200;

/** The most parts that are drawn, as a ground for the defects. */
const MAX_PARTS = 2000;

/** The largest drawing, and white around the outline for marks of defects at its edge. */
const MOST: Point = [680, 300];
export const MARGIN = 26;

/** How far places must lie apart, in millimetres, to be drawn without an outline. */
const MIN_SPREAD = 5;

/** No drawing has more units for a millimetre. */
const MAX_SCALE = 8;

/** Half the size of a mark, and how far it stands from its place. */
export const MARK = 9;
const REACH = 20;

/** What was decided about a call. */
export type Standing = "called" | "confirmed" | "false";

/** A call with its board and its number, through all boards. */
export interface Numbered {
  readonly number: number;
  readonly board: Board;
  readonly call: Call;
}

/** One call on a drawing. Lengths are millimetres, y goes up. */
export interface Spot extends Numbered {
  readonly standing: Standing;
  readonly corners: readonly Point[];
  readonly middle: Point;
}

/** A rectangle by its lower left and its upper right corner. */
export interface Frame {
  readonly low: Point;
  readonly high: Point;
}

/** A board's place on the panel. */
export interface Seat extends Frame {
  readonly position: number;
}

/** One drawing. */
export interface Sheet {
  /** Which board, where it is not the whole panel. */
  readonly board: Board | undefined;
  readonly frame: Frame;
  /** Whether the frame is an outline that a file states. */
  readonly isOutline: boolean;
  readonly seats: readonly Seat[];
  readonly parts: readonly Point[];
  readonly spots: readonly Spot[];
}

/** The calls, numbered through all boards; those without a place have a number too. */
export function numbered({ boards }: Inspection): Numbered[] {
  const all = boards.flatMap((board) => board.calls.map((call) => ({ board, call })));
  return all.slice(0, MAX_MARKS).map((one, at) => ({ number: at + 1, ...one }));
}

/** The drawings of an inspection. A place that nothing explains is not drawn. */
export function sheetsOf(inspection: Inspection, program: Program | undefined): Sheet[] {
  const calls = numbered(inspection);
  if (program) return panelOf(calls, program);
  return inspection.boards.flatMap((board) => lone(board, calls.filter((one) => one.board === board)));
}

/** A board by itself, in the box around its defects, if that shows how they lie. */
function lone(board: Board, calls: readonly Numbered[]): Sheet[] {
  const spots = calls.filter(({ call }) => call.region.length > 0).map((one) => spotOf(one, one.call.region, [0, 0]));
  const { low, high } = boundsOf(spots.map(({ middle }) => middle));
  if (spots.length === 0 || Math.max(high[0] - low[0], high[1] - low[1]) < MIN_SPREAD) return [];
  const frame = boundsOf(spots.flatMap(({ corners }) => corners));
  return [{ board, frame, isOutline: false, seats: [], parts: [], spots }];
}

/** The panel as the program has it. */
function panelOf(calls: readonly Numbered[], program: Program): Sheet[] {
  const spots = calls.flatMap((one) => {
    const origin = originOf(one.board, program);
    const place = placeOf(program, one.call.designator);
    const region = one.call.region.length > 0 ? one.call.region : place ? [place] : [];
    return origin && region.length > 0 ? [spotOf(one, region, origin)] : [];
  });
  if (spots.length === 0) return [];
  const { board, origins } = program;
  const seats = [...origins].sort(([one], [other]) => one - other).map(([position, [x, y]]): Seat =>
    ({ position, low: [x, y], high: [x + board[0], y + board[1]] })
  );
  const corners: Point[] = seats.length > 0 ? seats.map(({ low }) => low) : [[0, 0]];
  const places = [...program.parts.values()].slice(0, MAX_PARTS);
  const parts = corners.flatMap(([x, y]) => places.map((part): Point => [x + part[0], y + part[1]])).slice(0, MAX_PARTS);
  const frame: Frame = { low: [0, 0], high: seats.length > 0 ? program.panel : board };
  return [{ board: undefined, frame, isOutline: true, seats, parts, spots }];
}

/** Where a board stands on the panel, by the position that the report gives it. */
function originOf(board: Board, { origins }: Program): Point | undefined {
  const position = positionOf(board.position);
  if (position !== undefined) return origins.size === 0 ? [0, 0] : origins.get(position);
  return origins.size <= 1 ? [...origins.values()][0] ?? [0, 0] : undefined;
}

function spotOf(one: Numbered, region: readonly Point[], [x, y]: Point): Spot {
  const corners = region.map(([across, up]): Point => [across + x, up + y]);
  return { ...one, standing: standingOf(one.call), corners, middle: middleOf(corners) };
}

function standingOf({ judged }: Call): Standing {
  return judged === "false" || judged === "confirmed" ? judged : "called";
}

/** The middle of a place: that of the box around it. */
export function middleOf(corners: readonly Point[]): Point {
  const { low, high } = boundsOf(corners);
  return [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
}

function boundsOf(points: readonly Point[]): Frame {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const least = (values: readonly number[]) => values.reduce((one, other) => Math.min(one, other), Infinity);
  const most = (values: readonly number[]) => values.reduce((one, other) => Math.max(one, other), -Infinity);
  return { low: [least(xs), least(ys)], high: [most(xs), most(ys)] };
}

/** From millimetres with y upwards to the drawing's units with y downwards, as large as fits. */
export function layoutOf({ low, high }: Frame) {
  // The box around a single point is given a size.
  const widen = (from: number, to: number) => (to - from < 1 ? [from - 5, to + 5] as const : [from, to] as const);
  const [[left, right], [bottom, top]] = [widen(low[0], high[0]), widen(low[1], high[1])];
  const room = [MOST[0] - 2 * MARGIN, MOST[1] - 2 * MARGIN] as const;
  const scale = Math.min(room[0] / (right - left), room[1] / (top - bottom), MAX_SCALE);
  const size: Point = [(right - left) * scale + 2 * MARGIN, (top - bottom) * scale + 2 * MARGIN];
  const place = ([x, y]: Point): Point => [MARGIN + (x - left) * scale, size[1] - MARGIN - (y - bottom) * scale];
  return { size, scale, place };
}

const WAYS: readonly Point[] = [[0.7, -0.7], [-0.7, -0.7], [0.7, 0.7], [-0.7, 0.7], [1, 0], [-1, 0], [0, -1], [0, 1]];

/** Where a mark stands: the first of eight directions, near and then farther, in which no other mark is. */
export function beside([x, y]: Point, size: Point, taken: readonly Point[]): Point {
  const places = [1, 1.8, 2.6].flatMap((far) =>
    WAYS.map(([across, down]): Point => [x + across * REACH * far, y + down * REACH * far])
  );
  const isFree = ([at, down]: Point) =>
    at > MARK && down > MARK && at < size[0] - MARK && down < size[1] - MARK &&
    !taken.some((other) => Math.hypot(other[0] - at, other[1] - down) < 2.2 * MARK);
  return places.find(isFree) ?? [x + REACH, y - REACH];
}
