/**
 * The reader's list of units: lines, or CSV with a header, as `fiducial` reads it.
 *
 *     serial,panel,position,lot          or one serial a line, without a header
 *     SN1,PN1,1,L7
 *
 * Rule: `spec/text/reconcile.md`, "The list". What is no list is refused: one that was cut, or whose header
 * were taken for a unit, would be taken for what was shipped.
 */

import { decodeUtf8, encodeUtf8 } from "../formats/encoding.ts";
import { undecided } from "./report.ts";

/** The most units of a list. */
const MAX_UNITS = 200_000;

/** The most bytes of one cell. */
const MAX_CELL_SIZE = 256;

/** The columns that a header can name, in any case of letters. */
const HEADERS = ["serial", "panel", "position", "lot"];

/** What machines write for a board whose code they could not read. */
const NO_NAMES = ["", "N/A", "NOREAD"];

export interface Unit {
  readonly serial: string;
  readonly panel: string;
}

/** At least one unit, in their order, each once. */
export interface List {
  readonly units: readonly Unit[];
  /** Whether its first line names columns. Without one, that line was taken for a unit. */
  readonly hasHeader: boolean;
}

/** Whatever reports may call a unit: its serial or its panel. */
export function namesOf(unit: Unit): string[] {
  return [unit.serial, unit.panel].filter((name) => !NO_NAMES.includes(name));
}

/** Reads a list. */
export function readList(bytes: Uint8Array): List {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw undecided("list-encoding");
  const all = rowsOf(text.replace(/^\ufeff/, ""));
  const [first] = all;
  if (!first) throw undecided("list-empty");
  const lower = first.cells.map((cell) => cell.replace(/[A-Z]/g, (letter) => letter.toLowerCase()));
  const [serial = -1, panel = -1, ...others] = HEADERS.map((name) => lower.indexOf(name));
  const hasHeader = [serial, panel, ...others].some((at) => at >= 0);
  // Of several columns nobody can say which is which.
  if (!hasHeader && first.cells.length > 1) throw undecided("list-columns", `${first.line}`);
  const units = new Map<string, Unit>();
  for (const { line, cells } of hasHeader ? all.slice(1) : all) {
    const name = cells[Math.max(serial, 0)] ?? "";
    if (name === "") throw undecided("list-no-serial", `${line}`);
    if (!units.has(name)) units.set(name, { serial: name, panel: cells[panel] ?? "" });
    if (units.size > MAX_UNITS) throw undecided("list-too-long", `${MAX_UNITS}`);
  }
  if (units.size === 0) throw undecided("list-empty");
  return { units: [...units.values()], hasHeader };
}

/** Without white space around it, as Unicode has it: `trim` alone would take off byte order marks as well. */
function trimmed(cell: string): string {
  return cell.includes("\ufeff") ? cell.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, "") : cell.trim();
}

interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

/** Takes a table apart; empty lines are no rows. Quotes are those of RFC 4180. */
function rowsOf(text: string): Row[] {
  const rows: Row[] = [];
  let [cells, cell, line, quoted, wasQuoted] = [[] as string[], "", 1, false, false];
  const wrong = () => undecided("list-malformed", `${line}`);
  const endRow = () => {
    const row = [...cells, trimmed(cell)];
    if (row.some((one) => one !== "")) rows.push({ line, cells: row });
    [cells, cell, wasQuoted] = [[], "", false];
  };
  for (let at = 0; at < text.length; at += 1) {
    const [letter, next] = [text[at] ?? "", text[at + 1]];
    if (letter === '"' && quoted && next === '"') {
      at += 1;
      cell += '"';
    } else if (letter === '"') {
      if (!quoted && (trimmed(cell) !== "" || wasQuoted)) throw wrong();
      [quoted, wasQuoted] = [!quoted, true];
    } else if (letter === "," && !quoted) {
      cells.push(trimmed(cell));
      [cell, wasQuoted] = ["", false];
    } else if (letter === "\n" && !quoted) {
      endRow();
      line += 1;
    } else if (letter === "\r" && !quoted && (next === "\n" || next === undefined)) {
      continue;
    } else if (/\p{Cc}/u.test(letter)) {
      throw wrong();
    } else {
      cell += letter;
    }
    // No letter has more than three octets for each of its places here.
    if (3 * cell.length > MAX_CELL_SIZE && encodeUtf8(cell).length > MAX_CELL_SIZE) throw wrong();
  }
  if (quoted) throw wrong();
  endRow();
  return rows;
}
