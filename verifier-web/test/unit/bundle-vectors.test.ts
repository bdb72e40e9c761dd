/** The vectors of bundles and pins, judged by this implementation. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { readBundle } from "../../src/formats/bundle.ts";
import { encodeUtf8 } from "../../src/formats/encoding.ts";
import { formatPins, parsePins } from "../../src/formats/pins.ts";
import { FileWindow } from "../../src/formats/window.ts";
import { outcome, vectors } from "../vector.ts";

test("bundles", async () => {
  for (const vector of vectors("bundle")) {
    const file = new FileWindow(new Blob([new Uint8Array(vector.body)]));
    const have = await outcome(() => readBundle(file, () => {}));
    // Where two faults of one kind are as good as each other, a vector names the kind alone.
    const want = vector.one("expect");
    assert.ok(have === want || have.startsWith(`${want} `), `${vector.path}: ${have}, not ${want}`);
  }
});

test("pins", async () => {
  for (const vector of vectors("pins")) {
    vector.expect(await outcome(() => {
      const written = formatPins(parsePins(vector.body));
      assert.equal(formatPins(parsePins(encodeUtf8(written))), written, vector.path);
    }));
  }
});
