/**
 * The judgement in a thread of its own, so that the page stays alive while gigabytes are hashed.
 *
 * The page is one file, so the worker's program is the page's own script: `main.ts` decides by what
 * it finds itself in. What goes to and fro are values.
 */

import type { Given, Progress } from "../judge/given.ts";
import type { Report } from "../judge/report.ts";
import { judge } from "../judge/verify.ts";

/** What the worker says. */
export type Told =
  | { readonly done: number; readonly total: number }
  | { readonly report: Report };

/** A judgement that is under way. */
export interface Judging {
  readonly report: Promise<Report>;
  stop(): void;
}

/** Runs inside the worker. */
export function serve(): void {
  const tell = (told: Told) => postMessage(told);
  addEventListener("message", (event: MessageEvent<Given>) => {
    void judge(event.data, (done, total) => tell({ done, total })).then((report) =>
      tell({ report })
    );
  });
}

/**
 * Starts a judgement in a worker; `script` is the text of the page's script. A browser that starts no
 * worker for a page from disk judges in the page itself, which then answers late.
 */
export function judgeInWorker(script: string, given: Given, progress: Progress): Judging {
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const worker = start(address);
  if (!worker) {
    URL.revokeObjectURL(address);
    return { report: judge(given, progress), stop: () => {} };
  }
  const stop = () => {
    worker.terminate();
    URL.revokeObjectURL(address);
  };
  const report = new Promise<Report>((settle) => {
    worker.addEventListener("message", ({ data }: MessageEvent<Told>) => {
      if (!("report" in data)) return progress(data.done, data.total);
      stop();
      settle(data.report);
    });
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      stop();
      settle(judge(given, progress));
    });
    worker.postMessage(given);
  });
  return { report, stop };
}

function start(address: string): Worker | undefined {
  try {
    return new Worker(address);
  } catch {
    return undefined;
  }
}
