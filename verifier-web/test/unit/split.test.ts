/** The vectors of splits, judged by this implementation. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { parseKey } from "../../src/formats/key.ts";
import { formatSplit, parseSplit } from "../../src/formats/split.ts";
import { proveSplit } from "../../src/judge/split.ts";
import { outcome, vectors } from "../vector.ts";

test("splits", async () => {
  for (const vector of vectors("split")) {
    const keys = vector.all("key").map(parseKey);
    vector.expect(await outcome(async () => {
      const split = parseSplit(vector.body);
      assert.deepEqual(formatSplit(split), vector.body, vector.path);
      await proveSplit(split, keys);
    }));
  }
});
