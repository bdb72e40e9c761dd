/**
 * Disputes from end to end: a plant's files, the agent's one command, and the page in Chromium without any
 * server. How long thousands of units take is printed, and asserted nowhere.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

import { encodeUtf8 } from "../../src/formats/encoding.ts";
import { readBundle } from "../../src/formats/bundle.ts";
import { Refusal } from "../../src/formats/refusal.ts";
import { FileWindow } from "../../src/formats/window.ts";
import { judge } from "../../src/judge/verify.ts";
import { Factory, type Watch } from "../factory.ts";
import { Dice } from "../mutations/mutate.ts";
import { Driver } from "./browser.ts";

const BOARDS = 20;
const UNITS = Number(process.env["FIDUCIAL_UNITS"] ?? 5000);
const STATEMENTS = 60;
const LOT = "L010001";

const LINE: Watch[] = [
  { source: "line-01.example/oven", name: "profiler", mapping: "line-1-profile", path: "plant/files/line-01/profiler", ending: ".csv" },
  { source: "line-01.example/oven", name: "oven", mapping: "cfx", path: "plant/files/line-01/oven" },
  { source: "line-01.example/inspection", name: "program", mapping: "program-file", path: "plant/files/line-01/program" },
  ...["spi", "aoi", "review", "repair"].map((name) => {
    const oven = name === "aoi" ? { oven: "OVEN-01" } : {};
    return { source: "line-01.example/inspection", name, mapping: "cfx", path: `plant/files/line-01/${name}`, ...oven };
  }),
];

/** The members of the plant's account that are needed here. */
interface Truth {
  readonly panels: readonly { readonly lot: string; readonly units: readonly { readonly serial: string; readonly shipped: boolean }[] }[];
}

/** Gives every server up, and the bundle to the page. */
async function open(factory: Factory, name: string): Promise<Driver> {
  const driver = await Driver.open();
  await driver.page.locator("#choose").setInputFiles(factory.path(name));
  await driver.page.locator("#policy-file").setInputFiles(factory.path("policy"));
  await driver.page.locator("#pins-file").setInputFiles(factory.path("pins"));
  await driver.page.waitForFunction(() =>
    ["#policy", "#pins"].every((id) => document.querySelector<HTMLTextAreaElement>(id)?.value !== "")
  );
  return driver;
}

test("one command's bundle for twenty boards is verified by the page, with nobody to ask, and no other byte is", async () => {
  const factory = await Factory.start(LINE);
  try {
    // Only the site knows the zone of its profiler's clock.
    const mapping = factory.run("fiducial-agent", "mapping", "kic-like");
    const own = mapping.replace('name = "kic-like"', 'name = "line-1-profile"').replace('zone = "unknown"', 'zone = "+08:00"');
    factory.write("mappings/line-1-profile.toml", own);
    // The folders are there before the plant is: it wants to make its own.
    factory.run("fiducial-plant", "run", "--out", "made", "--scale", "hour", "--hours", "3", "--faults", "none");
    shell(factory, "cp -r made/files/. plant/files/");
    factory.state();
    const truth: Truth = JSON.parse(factory.text("made/truth.json"));
    const lots = [...new Set(truth.panels.map(({ lot }) => lot))];
    const serials = lots.map((lot) =>
      truth.panels.filter((panel) => panel.lot === lot).flatMap(({ units }) =>
        units.filter(({ shipped }) => shipped).map(({ serial }) => nameOf(serial))
      )
    );
    const units = serials.find((all) => all.length >= BOARDS)?.slice(0, BOARDS) ?? [];
    assert.equal(units.length, BOARDS);
    factory.write("in-dispute", `${[...new Set(units)].join("\n")}\n`);
    const words = ["--units", "in-dispute", "--evidence", "--context", "--bundle", "dispute.zip"];
    factory.run("fiducial-agent", "disclose", "--vault", "vault", ...words);
    factory.write("pins", factory.pins());
    await factory.stop();

    const said = factory.run("fiducial", "bundle", "verify", "dispute.zip", "--policy", "policy", "--pins", "pins");
    assert.ok(said.startsWith("VERIFIED"), said);
    const driver = await open(factory, "dispute.zip");
    try {
      assert.equal(await driver.check(), "VERIFIED");
      await driver.page.waitForFunction(() => !document.querySelector("[aria-busy]"));
      await driver.picture("dispute-en");
      await driver.paper("dispute-en");
      assert.ok((await driver.page.locator(".acts tbody tr").count()) > 1);
      assert.ok((await driver.page.locator(".curve svg[role=img] path").count()) > 0, "the reflow curve");
      await driver.page.locator("#zh").click();
      await driver.page.waitForFunction(() => !document.querySelector("[aria-busy]"));
      await driver.picture("dispute-zh");
      await driver.page.locator("#en").click();
      await everyOtherByte(driver, factory.read("dispute.zip"));
      driver.assertQuiet();
    } finally {
      await driver.close();
    }
  } finally {
    await factory.close();
  }
});

/** What reports call a board: the panel's name where it has no code of its own. */
function nameOf(serial: string): string {
  return serial.startsWith("SN") ? serial : serial.replace(/-\d+$/, "");
}

/** Bytes changed at random: a hundred times in the page's code, a few times in the page itself. */
async function everyOtherByte(driver: Driver, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const dice = new Dice(11);
  const changed = () => {
    const at = dice.below(bytes.length);
    const copy = bytes.slice();
    copy[at] = (copy[at] ?? 0) ^ (1 << dice.below(8));
    return { at, copy };
  };
  for (let count = 0; count < 100; count += 1) {
    const { at, copy } = changed();
    const read = readBundle(new FileWindow(new Blob([copy])), () => {});
    await assert.rejects(read, Refusal, `byte ${at}`);
  }
  for (let count = 0; count < 12; count += 1) {
    const { at, copy } = changed();
    await driver.give({ name: "dispute.zip", bytes: copy });
    // Where the first bytes were changed it is no longer taken for a bundle.
    const isTakenAsBundle = await driver.page.locator("#files select").inputValue();
    const want = isTakenAsBundle === "bundle" ? "REJECTED" : "COULD NOT TELL";
    assert.equal(await driver.check(), want, `byte ${at}`);
  }
}

test("no byte of a small bundle can be another: its ends and a thousand others, in the page's code", async () => {
  const factory = await Factory.start([{ source: "line-9.example/aoi", name: "reports", mapping: "attachment", path: "reports" }]);
  try {
    factory.write("reports/report.json", "{}");
    factory.state();
    const between = ["--between", "2020-01-01T00:00:00Z", "2200-01-01T00:00:00Z"];
    factory.run("fiducial-agent", "disclose", "--vault", "vault", ...between, "--evidence", "--bundle", "small.zip");
    const bytes = factory.read("small.zip");
    const given = {
      files: [{ name: "small.zip", role: "bundle" as const, blob: new Blob([bytes]) }],
      policy: factory.read("policy"),
      keys: "",
      pins: encodeUtf8(factory.pins()),
      lotKeys: "",
      units: new Uint8Array(),
    };
    assert.equal((await judge(given, () => {})).verdict, "verified");
    const dice = new Dice(5);
    const ends = Array.from({ length: 100 }, (_, at) => [at, bytes.length - 1 - at]).flat();
    // Every byte of such a bundle is tried by `tests/tests/end_to_end/disputes.rs`.
    for (const at of [...ends, ...Array.from({ length: 1000 }, () => dice.below(bytes.length))]) {
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      const read = readBundle(new FileWindow(new Blob([bytes])), () => {});
      await assert.rejects(read, Refusal, `byte ${at}`);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
    }
  } finally {
    await factory.close();
  }
});

test("a range over thousands of units is judged while the progress moves", async (context) => {
  const source = "line-1.example/aoi";
  const factory = await Factory.start([{ source, name: "reports", mapping: "cfx", path: "reports" }]);
  try {
    factory.run("fiducial-agent", "lot-key", LOT, "--vault", "vault", "--out", "lot.key");
    factory.run("fiducial-plant", "bulk", "--out", "all", "--count", `${Math.ceil(UNITS / 6)}`);
    const names = shell(factory, "find all -name '*.json' | sort").trim().split("\n");
    const units: string[] = [];
    for (let at = 0; at < STATEMENTS; at += 1) {
      const until = (turn: number) => Math.floor((turn * names.length) / STATEMENTS);
      for (const name of names.slice(until(at), until(at + 1))) {
        const report: unknown = JSON.parse(factory.text(name));
        units.push(...serialsIn(report));
        factory.write(`reports/${name.split("/").at(-1)}`, factory.read(name));
      }
      factory.state();
    }
    const words = ["--lot", LOT, "--range", `0..${STATEMENTS - 1}`, "--evidence", "--bundle", "dispute.zip"];
    factory.run("fiducial-agent", "disclose", "--vault", "vault", ...words);
    factory.write("pins", factory.pins());
    await factory.stop();
    const driver = await open(factory, "dispute.zip");
    try {
      factory.write("units", `${[...new Set(units)].join("\n")}\n`);
      await driver.page.locator("#lot-keys-file").setInputFiles(factory.path("lot.key"));
      await driver.page.locator("#units-file").setInputFiles(factory.path("units"));
      await driver.page.waitForFunction(() => document.querySelector<HTMLTextAreaElement>("#units")?.value !== "");
      // It has begun by itself with each file; what is watched is one judgement from its beginning.
      await driver.verdict();
      await driver.page.evaluate(() => {
        const seen: number[] = [];
        const progress = document.querySelector<HTMLProgressElement>("#progress");
        Object.assign(window, { seen });
        const look = () => {
          if (progress && !progress.hidden && progress.value !== seen.at(-1)) seen.push(progress.value);
          requestAnimationFrame(look);
        };
        look();
      });
      const started = performance.now();
      assert.equal(await driver.check(), "VERIFIED");
      const seconds = (performance.now() - started) / 1000;
      const seen = await driver.page.evaluate(() => (window as unknown as { seen: number[] }).seen);
      assert.ok(seen.length > 3, `the progress stood still: ${seen.join()}`);
      assert.ok(seen.every((value, at) => at === 0 || value >= (seen[at - 1] ?? 0)), seen.join());
      const megabytes = (factory.read("dispute.zip").length / 1e6).toFixed(1);
      context.diagnostic(`${new Set(units).size} units, ${STATEMENTS} statements, ${megabytes} MB: ${seconds.toFixed(1)} s in Chromium`);
      await driver.picture("units-en");
      driver.assertQuiet();
    } finally {
      await driver.close();
    }
  } finally {
    await factory.close();
  }
});

function serialsIn(report: unknown): string[] {
  const { MessageBody } = report as { MessageBody: { InspectedUnits: { UnitIdentifier: string }[] } };
  return MessageBody.InspectedUnits.map((unit) => unit.UnitIdentifier);
}

/** A command of the system's shell, in the factory's folder. */
function shell(factory: Factory, command: string): string {
  return execFileSync("sh", ["-c", command], { cwd: factory.path("."), encoding: "utf8" });
}
