/** Asks the built `fiducial` for its verdict, as far as it and the page must say the same. */

import { execFile } from "node:child_process";
import { join } from "node:path";

import type { Report } from "../../src/judge/report.ts";

/** The folder with the built programs. */
export const PROGRAMS = process.env["FIDUCIAL_PROGRAMS"];

export const SEED = Number(process.env["FIDUCIAL_SEED"] ?? 20_261_126);

/** How many programs run at a time. */
export const AT_ONCE = 4;

/** So many times as many mutations. */
export const TIMES = process.env["FIDUCIAL_SOAK"] === "1" ? 10 : 1;

/** What either says. */
export interface Answer {
  readonly verdict: string;
  readonly reason: string | undefined;
  readonly open: readonly string[];
  /** What a timestamp states, by the codes of the facts about it. */
  readonly stamp: Readonly<Record<string, string>>;
}

/** The facts about a timestamp that both have. */
const STAMP_FACTS = ["stamp-time", "stamp-accuracy", "stamp-signer", "stamp-certificate"];

/** The program's answer. */
export function askProgram(command: readonly string[]): Promise<Answer> {
  const program = join(PROGRAMS ?? "", "fiducial");
  return new Promise((tell, fail) => {
    execFile(program, ["--json", ...command], { maxBuffer: 1 << 26 }, (error, out, err) => {
      const text = out.trim() === "" ? err : out;
      try {
        const answer = JSON.parse(text);
        const reasons = answer.reasons ?? [answer.reason];
        const open = (answer.not_checked ?? []).map((said: { code: string }) => said.code);
        tell({ verdict: answer.verdict, reason: reasons[0]?.code, open, stamp: stampOf(answer.facts ?? {}) });
      } catch {
        fail(new Error(`${error?.message ?? ""} ${text}`));
      }
    });
  });
}

/** The page's answer, from its report. */
export function answerOf(report: Report): Answer {
  const open = report.notChecked.map((said) => said.code);
  const facts = Object.fromEntries(report.facts.map(({ code, value }) => [code, value]));
  return { verdict: report.verdict, reason: report.reasons[0]?.code, open, stamp: stampOf(facts) };
}

/** An accuracy that is not stated is a sentence of the program's, and another fact of the page's. */
function stampOf(facts: Readonly<Record<string, unknown>>): Record<string, string> {
  const known = STAMP_FACTS.flatMap((code) => {
    const value = facts[code];
    return typeof value === "string" && value.includes("/") ? [[code, value]] : [];
  });
  return Object.fromEntries(known);
}

/** Runs `count` checks, a few at a time; each run has a place of its own for its files. */
export async function inParallel(
  count: number,
  check: (place: string) => Promise<void>,
): Promise<void> {
  let next = 0;
  const run = async (place: string) => {
    while (next < count) {
      next += 1;
      await check(place);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => run(`${at}`)));
}
