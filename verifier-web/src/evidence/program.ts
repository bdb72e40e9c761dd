/**
 * An inspection program with outline and positions, and the window that an oven's profiles are judged by.
 *
 *     Program,P312A_BOT          OvenRecipe,SAC305_A
 *     Board,64.00,52.00          Window,SAC305_PASTE_4
 *     Panel,130.00,62.00         Figure,Low,High,Unit
 *     Origin,1,0.00,5.00         Peak,235.0,255.0,°C
 *     Designator,PartNumber,Package,X,Y,Rotation,Pins
 *     C1,4101-10,0402,4.20,4.10,90,2
 *
 * No maker's layout is public; this is the one of `tests/src/plant`. Lengths are millimetres.
 */

import { MAX_BOARDS } from "./inspection.ts";
import { parseNumber, pointOf, shortened, type Point } from "./values.ts";

const MAX_PARTS = 20_000;
const MAX_LIMITS = 32;

/** How far, in millimetres, a board may seem to stand out of its panel. */
const ROUNDING = 0.01;

/** Where an inspection looks for what. */
export interface Program {
  readonly name: string;
  /** Width and height of one board. */
  readonly board: Point;
  /** Width and height of the panel. */
  readonly panel: Point;
  /** Where each board's corner stands on the panel, by its position. */
  readonly origins: ReadonlyMap<number, Point>;
  /** Where each part stands on its board, by its designator. */
  readonly parts: ReadonlyMap<string, Point>;
}

/**
 * The program; undefined if the text is none, has no outline or no part, names a part or a position twice, or has a
 * board that is not on the panel.
 */
export function programOf(text: string): Program | undefined {
  const lines = text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "");
  const [first, ...rows] = lines.map((line) => line.split(",").map((cell) => cell.trim()));
  const head = rows.findIndex(([word]) => word === "Designator");
  const name = first?.[1];
  if (first?.[0] !== "Program" || name === undefined || head < 0) return undefined;
  let [board, panel]: [Point | undefined, Point | undefined] = [[0, 0], [0, 0]];
  const origins = new Map<number, Point>();
  for (const [word, one, two, three] of rows.slice(0, head)) {
    if (word === "Board") board = point(one, two);
    if (word === "Panel") panel = point(one, two);
    if (word === "Origin") {
      const [position, corner] = [positionOf(one ?? ""), point(two, three)];
      if (position === undefined || !corner || origins.has(position) || origins.size >= MAX_BOARDS) return undefined;
      origins.set(position, corner);
    }
    if (!board || !panel) return undefined;
  }
  const parts = partsOf(rows.slice(head + 1), rows[head] ?? []);
  const isOutline = board !== undefined && board[0] > 0 && board[1] > 0;
  if (!isOutline || !board || !panel || !parts || parts.size === 0) return undefined;
  const program = { name: shortened(name), board, panel, origins, parts };
  return isOnPanel(program) ? program : undefined;
}

function partsOf(rows: readonly (readonly string[])[], head: readonly string[]): Map<string, Point> | undefined {
  const [x, y] = [head.indexOf("X"), head.indexOf("Y")];
  const parts = new Map<string, Point>();
  for (const row of rows) {
    const [name, place] = [shortened(row[0] ?? ""), point(row[x], row[y])];
    if (!place || parts.has(name) || parts.size >= MAX_PARTS) return undefined;
    parts.set(name, place);
  }
  return parts;
}

/** Rounding apart, every board lies within the panel. */
function isOnPanel({ board, panel, origins }: Program): boolean {
  return [...origins.values()].every(([x, y]) =>
    x >= -ROUNDING && y >= -ROUNDING && x + board[0] <= panel[0] + ROUNDING && y + board[1] <= panel[1] + ROUNDING
  );
}

/** A board's position on its panel; undefined if the text is no such number. */
export function positionOf(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** What an oven's profiles are judged by. */
export interface Window {
  readonly name: string;
  /** The low and the high limit of each figure, by its name. */
  readonly limits: ReadonlyMap<string, Point>;
}

/** The window of an oven's recipe; undefined if the text is none, or has two windows or a limit that is no number. */
export function windowOf(text: string): Window | undefined {
  const lines = text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "");
  const [first, ...rows] = lines.map((line) => line.split(",").map((cell) => cell.trim()));
  const windows = rows.filter(([word]) => word === "Window");
  const name = windows[0]?.[1];
  if (first?.[0] !== "OvenRecipe" || windows.length !== 1 || name === undefined) return undefined;
  const head = rows.findIndex(([word]) => word === "Figure");
  const limits = new Map<string, Point>();
  for (const [figure, low, high] of head < 0 ? [] : rows.slice(head + 1, head + 1 + MAX_LIMITS)) {
    const pair = point(low, high);
    if (!pair) return undefined;
    limits.set(shortened(figure ?? ""), pair);
  }
  return limits.size > 0 ? { name: shortened(name), limits } : undefined;
}

/** The window of that name; undefined if none has it, or two that differ. */
export function windowNamed(name: string, windows: readonly Window[]): Window | undefined {
  const [first, ...others] = windows.filter((window) => window.name === name);
  const said = (window: Window | undefined) => JSON.stringify([...(window?.limits ?? [])].sort());
  return others.every((other) => said(other) === said(first)) ? first : undefined;
}

/** Where a part stands, by a designator that may name a pin: `U2.11` is on `U2`. */
export function placeOf(program: Program, designator: string): Point | undefined {
  return program.parts.get(designator) ?? program.parts.get(designator.split(/[.-]/)[0] ?? "");
}

function point(x: string | undefined, y: string | undefined): Point | undefined {
  return pointOf(parseNumber(x ?? "", false), parseNumber(y ?? "", false));
}
