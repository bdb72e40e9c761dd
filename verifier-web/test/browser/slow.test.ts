/** Files on a slow disk: what was said of the ones before does not stand beside them while they are read. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { sha256 } from "../../src/crypto/sha256.ts";
import { encodeUtf8 } from "../../src/formats/encoding.ts";
import { makeBundle, partsOf, pinsFrom } from "../maker-bundle.ts";
import { anchor, POLICY, SIGNERS } from "../maker.ts";
import { Driver } from "./browser.ts";

const MADE = anchor("report.json", sha256(encodeUtf8("a report")));
const BUNDLE = makeBundle(partsOf("records", MADE));
const OWN = [
  { name: "policy", bytes: encodeUtf8(POLICY) },
  { name: "pins", bytes: encodeUtf8(pinsFrom(MADE)) },
];

async function withSlowReads(run: (driver: Driver) => Promise<void>): Promise<void> {
  const driver = await Driver.open();
  try {
    await driver.page.evaluate(() => {
      const read = Blob.prototype.arrayBuffer;
      Blob.prototype.arrayBuffer = async function () {
        await new Promise((done) => setTimeout(done, 400));
        return read.call(this);
      };
    });
    await run(driver);
    driver.assertQuiet();
  } finally {
    await driver.close();
  }
}

/** Drops a file and does not wait until it is read. */
async function drop(driver: Driver, name: string, bytes: Uint8Array): Promise<void> {
  const buffer = Buffer.from(bytes);
  await driver.page.locator("#choose").setInputFiles([{ name, mimeType: "application/zip", buffer }]);
}

test("a verdict goes as soon as other files are dropped, and the next one is theirs", () =>
  withSlowReads(async (driver) => {
    const { page } = driver;
    await driver.give({ name: "b.zip", bytes: BUNDLE }, ...OWN);
    assert.equal(await driver.verdict(), "VERIFIED");
    const altered = Uint8Array.from(BUNDLE, (byte, at) => (at === BUNDLE.length >> 1 ? byte ^ 1 : byte));
    await drop(driver, "b.zip", altered);
    assert.equal(await page.locator("#file-table").getAttribute("aria-busy"), "true");
    assert.equal(await page.locator("#verdict").count(), 0);
    assert.equal(await driver.verdict(), "REJECTED");
    assert.equal(await page.locator("#file-table").getAttribute("aria-busy"), null);
  }));

test("who asks while files are read is answered about them", () =>
  withSlowReads(async (driver) => {
    const { page } = driver;
    await driver.trust(POLICY, SIGNERS.source.vkey);
    await drop(driver, "b.zip", BUNDLE);
    await page.locator("#check").click();
    assert.equal(await page.locator("#verdict").count(), 0);
    assert.equal(await driver.verdict(), "VERIFIED");
    // Had it begun by itself, the focus would have stayed on the button.
    assert.equal(await page.evaluate(() => document.activeElement?.id), "verdict");
  }));
