/** The parts of an unpacked bundle, dropped as they lie in its folder. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { sha256 } from "../../src/crypto/sha256.ts";
import { encodeUtf8 } from "../../src/formats/encoding.ts";
import { FileWindow } from "../../src/formats/window.ts";
import { readZip } from "../../src/formats/zip.ts";
import { makeBundle, partsOf } from "../maker-bundle.ts";
import { anchor } from "../maker.ts";
import { Driver } from "./browser.ts";

test("an unpacked bundle is called that where it can be seen, however many parts it has", async () => {
  const driver = await Driver.open();
  try {
    const { page } = driver;
    const text = (name: string, bytes: string) => ({ name, bytes: encodeUtf8(bytes) });
    const bundle = makeBundle(partsOf("records", anchor("report.json", sha256(encodeUtf8("a report")))));
    const { parts } = await readZip(new FileWindow(new Blob([new Uint8Array(bundle)])), () => {});
    const files = parts.map(({ path, start, size }) => ({ name: path.split("/").at(-1) ?? "", bytes: bundle.slice(start, start + size) }));
    const more = Array.from({ length: 60 }, (_, at) => text(`${at}.txt`, "something"));
    await driver.give(...more, ...files);
    const status = page.getByRole("status");
    assert.match(await status.innerText(), /This is an unpacked bundle: drop the zip as it came, or check the folder with the program/);
    const box = await status.boundingBox();
    const height = await page.evaluate(() => innerHeight);
    assert.ok(box && box.y >= 0 && box.y < height, `${box?.y} of ${height}`);
    assert.equal(await page.locator("#verdict").count(), 0);
    driver.assertQuiet();
  } finally {
    await driver.close();
  }
});
