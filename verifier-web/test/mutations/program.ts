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
}

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
        tell({ verdict: answer.verdict, reason: reasons[0]?.code, open });
      } catch {
        fail(new Error(`${error?.message ?? ""} ${text}`));
      }
    });
  });
}

/** The page's answer, from its report. */
export function answerOf(report: Report): Answer {
  const open = report.notChecked.map((said) => said.code);
  return { verdict: report.verdict, reason: report.reasons[0]?.code, open };
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
