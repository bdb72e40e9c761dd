/** Which unit is offered first. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Act } from "../../src/judge/report.ts";
import { choicesOf } from "../../src/page/story.ts";

test("the reader's own units come first, and those that failed before the others", () => {
  const act = (unit: string, verdict: string): Act => ({
    place: "aoi 1",
    index: "1",
    kind: "aoi-report",
    units: [unit],
    verdicts: [verdict],
    panel: "",
    claimed: "",
    seen: "",
    noEarlier: "",
    noLater: "",
    stamped: "",
    fileHash: "",
    supersedes: "",
    certificateHash: "",
    programHash: "",
    window: "",
    exhibit: undefined,
  });
  const acts = [act("SN1", "Passed"), act("SN2", "Failed"), act("SN3", "Passed"), act("SN4", "NG"), act("SN4", "Passed")];
  const order = (own: string[]) =>
    choicesOf(acts, new Set(own)).map(({ unit, isOwn, isFailed }) => `${unit}${isOwn ? "*" : ""}${isFailed ? "!" : ""}`);
  assert.deepEqual(order([]), ["SN2!", "SN4!", "SN1", "SN3"]);
  assert.deepEqual(order(["SN3", "SN4"]), ["SN4*!", "SN3*", "SN2!", "SN1"]);
});
