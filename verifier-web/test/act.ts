/** Acts for tests: everything that a test does not care about is empty. */

import type { Act } from "../src/judge/report.ts";

export function actOf(changed: Partial<Act>): Act {
  return {
    place: "aoi 1",
    index: "1",
    kind: "aoi-report",
    units: [],
    verdicts: [],
    panel: "",
    claimed: "",
    claimedMillis: "",
    orderMillis: "",
    seen: "",
    defects: "",
    attempt: "",
    late: "",
    verdictsBefore: [],
    about: "",
    follows: "",
    fileHash: "",
    supersedes: "",
    certificateHash: "",
    program: "",
    programHash: "",
    isVersionless: false,
    window: "",
    noEarlier: "",
    noLater: "",
    stamped: "",
    exhibit: undefined,
    ...changed,
  };
}

/** What one record says of one board: no unit and no word where these are empty. */
export const actOn = (unit: string, kind: string, verdict: string, index: string, more: Partial<Act> = {}): Act =>
  actOf({ units: unit === "" ? [] : [unit], kind, verdicts: verdict === "" ? [] : [verdict], index, ...more });
