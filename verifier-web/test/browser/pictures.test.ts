/** Pictures of evidence in Chromium: what lies where, in which words, and of what there is none. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { sha256 } from "../../src/crypto/sha256.ts";
import { encodeUtf8 } from "../../src/formats/encoding.ts";
import { encodeHex } from "../../src/formats/hex.ts";
import { makeBundle, makeRange, partsOf, pinsFrom } from "../maker-bundle.ts";
import { POLICY, SIGNERS, anchor } from "../maker.ts";
import { ROOT } from "../vector.ts";
import { Driver } from "./browser.ts";

const sample = (path: string) => new Uint8Array(readFileSync(join(ROOT, path)));

/** Opens the page with one anchored file, checks it, and looks. */
async function look(
  name: string,
  bytes: Uint8Array,
  act: (driver: Driver) => Promise<void>,
  values: ReadonlyMap<string, string> = new Map(),
): Promise<void> {
  const made = anchor(name, sha256(bytes), { values });
  const driver = await Driver.open();
  try {
    await driver.give(
      { name: `${name}.tlog-proof`, bytes: made.receipt },
      { name: `${name}.disclosure.json`, bytes: made.disclosure },
      { name, bytes },
    );
    await driver.trust(POLICY, SIGNERS.source.vkey);
    assert.equal(await driver.check(), "VERIFIED");
    await driver.page.waitForFunction(() => !document.querySelector("[aria-busy]"));
    await act(driver);
    driver.assertQuiet();
  } finally {
    await driver.close();
  }
}

/** The middle of a mark and the corners of the frame, in the drawing's own units. */
async function drawingOf(driver: Driver, number: number) {
  return driver.page.evaluate((mark) => {
    const box = (element: Element | null) => {
      if (!(element instanceof SVGGraphicsElement)) throw new Error("there is no such mark");
      const { x, y, width, height } = element.getBBox();
      return { x, y, width, height };
    };
    const shape = document.querySelector(`[data-mark="${mark}"] > rect, [data-mark="${mark}"] > circle`);
    return { mark: box(shape), frame: box(document.querySelector(".board svg > rect")) };
  }, number);
}

test("defects are drawn where the file says that they are, with their parts", async () => {
  const values = new Map([["units", "PNL0099123\n"], ["verdict", "Failed\n"], ["attempt", "1"]]);
  await look("aoi-panel-failed.json", sample("tests/samples/aoi-panel-failed.json"), async (driver) => {
    const result = await driver.result();
    for (const said of [
      "C14", "U2.11-12", "Tombstone, TMB01, C14 standing on its left pad", "93.5 %", "not yet judged",
      "41.90; 19.10 (file)", "No outline is known", "Optical inspection (AOI), attempt 1",
    ]) assert.ok(result.includes(said), said);
    // C14 spans 41.3 to 42.5 and 18.7 to 19.5, U2 62.1 to 63.3 and 33.4 to 34.2: their box is the frame.
    const { mark, frame } = await drawingOf(driver, 1);
    const [x, y] = [mark.x + mark.width / 2, mark.y + mark.height / 2];
    const factor = frame.width / (63.3 - 41.3);
    assert.ok(Math.abs(x - (frame.x + 0.6 * factor)) < 0.6, `${x}`);
    assert.ok(Math.abs(y - (frame.y + frame.height - 0.4 * factor)) < 0.6, `${y}`);
    await driver.picture("story-aoi-en");
    await driver.paper("story-aoi-en");
    await driver.page.locator("#zh").click();
    await driver.page.waitForFunction(() => !document.querySelector("[aria-busy]"));
    assert.ok((await driver.result()).includes("尚未判定"));
    await driver.picture("story-aoi-zh");
  }, values);
});

test("Saki-like calls without positions are listed, and not drawn", () =>
  look("saki.xml", sample("evidence-agent/tests/samples/saki-like.xml"), async (driver) => {
    const result = await driver.result();
    for (const said of ["C14", "tombstone", "false call", "The file states no positions"]) {
      assert.ok(result.includes(said), said);
    }
    assert.equal(await driver.page.locator(".board svg").count(), 0);
    await driver.picture("story-saki-en");
  }, new Map([["units", "PNL0099123\n"], ["verdict", "Fail\n"]])));

test("XML with a document type is not read at all", async () => {
  const text = new TextDecoder().decode(sample("evidence-agent/tests/samples/saki-like.xml"));
  const nasty = text.replace("<Panel", '<!DOCTYPE Panel [<!ENTITY e "&#60;b>">]>\n<Panel');
  await look("saki.xml", encodeUtf8(nasty), async (driver) => {
    assert.match(await driver.result(), /no picture for a file of this form/);
  });
});

const CERTIFICATE = new Map([["units", "PNL0099123\n"], ["verdict", "Pass\n"]]);

/** Half-second samples of two thermocouples, as a KIC-like file with figures and limits has them. */
function kicTrace(): Uint8Array {
  const at = (time: number, shift: number) => {
    const corners = [[0, 25], [80, 150], [165, 200], [205, 243 + shift], [215, 243 + shift], [300, 60]] as const;
    const after = Math.max(1, corners.findIndex(([until]) => until >= time));
    const [[t0, c0], [t1, c1]] = [corners[after - 1], corners[after]] as [readonly [number, number], readonly [number, number]];
    return (c0 + ((c1 - c0) * (time - t0)) / (t1 - t0)).toFixed(1);
  };
  const rows = Array.from({ length: 600 }, (_, step) => {
    const second = step > 20 && step < 24 ? "*OC*" : at(step / 2, -4);
    return `${(step / 2).toFixed(1)},${at(step / 2, 0)},${second}`;
  });
  return encodeUtf8([
    "Oven: OVEN3", "Process Window: PASTE_X", "PWI: 71.2", "Result: Pass",
    "Rising slope (°C/s): 1.0,3.0,1.56,1.56", "Soak 150-200 (s): 60.0,120.0,85.0,85.0",
    "Peak (°C): 235.0,250.0,243.00,239.00", "Above 217 (s): 40.0,90.0,45.90,40.10",
    "Time (s),TC1 BGA,TC2 board", ...rows, "",
  ].join("\r\n"));
}

test("a reflow curve stands against its window, with figures stated and computed", () =>
  look("P-1.csv", kicTrace(), async (driver) => {
    const result = await driver.result();
    for (const said of ["TC1 BGA", "71.2", "235 … 250", "243.00", "243.0", "as stated", "computed", "3 × *OC*"]) {
      assert.ok(result.includes(said), said);
    }
    assert.equal(await driver.page.locator(".curve svg[role=img] path").count(), 2);
    await driver.picture("story-curve-en");
    await driver.paper("story-curve-en");
    await driver.page.locator("#zh").click();
    await driver.page.waitForFunction(() => !document.querySelector("[aria-busy]"));
    await driver.picture("story-curve-zh");
  }, CERTIFICATE));

test("decimal commas, cells without a number and gaps are shown for what they are", () =>
  look("datapaq.csv", sample("evidence-agent/tests/samples/datapaq-like.csv"), async (driver) => {
    const result = await driver.result();
    for (const said of ["Kanal 2", "241.7", "gap in the curve", "1 × *OC*", "1 × ***"]) {
      assert.ok(result.includes(said), said);
    }
  }, CERTIFICATE));

test("a deposit of solder paste that is not good is drawn with its figures", () => {
  const text = readFileSync(join(ROOT, "tests/samples/spi-panel.json"), "utf8");
  const [at, word] = [text.lastIndexOf('"Result": "Passed"'), '"Result": "Passed"'];
  const failed = `${text.slice(0, at)}"Result": "Failed"${text.slice(at + word.length)}`;
  return look("spi.json", encodeUtf8(failed), async (driver) => {
    const result = await driver.result();
    for (const said of ["U2.11", "Failed; volume 0.104 / 0.098 = 106 %", "62.14; 33.41 (file)"]) {
      assert.ok(result.includes(said), said);
    }
    assert.ok(result.includes("Deposits of solder paste measured: 3"));
  }, new Map([["units", "PNL0099123\n"], ["verdict", "Passed\n"]]));
});

test("an oven's zones are drawn, and that there is no curve is said", () =>
  look("oven.json", sample("tests/samples/reflow-profile.json"), async (driver) => {
    const result = await driver.result();
    assert.ok(result.includes("no thermocouple curve"));
    assert.ok(result.includes("Top 148.9, Bottom 150.1"));
    assert.ok(result.includes("Also, in the file's words"));
    await driver.picture("story-zones-en");
  }, CERTIFICATE));

test("what files say cannot dress up as the page", () => {
  const nasty = "<img src=x onerror=alert(1)>\\u202e";
  const text = `{"InspectedUnits": [{"UnitIdentifier": "PNL", "UnitPositionNumber": 1, "OverallResult": "${nasty}",
    "Inspections": [{"DefectsFound": [{"DefectCode": "${nasty}", "Verification": "${nasty}",
    "ComponentOfInterest": {"ReferenceDesignator": "${nasty}", "UnitPosition": {"X": 1, "Y": 1}}}]}]}]}`;
  return look("nasty.json", encodeUtf8(text), async (driver) => {
    assert.equal(await driver.page.locator("#result img").count(), 0);
    assert.ok((await driver.result()).includes("\\u{202e}"));
  }, new Map([["units", "PNL\n"], ["verdict", "Failed\n"]]));
});

test("a bundle tells each unit's own story, and a rejected one none", async () => {
  const report = sample("tests/samples/aoi-panel-failed.json");
  const second = sample("tests/samples/aoi-panel-second-attempt.json");
  const [hash, other] = [sha256(report), sha256(second)];
  const made = makeRange(hash, {
    valuesAt: (sequence) => {
      const isSecond = sequence === 21n;
      return new Map([
        ["units", sequence === 22n ? "SN-1\nSN-2\n" : "SN-1\n"],
        ["verdict", sequence === 22n ? "Passed\nPassed\n" : isSecond ? "Passed\n" : "Failed\n"],
        ["seen", `2026-11-26T00:${Number(sequence)}:00Z`],
        ...(isSecond ? [["attempt", "2"] as const] : []),
        ["file/sha256", encodeHex(isSecond ? other : hash)],
      ]);
    },
  });
  const [first] = made;
  assert.ok(first);
  const range = made.flatMap((one, at) => [...partsOf("range", one, at === made.length - 1)]);
  const evidence = new Map([[`evidence/${encodeHex(hash)}`, report], [`evidence/${encodeHex(other)}`, second]]);
  const bytes = makeBundle(new Map(range), evidence);
  const driver = await Driver.open();
  try {
    await driver.give({ name: "dispute.zip", bytes });
    await driver.trust(POLICY, "");
    await driver.page.locator("#pins").fill(pinsFrom(first));
    assert.equal(await driver.check(), "VERIFIED");
    const rows = driver.page.locator(".acts tbody tr");
    assert.equal(await rows.count(), 3);
    assert.match(await rows.nth(1).innerText(), /Optical inspection \(AOI\), attempt 2/);
    assert.equal(await driver.page.locator(".acts tr.failed").count(), 1);
    const words = await driver.page.locator(".last-words").innerText();
    assert.match(words, /Inspection \(AOI\), last verdict as stated\s+Passed\s+a machine said failed/);
    await driver.page.waitForFunction(() => !document.querySelector("[aria-busy]"));
    await driver.picture("story-bundle-en");
    await driver.page.locator("#unit").selectOption("SN-2");
    assert.equal(await rows.count(), 1);
    const changed = bytes.slice();
    changed[6000] = (changed[6000] ?? 0) ^ 1;
    await driver.give({ name: "dispute.zip", bytes: changed });
    assert.equal(await driver.check(), "REJECTED");
    assert.equal(await driver.page.locator(".acts, .picture, svg").count(), 0);
    driver.assertQuiet();
  } finally {
    await driver.close();
  }
});

test("limits that a profile does not state are drawn from the enclosed recipe with its window", async () => {
  const recipe = encodeUtf8("OvenRecipe,A\r\nWindow,PASTE_X\r\nFigure,Low,High,Unit\r\nPeak,232.0,247.0,C\r\n");
  const trace = encodeUtf8("Oven: OVEN3\r\nTime (s),TC1\r\n0.0,25.0\r\n0.5,26.0\r\n1.0,27.0\r\n");
  const [hash, other] = [sha256(trace), sha256(recipe)];
  const said = async (window: string) => {
    const made = makeRange(hash, {
      valuesAt: (sequence) => {
        const isRecipe = sequence === 20n;
        return new Map([
          ["kind", isRecipe ? "program" : "reflow-certificate"],
          ["units", isRecipe ? "" : "SN-1\n"],
          ["verdict", isRecipe ? "" : "Pass\n"],
          ["file/sha256", encodeHex(isRecipe ? other : hash)],
          ...(isRecipe ? [] : [["window", window] as const]),
        ]);
      },
    });
    const [first] = made;
    assert.ok(first);
    const range = made.flatMap((one, at) => [...partsOf("range", one, at === made.length - 1)]);
    const evidence = new Map([[`evidence/${encodeHex(hash)}`, trace], [`evidence/${encodeHex(other)}`, recipe]]);
    const driver = await Driver.open();
    try {
      await driver.give({ name: "dispute.zip", bytes: makeBundle(new Map(range), evidence) });
      await driver.trust(POLICY, "");
      await driver.page.locator("#pins").fill(pinsFrom(first));
      assert.equal(await driver.check(), "VERIFIED");
      await driver.page.waitForFunction(() => !document.querySelector("[aria-busy]"));
      driver.assertQuiet();
      return await driver.result();
    } finally {
      await driver.close();
    }
  };
  const named = await said("PASTE_X");
  for (const one of ["232 … 247", "oven recipe whose window has the same name: PASTE_X", "Window: 247 °C"]) {
    assert.ok(named.includes(one), one);
  }
  const others = await said("PASTE_Y");
  assert.ok(others.includes("TC1") && !others.includes("232 … 247"));
});
