/**
 * The reader's list of units: lines, or CSV with a header, as `fiducial` reads it.
 *
 *     serial,panel,position,lot          or one serial a line, without a header
 *     SN1,PN1,1,L7
 *     N/A,PN2,1,L7                       a placeholder: known by its panel and its position there
 *
 * Rule: `spec/text/reconcile.md`, "The list". What is no list is refused: one that was cut, or whose header
 * were taken for a unit, would be taken for what was shipped.
 */

import { encodeUtf8 } from "../formats/encoding.ts";
import { say, undecided, type Said } from "./report.ts";

/** The most units of a list. */
const MAX_UNITS = 200_000;

/** The most bytes of one cell. */
const MAX_CELL_SIZE = 256;

/** So many lines of one form are no chance. */
const MIN_ALIKE = 3;

/** How many columns that were not read are named. */
const MAX_UNREAD = 10;

/**
 * The columns that a header can name: each one's own name, then what else it is called in lists. Without
 * case, spaces and marks (`plainOf`); the same as in `verifier-cli/src/list/header.rs`.
 */
const SERIAL = ["serial", "serialnumber", "serialno", "sn", "barcode", "seriennummer", "seriennr", "序列号",
  "产品序列号", "产品条码", "条形码", "条码", "sn码", "sn号"];
const PANEL = ["panel", "panelid", "nutzen", "拼板", "拼板号", "拼板条码", "连板", "连板号", "面板"];
const POSITION = ["position", "pos", "位置", "板位", "拼板位置"];
const LOT = ["lot", "batch", "lotno", "los", "charge", "批次", "批次号", "批号", "生产批号"];

/** What may stand between cells. Spreadsheets write semicolons where a comma is the decimal mark. */
const SEPARATORS = [",", ";", "\t"];

/** What machines write for a board whose code they could not read. */
const NO_NAMES = ["", "N/A", "NOREAD"];

/** What lists have in place of a number, without marks and in capitals; as in `verifier-cli/src/list.rs`. */
const PLACEHOLDERS = ["", "NA", "NONE", "NOREAD", "无"];

/** What the list does not have is empty. A unit without a serial has a panel. */
export interface Unit {
  readonly serial: string;
  readonly panel: string;
  readonly position: string;
}

/** At least one unit, in their order, each once. */
export interface List {
  readonly units: readonly Unit[];
  /** Whether its first line names columns. Without one, that line was taken for a unit. */
  readonly hasHeader: boolean;
  /** What the header names beside known columns: nothing was read of these. */
  readonly unread: readonly string[];
}

/** Whether it is a name, and not what a machine writes for a board or panel that it could not read. */
export function isName(name: string): boolean {
  return !NO_NAMES.includes(name);
}

/** Whatever reports may call a unit: its serial or its panel. */
export function namesOf(unit: Unit): string[] {
  return [unit.serial, unit.panel].filter(isName);
}

/** What people are told of a unit by: its serial, or else its panel and its position there, as `PN1 #2`. */
export function calledOf({ serial, panel, position }: Unit): string {
  if (serial !== "") return serial;
  return position === "" ? panel : `${panel} #${position}`;
}

/** Reads a list. */
export function readList(bytes: Uint8Array): List {
  const text = decodeText(bytes);
  if (text === undefined) throw undecided("list-encoding");
  const all = rowsOf(text, separatorOf(text));
  const [first] = all;
  if (!first) throw undecided("list-empty");
  const columns = columnsOf(first.cells);
  // Of several columns nobody can say which is which.
  if (!columns && first.cells.length > 1) throw undecided("list-columns", `${first.line}`);
  const { serial, panel, position } = columns ?? PLAIN;
  const units = new Map<string, Unit>();
  for (const { line, cells } of columns ? all.slice(1) : all) {
    const unit = { serial: numberIn(cells, serial), panel: numberIn(cells, panel), position: numberIn(cells, position) };
    const isNameless = unit.serial === "";
    if (isNameless && unit.panel === "") throw undecided("list-no-serial", `${line}`);
    // No cell holds a line break.
    const key = isNameless ? `${unit.panel}\n${unit.position}` : unit.serial;
    // Two boards, or one twice: nobody can say, and a board less would be another shipment.
    if (isNameless && unit.position === "" && units.has(key)) throw undecided("list-no-position", `${line}`);
    if (!units.has(key)) units.set(key, unit);
    if (units.size > MAX_UNITS) throw undecided("list-too-long", `${MAX_UNITS}`);
  }
  if (units.size === 0) throw undecided("list-empty");
  const unread = columns ? first.cells.filter((name, at) => name !== "" && !columns.read.includes(at)) : [];
  return { units: [...units.values()], hasHeader: columns !== undefined, unread };
}

/** What a row has in a column, if that is no placeholder. */
function numberIn(cells: readonly string[], column: number): string {
  const cell = cells[column] ?? "";
  return isPlaceholder(cell) ? "" : cell;
}

/** Whether a cell says that there is no number: `N/A`, `-`, `none`. Marks and the size of letters are nothing. */
function isPlaceholder(cell: string): boolean {
  return !/[0-9]/.test(cell) && PLACEHOLDERS.includes(cell.replace(/[^\p{Alphabetic}\p{N}]+/gu, "").toUpperCase());
}

/**
 * What of a list may be why nothing of it is found: columns that were not read, or a first line that is written as
 * none of the others and was taken for a unit.
 */
export function doubtsOf(list: List): Said[] {
  const { units, hasHeader, unread } = list;
  if (unread.length > 0) return [say("list-unread", unread.slice(0, MAX_UNREAD).map((name) => `“${name}”`).join(", "))];
  return !hasHeader && isUnlikeOthers(units) ? [say("list-first-line", units[0]?.serial ?? "")] : [];
}

/** Whether a first line that names no known column looks like a header: it has no digit, or is written as none of the others. */
export function looksLikeHeader({ units, hasHeader }: List): boolean {
  const [first, ...others] = units;
  if (!first || hasHeader || others.length === 0) return false;
  return !/[0-9]/.test(first.serial) || isUnlikeOthers(units);
}

/** Whether the first line is written as none of the others, as a header is that names no known column. */
function isUnlikeOthers(units: readonly Unit[]): boolean {
  const [first = "", ...others] = units.map(({ serial }) => serial);
  if (others.length === 0) return false;
  const forms = new Set(others.map(formOf));
  const isAlike = others.length >= MIN_ALIKE && forms.size === 1;
  return (isAlike && !forms.has(formOf(first))) || (isNoCode(first) && !others.some(isNoCode));
}

/** How a line is written: which of letters, digits and marks follow each other, however many of each. */
function formOf(serial: string): string {
  return serial.replace(/\p{Alphabetic}+/gu, "a").replace(/\p{N}+/gu, "0");
}

/** Whether a line is in words, as codes are not. */
function isNoCode(serial: string): boolean {
  return !/[0-9]/.test(serial) || /\p{White_Space}/u.test(serial);
}

/** Whether a text looks like a list: the header names a known column, or there are several codes, one a line. */
export function looksLikeList(text: string): boolean {
  try {
    const { units, hasHeader } = readList(encodeUtf8(text));
    return hasHeader || (units.length > 1 && units.every(({ serial }) => /[0-9]/.test(serial) && !/\s/.test(serial)));
  } catch {
    return false;
  }
}

/** The text: a mark decides, then UTF-8; what is neither is GBK (its larger form), as in China. */
export function decodeText(bytes: Uint8Array): string | undefined {
  const [first, second] = bytes;
  const wide = first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : "";
  const isMarked = first === 0xef && second === 0xbb && bytes[2] === 0xbf;
  for (const encoding of wide !== "" ? [wide] : isMarked ? ["utf-8"] : ["utf-8", "gb18030"]) {
    try {
      // A byte order mark is taken off.
      return new TextDecoder(encoding, { fatal: true }).decode(bytes);
    } catch {
      continue;
    }
  }
  return undefined;
}

/** Where each thing stands; less than 0 if it has no column. */
interface Columns {
  readonly serial: number;
  readonly panel: number;
  readonly position: number;
  /** How many things have a column. */
  readonly count: number;
  /** The columns that are known. */
  readonly read: readonly number[];
}

/** Without a header there is one column. */
const PLAIN = { serial: 0, panel: -1, position: -1 };

/** The columns that a header names; undefined if it names no known one. */
function columnsOf(cells: readonly string[]): Columns | undefined {
  const plain = cells.map(plainOf);
  const find = (names: readonly string[]) =>
    names.map((name) => plain.indexOf(name)).find((at) => at >= 0) ?? -1;
  const [serial, panel, position, lot] = [find(SERIAL), find(PANEL), find(POSITION), find(LOT)];
  if ([serial, panel, position, lot].every((at) => at < 0)) return undefined;
  const others = [panel, position, lot];
  const first = Math.max(serial, 0);
  return { serial: first, panel, position, count: 1 + others.filter((at) => at >= 0).length, read: [first, ...others] };
}

/** A name without case, spaces and marks: `Serial No.` is `serialno`. */
function plainOf(name: string): string {
  return name.replace(/[ _\-./#\u3000\u00a0]/g, "").toLowerCase();
}

/** What stands between the cells of this list: what makes most known columns of its first line. */
function separatorOf(text: string): string {
  const first = text.split("\n").find((line) => line.trim() !== "") ?? "";
  const known = (separator: string) =>
    columnsOf(first.split(separator).map((cell) => cell.trim().replace(/^"+|"+$/g, "")))?.count ?? 0;
  const most = Math.max(...SEPARATORS.map(known));
  const best = SEPARATORS.find((separator) => known(separator) === most);
  if (best !== undefined && most > 0) return best;
  // No header that is known. A code may hold a semicolon; a line of words without a digit is no code.
  if (first.includes(",")) return ",";
  if (first.includes("\t")) return "\t";
  return first.includes(";") && !/[0-9]/.test(first) ? ";" : ",";
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
function rowsOf(text: string, separator: string): Row[] {
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
    } else if (letter === separator && !quoted) {
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
