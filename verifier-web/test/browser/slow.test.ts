/**
 * Files that are read slowly, or not at all: what was said of the ones before does not stand beside them, and what is
 * asked meanwhile is answered about them. Reads wait here until the test lets them go, however fast the machine is.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import { sha256 } from "../../src/crypto/sha256.ts";
import { encodeUtf8 } from "../../src/formats/encoding.ts";
import { makeBundle, partsOf, pinsFrom } from "../maker-bundle.ts";
import { anchor, POLICY, SIGNERS } from "../maker.ts";
import { Driver } from "./browser.ts";

const MADE = anchor("report.json", sha256(encodeUtf8("a report")));
const BUNDLE = makeBundle(partsOf("records", MADE));
const ALTERED = Uint8Array.from(BUNDLE, (byte, at) => (at === BUNDLE.length >> 1 ? byte ^ 1 : byte));
const OWN = [
  { name: "policy", bytes: encodeUtf8(POLICY) },
  { name: "pins", bytes: encodeUtf8(pinsFrom(MADE)) },
];

/** What the reads of the page do. */
type Reads = "go" | "wait" | "fail";

interface Held {
  reads: Reads;
  waiting: (() => void)[];
}

async function withReads(run: (driver: Driver, reads: (mode: Reads) => Promise<void>) => Promise<void>): Promise<void> {
  const driver = await Driver.open();
  try {
    await driver.page.evaluate(() => {
      const held: Held = { reads: "go", waiting: [] };
      Object.assign(window, { held });
      const read = Blob.prototype.arrayBuffer;
      Blob.prototype.arrayBuffer = async function () {
        // Whole files alone: by their beginning they are still told apart.
        if (held.reads === "fail" && this instanceof File) throw new DOMException("gone", "NotReadableError");
        if (held.reads === "wait") await new Promise<void>((go) => held.waiting.push(go));
        return read.call(this);
      };
    });
    await run(driver, (mode) =>
      driver.page.evaluate((mode) => {
        const { held } = window as unknown as { held: Held };
        held.reads = mode;
        if (mode === "go") held.waiting.splice(0).forEach((go) => go());
      }, mode));
    driver.assertQuiet();
  } finally {
    await driver.close();
  }
}

/** Chooses a file and does not wait until it is read. */
async function choose(driver: Driver, name: string, bytes: Uint8Array, id = "choose"): Promise<void> {
  const buffer = Buffer.from(bytes);
  await driver.page.locator(`#${id}`).setInputFiles([{ name, mimeType: "application/octet-stream", buffer }]);
}

const isBusy = (driver: Driver) => driver.page.locator("#file-table").getAttribute("aria-busy");
const status = (driver: Driver) => driver.page.getByRole("status").innerText();
const focus = (driver: Driver) => driver.page.evaluate(() => document.activeElement?.id);
const verdicts = (driver: Driver) => driver.page.locator("#verdict").count();

test("a verdict goes as soon as other files are given, and the next one is theirs", () =>
  withReads(async (driver, reads) => {
    await driver.give({ name: "b.zip", bytes: BUNDLE }, ...OWN);
    assert.equal(await driver.verdict(), "VERIFIED");
    await reads("wait");
    await choose(driver, "b.zip", ALTERED);
    assert.deepEqual([await verdicts(driver), await isBusy(driver), await status(driver)], [0, "true", "Reading the files…"]);
    await reads("go");
    assert.equal(await driver.verdict(), "REJECTED");
    assert.equal(await isBusy(driver), null);
    await driver.give({ name: "b.zip", bytes: BUNDLE });
    assert.equal(await driver.verdict(), "VERIFIED");
    // The same for a field's own button.
    await reads("wait");
    await driver.unfold();
    await choose(driver, "other", encodeUtf8(POLICY.replace("2 factory-any", "all factory-any")), "policy-file");
    assert.deepEqual([await verdicts(driver), await isBusy(driver)], [0, "true"]);
    await driver.page.locator("#check").click();
    await reads("go");
    assert.equal(await driver.verdict(), "REJECTED");
  }));

test("of two files of one name that which was given last counts, whichever is read first", () =>
  withReads(async (driver, reads) => {
    await driver.give(...OWN);
    await reads("wait");
    await choose(driver, "b.zip", ALTERED);
    await driver.page.evaluate(() => {
      (window as unknown as { held: Held }).held.reads = "go";
    });
    await choose(driver, "b.zip", BUNDLE);
    assert.equal(await verdicts(driver), 0);
    await reads("go");
    assert.equal(await driver.verdict(), "VERIFIED");
  }));

test("who asks while files are read is answered about them", () =>
  withReads(async (driver, reads) => {
    await driver.trust(POLICY, SIGNERS.source.vkey);
    await reads("wait");
    await choose(driver, "b.zip", BUNDLE);
    await driver.page.locator("#check").click();
    assert.deepEqual([await verdicts(driver), await status(driver)], [0, "Reading the files…"]);
    await reads("go");
    assert.equal(await driver.verdict(), "VERIFIED");
    // Had it begun by itself, the focus would have stayed on the button.
    assert.equal(await focus(driver), "verdict");
  }));

test("who asks and then types is left where he types", () =>
  withReads(async (driver, reads) => {
    await driver.trust(POLICY, "");
    await reads("wait");
    await choose(driver, "b.zip", BUNDLE);
    await driver.page.locator("#check").click();
    await driver.page.locator("#keys").fill(SIGNERS.source.vkey);
    await reads("go");
    assert.equal(await driver.verdict(), "VERIFIED");
    assert.equal(await focus(driver), "keys");
  }));

test("a file that cannot be read is named, is used nowhere, and stands in no other's way", () =>
  withReads(async (driver, reads) => {
    const [policy, pins] = OWN;
    assert.ok(policy && pins);
    await driver.give({ name: "b.zip", bytes: BUNDLE }, pins);
    await reads("fail");
    await choose(driver, policy.name, policy.bytes);
    await driver.page.waitForFunction(() => document.querySelector("#status")?.textContent?.startsWith("policy cannot be read"));
    assert.deepEqual([await verdicts(driver), await isBusy(driver)], [0, null]);
    assert.equal(await driver.page.locator("#policy").inputValue(), "");
    assert.equal(await driver.page.getByLabel("What policy is taken as", { exact: true }).inputValue(), "unused");
    await driver.unfold();
    await choose(driver, "other", policy.bytes, "policy-file");
    await driver.page.waitForFunction(() => document.querySelector("#status")?.textContent?.startsWith("other cannot be read"));
    await reads("go");
    await choose(driver, policy.name, policy.bytes);
    assert.equal(await driver.verdict(), "VERIFIED");
    // Removed one after the other, they are counted, and none is told as well.
    for (const left of ["2 files", "1 file", "0 files"]) {
      await driver.page.getByRole("button", { name: /^Remove / }).first().click();
      await driver.page.waitForFunction((said) => document.querySelector("#status")?.textContent?.startsWith(said), left);
    }
  }));
