/** The page in Chromium: verdicts, both languages, large files, the keyboard, and silence. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";

import { hashBlob, sha256 } from "../../src/crypto/sha256.ts";
import { encodeHex } from "../../src/formats/hex.ts";
import { makeBundle, makeRange, partsOf, pinsFrom } from "../maker-bundle.ts";
import { POLICY, SIGNERS, anchor } from "../maker.ts";
import { ROOT } from "../vector.ts";
import { Driver, PAGE_FILE, type Dropped } from "./browser.ts";

const NAME = "aoi-panel-failed.json";
const REPORT = new Uint8Array(readFileSync(join(ROOT, "tests/samples", NAME)));
const EVIDENCE = anchor(NAME, sha256(REPORT));
const KEYS = SIGNERS.source.vkey;

const GOOD: Dropped[] = [
  { name: `${NAME}.tlog-proof`, bytes: EVIDENCE.receipt },
  { name: `${NAME}.disclosure.json`, bytes: EVIDENCE.disclosure },
  { name: NAME, bytes: REPORT },
];

const folder = mkdtempSync(join(tmpdir(), "fiducial-page-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Opens the page, does something with it, and closes it; it must have been quiet throughout. */
async function withPage(act: (driver: Driver) => Promise<void>, locale?: string): Promise<void> {
  const driver = await Driver.open(locale);
  try {
    await act(driver);
    driver.assertQuiet();
  } finally {
    await driver.close();
  }
}

function changed(name: string, change: (bytes: Uint8Array) => void): Dropped[] {
  return GOOD.map((one) => {
    if (one.name !== name) return one;
    const bytes = one.bytes.slice();
    change(bytes);
    return { name, bytes };
  });
}

test("a good receipt is verified, verdict first, in English", () =>
  withPage(async (driver) => {
    await driver.picture("start-en");
    await driver.give(...GOOD);
    await driver.trust(POLICY, KEYS);
    await driver.picture("ready-en");
    assert.equal(await driver.check(), "VERIFIED");
    const result = await driver.result();
    assert.ok(result.startsWith("✓\nVERIFIED"), result.slice(0, 40));
    for (const said of [
      `${NAME} is, byte for byte, the file of record 1 (aoi-report).`,
      "2026-09-21 14:13:40\u00a0UTC, by the word of the witnesses",
      "Whether the machine told the truth.",
      "Whether this is all",
    ]) assert.ok(result.includes(said), said);
    const focused = await driver.page.evaluate(() => document.activeElement?.id);
    assert.equal(focused, "verdict");
    await driver.picture("verified-en");
    await driver.paper("verified-en");
  }));

test("the same in Chinese, as the browser asks for, and switched on the page", () =>
  withPage(async (driver) => {
    await driver.picture("start-zh");
    await driver.give(...GOOD);
    await driver.trust(POLICY, KEYS);
    assert.equal(await driver.check(), "已验证");
    const result = await driver.result();
    assert.ok(result.includes(`${NAME} 与第 1 号记录（aoi-report）的文件逐字节相同。`));
    assert.ok(result.includes("机器所报是否属实。"));
    assert.equal(await driver.page.getAttribute("html", "lang"), "zh-Hans");
    await driver.picture("verified-zh");
    await driver.paper("verified-zh");
    await driver.page.locator("#en").click();
    assert.equal(await driver.verdict(), "VERIFIED");
    assert.equal(await driver.page.locator("#en").getAttribute("aria-pressed"), "true");
    await driver.page.locator("#zh").click();
    assert.equal(await driver.verdict(), "已验证");
  }, "zh-CN"));

/** Another letter of base64 within the last signature. */
function otherLetter(bytes: Uint8Array): void {
  const at = bytes.length - 60;
  bytes[at] = bytes[at] === 0x41 ? 0x42 : 0x41;
}

test("each kind of tampering is rejected", async () => {
  const text = new TextDecoder().decode(EVIDENCE.disclosure);
  const openedOtherwise = new TextEncoder().encode(text.replace("Passed\\nFailed", "Passed\\nPassed"));
  const cases: [string, Dropped[], RegExp][] = [
    ["file", changed(NAME, (bytes) => (bytes[7] = (bytes[7] ?? 0) ^ 1)), /was altered or is another file/],
    [
      "disclosure",
      GOOD.map((one) => (one.name.endsWith(".disclosure.json") ? { ...one, bytes: openedOtherwise } : one)),
      /does not belong to the statement/,
    ],
    [
      "receipt",
      changed(`${NAME}.tlog-proof`, otherLetter),
      /do not verify/,
    ],
  ];
  for (const [name, files, why] of cases) {
    await withPage(async (driver) => {
      await driver.give(...files);
      await driver.trust(POLICY, KEYS);
      assert.equal(await driver.check(), "REJECTED", name);
      assert.match(await driver.result(), why);
      await driver.picture(`rejected-${name}-en`);
      await driver.page.locator("#zh").click();
      assert.equal(await driver.verdict(), "不通过");
      await driver.picture(`rejected-${name}-zh`);
    });
  }
});

test("a bundle is judged as a whole, and one with a changed byte is not", () =>
  withPage(async (driver) => {
    const made = makeRange(sha256(REPORT));
    const [first] = made;
    assert.ok(first);
    const range = made.flatMap((one, at) => [...partsOf("range", one, at === made.length - 1)]);
    const evidence = new Map([[`evidence/${encodeHex(sha256(REPORT))}`, REPORT]]);
    const bytes = makeBundle(partsOf("records", EVIDENCE), new Map(range), evidence);
    await driver.give({ name: "dispute.zip", bytes });
    await driver.trust(POLICY, "");
    await driver.page.locator("#pins").fill(pinsFrom(first));
    assert.equal(await driver.check(), "VERIFIED");
    const result = await driver.result();
    assert.match(result, /statements 20 to 22 are here without a gap: 3 statements with all of their 3 records/);
    assert.match(result, /1 file is here, unchanged since it was logged\./);
    await driver.picture("verified-bundle-en");
    await driver.page.locator("#zh").click();
    await driver.picture("verified-bundle-zh");
    await driver.page.locator("#en").click();
    const changed = bytes.slice();
    changed[5000] = (changed[5000] ?? 0) ^ 1;
    await driver.give({ name: "dispute.zip", bytes: changed });
    assert.equal(await driver.check(), "REJECTED");
    assert.match(await driver.result(), /Damaged on its way, or changed: this cannot tell which/);
  }));

test("another's policy rejects, none at all cannot tell, and a change takes the verdict away", () =>
  withPage(async (driver) => {
    const { page } = driver;
    await driver.give(...GOOD);
    // What is missing is said before anybody presses the button.
    const [policy, pins] = ["your policy, a file that you hold from before", "your pins, a file that you hold from before"];
    assert.equal(await page.getByRole("status").innerText(), `3 files. Still missing: ${policy}; ${pins}.`);
    assert.equal(await driver.check(), "COULD NOT TELL");
    assert.match(await driver.result(), /Still missing: your policy, a file that you hold from before\. Drop it among the files/);
    await driver.picture("undecided-en");
    await driver.unfold();
    await page.locator("#policy").fill(POLICY);
    assert.equal(await page.getByRole("status").innerText(), `Still missing: ${pins}.`);
    await driver.trust(POLICY.replace("2 factory-any", "all factory-any"), KEYS);
    assert.equal(await driver.page.locator("#result").isVisible(), false);
    assert.equal(await driver.check(), "REJECTED");
    assert.match(await driver.result(), /the quorum “two-of-three” of your policy is not met/);
    await driver.picture("rejected-policy-en");
    await driver.trust(POLICY, SIGNERS.stranger.vkey);
    assert.equal(await driver.check(), "REJECTED");
    await driver.page.getByRole("button", { name: `Remove ${NAME}`, exact: true }).click();
    assert.equal(await driver.page.locator("#result").isVisible(), false);
  }));

test("an empty file is not taken for a field left blank", () =>
  withPage(async (driver) => {
    for (const field of ["policy", "pins", "lot-keys", "units"]) {
      const file = { name: `${field}.txt`, mimeType: "text/plain", buffer: Buffer.alloc(0) };
      await driver.page.locator(`#${field}-file`).setInputFiles(file);
      assert.equal(await driver.page.locator("#status").innerText(), `${field}.txt is empty: nothing was filled in.`);
    }
  }));

test("a browser that starts no worker judges in the page itself", () =>
  withPage(async (driver) => {
    await driver.page.evaluate(() => {
      window.Worker = class {
        constructor() {
          throw new Error("no worker");
        }
      } as unknown as typeof Worker;
    });
    await driver.give(...GOOD);
    await driver.trust(POLICY, KEYS);
    assert.equal(await driver.check(), "VERIFIED");
  }));

test("a policy beside the reader's own is not used, and checking waits until it is clear which is meant", () =>
  withPage(async (driver) => {
    const { page } = driver;
    const text = (name: string, bytes: string) => ({ name, bytes: new TextEncoder().encode(bytes) });
    const theirs = POLICY.replace("2 factory-any", "all factory-any");
    await driver.give(text("policy", POLICY), text("pins", pinsFrom(EVIDENCE)), ...GOOD, text("their-policy", theirs));
    assert.match(await page.locator("#remarks").innerText(), /^their-policy looks like a policy, and there is one already: it is not used/);
    assert.equal(await page.locator("#policy").inputValue(), POLICY);
    assert.equal(await page.locator("#verdict").count(), 0);
    assert.equal(await driver.check(), "VERIFIED");
    // The reader can say that it is the other one; what is typed stays, whatever is dropped.
    await page.getByLabel("What their-policy is taken as", { exact: true }).selectOption("policy");
    await page.waitForFunction((want) => document.querySelector<HTMLTextAreaElement>("#policy")?.value === want, theirs);
    assert.equal(await page.getByLabel("What policy is taken as", { exact: true }).inputValue(), "unused");
    assert.equal(await driver.check(), "REJECTED");
    await driver.unfold();
    await page.locator("#policy").fill(POLICY);
    assert.equal(await page.getByLabel("What their-policy is taken as", { exact: true }).inputValue(), "unused");
    await driver.give(text("another-policy", theirs));
    assert.equal(await page.locator("#policy").inputValue(), POLICY);
  }));

test("all files are dropped at once: each is told by what it is, and the verdict comes by itself", () =>
  withPage(async (driver) => {
    const made = anchor(NAME, sha256(REPORT));
    const text = (name: string, bytes: string) => ({ name, bytes: new TextEncoder().encode(bytes) });
    const [pins, units] = [pinsFrom(made), "serial;lot\r\nPNL0099123-1;L7\r\n"];
    await driver.give(
      { name: "b.zip", bytes: makeBundle(partsOf("records", made)) },
      text("policy", POLICY),
      text("pins", pins),
      text("shipped.csv", units),
    );
    const { page } = driver;
    assert.equal(await driver.verdict(), "VERIFIED");
    const taken = await page.locator("#files select").evaluateAll((all) => all.map((one) => (one as HTMLSelectElement).value));
    assert.deepEqual(taken, ["bundle", "policy", "pins", "units"]);
    assert.deepEqual(await page.locator("#files th").allInnerTexts(), ["b.zip", "policy", "pins", "shipped.csv"]);
    assert.equal(await page.locator("#policy").inputValue(), POLICY);
    assert.equal(await page.locator("#pins").inputValue(), pins);
    // Whoever has gone nowhere else is led to it; whose the policy is, is the first open point.
    assert.equal(await page.evaluate(() => document.activeElement?.id), "verdict");
    assert.match(await page.locator(".open li").first().innerText(), /^Whether policy, pins and keys are your own/);
    // What is removed is no longer used, and the verdict goes with it.
    await page.getByRole("button", { name: "Remove policy", exact: true }).click();
    await page.waitForFunction(() => document.querySelector<HTMLTextAreaElement>("#policy")?.value === "");
    assert.equal(await page.locator("#verdict").count(), 0);
    assert.equal(await page.getByRole("status").innerText(), "3 files. Still missing: your policy, a file that you hold from before.");
    assert.equal(await driver.check(), "COULD NOT TELL");
    // Given again, it begins again, and whoever is elsewhere stays there.
    await driver.unfold();
    await page.locator("#lot-keys").focus();
    await driver.give(text("policy", POLICY));
    assert.equal(await driver.verdict(), "VERIFIED");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "lot-keys");
  }));

test("before the verdict there is little to read", async () => {
  for (const [locale, count, most] of [
    ["en-GB", (text: string) => text.split(/\s+/).filter((word) => word !== "").length, 60],
    // A word in Latin letters is one.
    ["zh-CN", (text: string) => text.replace(/\s/g, "").replace(/[a-z]+/gi, "x").length, 90],
  ] as const) {
    await withPage(async (driver) => {
      const text = await driver.page.locator("body").innerText();
      assert.ok(count(text) < most, `${count(text)} in ${locale}: ${text}`);
    }, locale);
  }
});

test("units that are nowhere come first, in amber, and paper has all units", () =>
  withPage(async (driver) => {
    const { page } = driver;
    const text = (name: string, bytes: string) => ({ name, bytes: new TextEncoder().encode(bytes) });
    const bundle = { name: "b.zip", bytes: makeBundle(partsOf("records", anchor(NAME, sha256(REPORT)))) };
    const list = text("shipped.csv", "serial\nPNL0099123-1\nPNL0099123-2\nSN-GHOST\n");
    await driver.give(bundle, text("policy", POLICY), text("pins", pinsFrom(EVIDENCE)), list);
    assert.equal(await driver.verdict(), "NOT IN ORDER");
    assert.equal(await page.locator(".banner p").first().innerText(), "1 of your 3 units is nowhere: SN-GHOST");
    assert.match(await page.locator(".look li").first().innerText(), /^1 of your 3 units is nowhere: SN-GHOST/);
    assert.equal(await page.locator(".banner.not-in-order .sign").innerText(), "!");
    await driver.picture("not-in-order-en");
    await page.emulateMedia({ media: "print" });
    assert.match(await page.locator(".on-paper").innerText(), /^All 2 units[^]*PNL0099123-2 \(yours, failed\)\tFailed[^]*PNL0099123-1 \(yours\)\tPassed/);
    await page.emulateMedia({ media: "screen" });
    assert.equal(await page.locator(".on-paper").isVisible(), false);
    await driver.paper("not-in-order-en");
    await page.locator("#zh").click();
    assert.equal(await driver.verdict(), "有问题");
    await driver.picture("not-in-order-zh");
  }));

test("text in the evidence cannot dress up as the page", () =>
  withPage(async (driver) => {
    const nasty = "<img src=x onerror=alert(1)>\u202eDEIFIREV\u0007";
    const made = anchor(NAME, sha256(REPORT), { values: new Map([["lot", nasty]]) });
    await driver.give(
      { name: "a.tlog-proof", bytes: made.receipt },
      { name: "a.disclosure.json", bytes: made.disclosure },
    );
    await driver.trust(POLICY, KEYS);
    assert.equal(await driver.check(), "VERIFIED");
    await driver.page.locator("#result details").evaluateAll((all) =>
      all.forEach((one) => one.setAttribute("open", ""))
    );
    const result = await driver.result();
    assert.ok(result.includes("<img src=x onerror=alert(1)>\\u{202e}DEIFIREV\\u{7}"));
    assert.equal(await driver.page.locator("#result img").count(), 0);
  }));

/** A file of 200 MB that does not repeat itself within a piece. */
function writeLargeFile(path: string): void {
  const piece = Buffer.alloc(1_000_000);
  const handle = openSync(path, "w");
  for (let at = 0; at < 200; at += 1) {
    for (let place = 0; place < piece.length; place += 4) {
      piece.writeUInt32LE((place * 2_654_435_761 + at) >>> 0, place);
    }
    writeSync(handle, piece);
  }
  closeSync(handle);
}

/** Writes down what a person sees meanwhile, and how often the page could draw; then looks at both. */
async function watch(driver: Driver): Promise<() => Promise<void>> {
  await driver.page.evaluate(() => {
    const seen: string[] = [];
    let frames = 0;
    const status = document.getElementById("status");
    const draw = () => {
      frames += 1;
      const text = status?.textContent ?? "";
      if (seen.at(-1) !== text) seen.push(text);
      requestAnimationFrame(draw);
    };
    draw();
    Object.assign(window, { watched: () => ({ seen, frames }) });
  });
  return async () => {
    const { seen, frames } = await driver.page.evaluate(
      () => (window as unknown as { watched: () => { seen: string[]; frames: number } }).watched(),
    );
    const steps = seen.filter((text) => text.startsWith("Checking: "));
    assert.ok(steps.length >= 5, steps.join("; "));
    assert.ok(frames > steps.length);
  };
}

test("a bundle of 200 MB is judged with progress, and one with a byte changed is refused", async () => {
  const path = join(folder, "panel.raw");
  writeLargeFile(path);
  const evidence = new Uint8Array(readFileSync(path));
  const hash = sha256(evidence);
  const parts = partsOf("records", anchor("panel.raw", hash));
  const bytes = makeBundle(parts, new Map([[`evidence/${encodeHex(hash)}`, evidence]]));
  const [sound, altered] = ["sound", "altered"].map((name) => join(folder, name, "large.zip")) as [string, string];
  [sound, altered].forEach((file) => mkdirSync(dirname(file)));
  writeFileSync(sound, bytes);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  writeFileSync(altered, bytes);
  await withPage(async (driver) => {
    await driver.page.locator("#choose").setInputFiles(sound);
    await driver.page.locator("#files select").waitFor();
    await driver.trust(POLICY, KEYS);
    const watched = await watch(driver);
    assert.equal(await driver.check(), "VERIFIED");
    await watched();
    await driver.picture("verified-200-mb-bundle-en");
    // The same name: it takes the place of the one before, and of its verdict.
    await driver.page.locator("#choose").setInputFiles(altered);
    await driver.page.waitForFunction(() => document.querySelector("#verdict") === null);
    assert.equal(await driver.check(), "REJECTED");
  });
});

test("a file of 200 MB is judged with progress, and the page stays alive", async () => {
  const path = join(folder, "panel.raw");
  writeLargeFile(path);
  const { openAsBlob } = await import("node:fs");
  const made = anchor("panel.raw", await hashBlob(await openAsBlob(path)));
  await withPage(async (driver) => {
    await driver.give(
      { name: "panel.raw.tlog-proof", bytes: made.receipt },
      { name: "panel.raw.disclosure.json", bytes: made.disclosure },
    );
    await driver.page.locator("#choose").setInputFiles(path);
    await driver.page.locator("#files tr").nth(2).waitFor();
    await driver.trust(POLICY, KEYS);
    const watched = await watch(driver);
    await driver.page.locator("#check").click();
    await driver.page.waitForFunction(() =>
      document.getElementById("status")?.textContent?.includes("200 MB")
    );
    await driver.picture("progress-en");
    // The page answers while it computes: the language changes, and back.
    await driver.page.locator("#zh").click();
    await driver.page.locator("#en").click();
    assert.equal(await driver.verdict(), "VERIFIED");
    await watched();
    assert.equal((await driver.result()).includes("panel.raw is, byte for byte"), true);
    await driver.picture("verified-200-mb-en");
    // And one that is stopped gives no verdict.
    await driver.page.locator("#check").click();
    await driver.page.locator("#stop").click();
    assert.equal(await driver.page.locator("#verdict").count(), 0);
    assert.equal(await driver.page.evaluate(() => document.activeElement?.id), "check");
  });
});

test("everything can be reached and is named for the keyboard and a screen reader", () =>
  withPage(async (driver) => {
    await driver.give(...GOOD);
    const visited: string[] = [];
    await driver.page.locator("body").click({ position: { x: 2, y: 2 } });
    for (let step = 0; step < 30; step += 1) {
      await driver.page.keyboard.press("Tab");
      visited.push(await driver.page.evaluate(() => {
        const at = document.activeElement;
        return at?.id || at?.getAttribute("aria-label") || at?.tagName || "";
      }));
    }
    // Check stands right behind the files; the fields that are folded are no stop.
    const order = ["zh", "en", "choose", "check", "step2"];
    assert.deepEqual(visited.filter((name) => order.includes(name)).slice(0, order.length), order);
    const { page } = driver;
    await page.locator("#step2").focus();
    await page.keyboard.press("Enter");
    const fields: string[] = [];
    for (let step = 0; step < 10; step += 1) {
      await page.keyboard.press("Tab");
      fields.push(await page.evaluate(() => document.activeElement?.id ?? ""));
    }
    assert.deepEqual(fields, ["policy", "pins", "keys", "lot-keys", "units"].flatMap((name) => [name, `${name}-file`]));
    for (const named of [
      page.getByLabel("Your policy: which log, which witnesses"),
      page.getByLabel("Keys of the machines, one a line, as the factory gave them to you beforehand"),
      page.getByLabel("Choose files"),
      page.getByLabel(`What ${NAME} is taken as`, { exact: true }),
      page.getByRole("button", { name: `Remove ${NAME}`, exact: true }),
      page.getByRole("group", { name: "Language" }),
      page.getByRole("status"),
      page.getByRole("region", { name: "Drop all your files here" }),
      page.getByRole("region", { name: "Type or paste instead" }),
    ]) assert.equal(await named.count(), 1);
    // Nothing but the keyboard: check, and the verdict is where the reader is.
    await driver.trust(POLICY, KEYS);
    await page.locator("#check").focus();
    await page.keyboard.press("Enter");
    assert.equal(await driver.verdict(), "VERIFIED");
    assert.equal(await page.getByRole("status").innerText(), "VERIFIED");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "verdict");
  }));

test("a change of language keeps what the reader looks at, and says again what was said", () =>
  withPage(async (driver) => {
    const { page } = driver;
    await driver.give(...GOOD);
    assert.match(await page.getByRole("status").innerText(), /^3 files\. Still missing: your policy, a file that you hold from before;/);
    await page.locator("#zh").click();
    assert.match(await page.getByRole("status").innerText(), /^共 3 个文件。还缺：您的策略，即您事先持有的文件；/);
    assert.equal(await page.getAttribute("html", "lang"), "zh-Hans");
    await page.locator("#en").click();
    await driver.trust(POLICY, KEYS);
    assert.equal(await driver.check(), "VERIFIED");
    await page.locator("#unit").selectOption("PNL0099123-2");
    assert.match(await page.locator("#result [aria-live]").first().innerText(), /PNL0099123-2: 1 record/);
    await page.locator(".technical summary").click();
    await page.locator("#zh").click();
    assert.equal(await page.locator("#unit").inputValue(), "PNL0099123-2");
    assert.equal(await page.locator(".technical").getAttribute("open"), "");
    // A file that is removed leads to the next one.
    await page.locator("#en").click();
    await page.getByRole("button", { name: `Remove ${NAME}.disclosure.json`, exact: true }).click();
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("aria-label")), `Remove ${NAME}`);
    assert.equal(await page.getByRole("status").innerText(), "2 files. Still missing: the receipt's disclosure (…disclosure.json).");
  }));

test("the page makes no request, and could not: its policy forbids every connection", async () => {
  const connections: string[] = [];
  const server = createServer((socket) => {
    connections.push(socket.remoteAddress ?? "");
    socket.destroy();
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const driver = await Driver.open();
  try {
    await driver.give(...GOOD);
    await driver.trust(POLICY, KEYS);
    assert.equal(await driver.check(), "VERIFIED");
    driver.assertQuiet();
    const tried = await driver.page.evaluate(async (url) => {
      const answers: string[] = [];
      await fetch(url).then(() => answers.push("fetched"), () => answers.push("refused"));
      const image = new Image();
      const loaded = new Promise<string>((tell) => {
        image.onload = () => tell("loaded");
        image.onerror = () => tell("refused");
      });
      image.src = url;
      answers.push(await loaded);
      try {
        new WebSocket(url.replace("http", "ws"));
        answers.push("opened");
      } catch {
        answers.push("refused");
      }
      answers.push(navigator.sendBeacon(url, "x") ? "queued" : "refused");
      const script = document.createElement("script");
      script.textContent = "window.injected = true";
      document.body.append(script);
      answers.push("injected" in window ? "injected" : "refused");
      return answers;
    }, address);
    assert.equal(tried[0], "refused");
    assert.equal(tried[1], "refused");
    assert.equal(tried[4], "refused");
    assert.deepEqual(connections, []);
  } finally {
    await driver.close();
    server.close();
  }
});

test("the built page is the one that its content security policy names", () => {
  const page = readFileSync(PAGE_FILE, "utf8");
  const policy = /Content-Security-Policy" content="([^"]+)"/.exec(page)?.[1] ?? "";
  assert.match(policy, /^default-src 'none'; script-src 'sha256-[^' ]+'; style-src 'sha256-[^' ]+';/);
  for (const allowed of ["connect-src", "unsafe-inline", "unsafe-eval", "http:", "https:", "*"]) {
    assert.ok(!policy.includes(allowed), allowed);
  }
  const shown = page.replace(/<script>[^]*<\/script>|<!--[^]*-->/g, "");
  assert.ok(!/https?:\/\//.test(shown), "no address in the page");
  assert.equal(page.match(/Permission is hereby granted/g)?.length, 2, "the licences are there");
  // Built again, it has the same bytes.
  execFileSync(process.execPath, [join(ROOT, "verifier-web/build.mjs")], { stdio: "ignore" });
  assert.equal(readFileSync(PAGE_FILE, "utf8"), page);
});

test("the page is published with its hash, and building it again changes nothing", () => {
  const page = readFileSync(PAGE_FILE);
  const listed = `${encodeHex(sha256(page))}  fiducial-verify.html\n`;
  assert.equal(readFileSync(`${PAGE_FILE}.sha256`, "utf8"), listed);
  execFileSync("node", ["build.mjs"], { cwd: join(ROOT, "verifier-web") });
  assert.deepEqual(readFileSync(PAGE_FILE), page);
});

test("the page is no wider than a telephone, and pins judge a single receipt there", () =>
  withPage(async (driver) => {
    await driver.page.setViewportSize({ width: 390, height: 844 });
    await driver.give(...GOOD);
    await driver.unfold();
    await driver.page.locator("#policy").fill(POLICY);
    await driver.page.locator("#pins").fill(pinsFrom(EVIDENCE));
    assert.equal(await driver.check(), "VERIFIED");
    assert.ok((await driver.page.evaluate(() => document.documentElement.scrollWidth)) <= 390);
    await driver.picture("telephone-en");
  }));

test("lot keys beside a single receipt are said not to have been used, in both languages", () =>
  withPage(async (driver) => {
    await driver.give(...GOOD);
    await driver.unfold();
    await driver.page.locator("#policy").fill(POLICY);
    await driver.page.locator("#pins").fill(pinsFrom(EVIDENCE));
    await driver.page.locator("#lot-keys").fill("96dc".repeat(16));
    assert.equal(await driver.check(), "VERIFIED");
    const result = driver.page.locator("#result");
    assert.match((await result.textContent()) ?? "", /Your lot keys: .* not used for this receipt/);
    await driver.page.locator("#zh").click();
    assert.match((await result.textContent()) ?? "", /您的批次密钥：.*未予使用/);
  }));
