/** Values of evidence files as a picture needs them: short names, finite numbers, points. */

import { Refusal } from "../formats/refusal.ts";
import { parseJson, type Json } from "../formats/json.ts";

/** Millimetres, y upwards. */
export type Point = readonly [x: number, y: number];

/** The most letters of a name that is drawn or listed. */
const MAX_NAME = 120;

/** No board is larger, in millimetres; what lies beyond is no position. */
const MAX_POSITION = 5000;

/** How deep machines nest values. */
const MAX_DEPTH = 64;

/** Parses evidence; undefined if it is no JSON, or names a member twice. */
export function parseEvidence(text: string): Json | undefined {
  try {
    return parseJson(text, { maxDepth: MAX_DEPTH, allowsFractions: true });
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

/** The member of an object; undefined if there is none, or it is null. */
export function member(json: Json | undefined, name: string): Json | undefined {
  const value = json instanceof Map ? json.get(name) : undefined;
  return value ?? undefined;
}

export function list(json: Json | undefined): readonly Json[] {
  return Array.isArray(json) ? json : [];
}

/** A text or a whole number, cut where it is too long; empty if it is neither. */
export function word(json: Json | undefined): string {
  const isText = typeof json === "string" || typeof json === "bigint" || typeof json === "number";
  return isText ? shortened(`${json}`) : "";
}

export function shortened(text: string): string {
  const trimmed = text.trim();
  return trimmed.length > MAX_NAME ? `${trimmed.slice(0, MAX_NAME)}…` : trimmed;
}

export function numberOf(json: Json | undefined): number | undefined {
  const value = typeof json === "bigint" ? Number(json) : json;
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** A position on a board; undefined if it is none. */
export function pointOf(x: number | undefined, y: number | undefined): Point | undefined {
  const isOne = (value: number | undefined): value is number =>
    value !== undefined && Math.abs(value) <= MAX_POSITION;
  return isOne(x) && isOne(y) ? [x, y] : undefined;
}

/** A number as tables have it; undefined for a word such as `*OC*`. */
export function parseNumber(cell: string, hasDecimalComma: boolean): number | undefined {
  const text = hasDecimalComma ? cell.trim().replace(",", ".") : cell.trim();
  return /^[+-]?\d{1,12}(\.\d{0,12})?$/.test(text) ? Number(text) : undefined;
}
