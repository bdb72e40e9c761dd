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

import { parseNumber, pointOf, shortened, type Point } from "./values.ts";

const MAX_PARTS = 20_000;
const MAX_LIMITS = 32;

/** Where an inspection looks for what. */
export interface Program {
  readonly name: string;
  /** Width and height of one board. */
  readonly board: Point;
  /** Where each part stands on its board, by its designator. */
  readonly parts: ReadonlyMap<string, Point>;
}

/** The program; undefined if the text is none, has no outline, or names a part twice. */
export function programOf(text: string): Program | undefined {
  const rows = text.split(/\r?\n/).map((line) => line.split(","));
  const [first] = rows;
  if (first?.[0] !== "Program") return undefined;
  const board = rows.find((row) => row[0] === "Board");
  const outline = board && point(board[1], board[2]);
  const head = rows.findIndex((row) => row[0] === "Designator");
  const [x, y] = ["X", "Y"].map((name) => rows[head]?.indexOf(name) ?? -1);
  if (!outline || outline[0] <= 0 || outline[1] <= 0 || x === undefined || y === undefined) return undefined;
  const parts = new Map<string, Point>();
  for (const row of rows.slice(head + 1)) {
    const [name, place] = [shortened(row[0] ?? ""), point(row[x], row[y])];
    if (name === "") continue;
    if (!place || parts.has(name) || parts.size >= MAX_PARTS) return undefined;
    parts.set(name, place);
  }
  return { name: shortened(first[1] ?? ""), board: outline, parts };
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
