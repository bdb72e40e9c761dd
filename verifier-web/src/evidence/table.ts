/**
 * Tables of called parts: a row of headings, then one row a called part, or one a board without any.
 *
 * Omron-like tables begin with the headings; those with Chinese headings have lines of keys before. Positions
 * are what the file states.
 */

import { Keeper, MAX_BOARDS, type Board, type Call, type Inspection, type Judged } from "./inspection.ts";
import { parseNumber, pointOf, shortened } from "./values.ts";

/** The most rows of one table. */
const MAX_ROWS = 100_000;

/** The headings of each column, by makers. */
const HEADINGS = {
  designator: ["ComponentID", "位号", "Designator"],
  board: ["SegmentNo", "拼板"],
  unit: ["Barcode", "子板条码", "BoardID"],
  x: ["X", "PosX"],
  y: ["Y", "PosY"],
  code: ["DefectCode", "不良代码"],
  defect: ["Defect", "不良名称"],
  machine: ["Result", "机器判定"],
  review: ["复判结果"],
} as const;

type Column = keyof typeof HEADINGS;

/** Words for a call that was none, and for one that a person has confirmed. */
const FALSE_CALLS = ["OK", "误报", "虚報"];
const CONFIRMED = ["不良"];

/** Reads a table; undefined if no row has headings for designators and for the machine's word. */
export function tableInspectionOf(text: string): Inspection | undefined {
  let columns: ReadonlyMap<Column, number> | undefined;
  const boards = new Map<string, { position: string; unit: string; result: string; calls: Call[] }>();
  for (const row of rowsOf(text)) {
    if (!columns) {
      columns = columnsOf(row);
      continue;
    }
    const known = columns;
    const cell = (column: Column) => shortened(row[known.get(column) ?? -1] ?? "");
    const [unit, position] = [cell("unit"), /^\d{1,15}$/.test(cell("board")) ? cell("board") : ""];
    const name = JSON.stringify([position, unit]);
    const board = boards.get(name) ?? { position, unit, result: "", calls: [] };
    boards.set(name, board);
    if (boards.size > MAX_BOARDS) return undefined;
    if (cell("designator") === "") board.result = cell("machine");
    else board.calls.push(callOf(cell));
  }
  if (!columns) return undefined;
  const keeper = new Keeper();
  const kept = [...boards.values()].map((board): Board => ({
    ...board,
    lookedAt: undefined,
    calls: keeper.keep(board.calls),
    deposits: { measured: 0, bad: 0 },
  }));
  return { method: "AOI", panel: "", boards: kept, left: keeper.left };
}

function columnsOf(row: readonly string[]): ReadonlyMap<Column, number> | undefined {
  const cells = row.map((cell) => cell.trim());
  const columns = new Map<Column, number>();
  for (const column of Object.keys(HEADINGS) as Column[]) {
    const at = cells.findIndex((cell) => (HEADINGS[column] as readonly string[]).includes(cell));
    if (at >= 0) columns.set(column, at);
  }
  return columns.has("designator") && columns.has("machine") ? columns : undefined;
}

function callOf(cell: (column: Column) => string): Call {
  const review = cell("review");
  const verification = review || cell("machine");
  const [x, y] = [parseNumber(cell("x"), false), parseNumber(cell("y"), false)];
  const place = pointOf(x, y);
  return {
    designator: cell("designator"),
    what: `${cell("code")} ${cell("defect")}`.trim(),
    judged: judgedOf(verification, review),
    verification,
    confidence: undefined,
    region: place ? [place] : [],
    paste: undefined,
  };
}

function judgedOf(verification: string, review: string): Judged {
  if (FALSE_CALLS.includes(verification)) return "false";
  if (review === "") return "open";
  return CONFIRMED.includes(review) ? "confirmed" : "other";
}

/** The rows of a table; quotes are those of RFC 4180, and empty lines are none. */
function* rowsOf(text: string): Generator<string[]> {
  let [cells, cell, quoted, count] = [[] as string[], "", false, 0];
  for (let at = 0; at <= text.length; at += 1) {
    const letter = text[at];
    if (quoted && letter === '"' && text[at + 1] === '"') {
      cell += '"';
      at += 1;
    } else if (quoted && letter !== undefined) {
      if (letter === '"') quoted = false;
      else cell += letter;
    } else if (letter === '"' && cell === "") {
      quoted = true;
    } else if (letter === ",") {
      cells.push(cell);
      cell = "";
    } else if (letter === "\n" || letter === "\r" || letter === undefined) {
      const row = [...cells, cell];
      [cells, cell] = [[], ""];
      if (row.length === 1 && row[0] === "") continue;
      yield row;
      count += 1;
      if (count === MAX_ROWS) return;
    } else {
      cell += letter;
    }
  }
}
