/**
 * The log's own pages in Chromium: a real log with a witness and statements, both languages, the
 * keyboard, and silence: nothing is asked of anywhere but the log.
 *
 * `FIDUCIAL_PROGRAMS` names the folder with the built programs.
 */

import assert from "node:assert/strict";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";

import { Driver, PAGE_FILE } from "./browser.ts";

const PROGRAMS = process.env["FIDUCIAL_PROGRAMS"];
const SOURCES = ["line-4.example/aoi-7", "line-4.example/oven-2"];
/** How many statements each source makes. */
const STATEMENTS = 14;
const DAY = 86_400;

const folder = mkdtempSync(join(tmpdir(), "fiducial-explorer-"));
const running: Server[] = [];
let log: Server;

/** A server in a process of its own. */
interface Server {
  readonly url: string;
  readonly process: ChildProcess;
}

/** Runs a program to its end; what it printed. */
function run(program: string, ...words: string[]): string {
  return execFileSync(join(PROGRAMS ?? "", program), words, { cwd: folder, encoding: "utf8" });
}

/** Starts a server and waits for the one line that says where it listens. */
async function serve(program: string, ...words: string[]): Promise<Server> {
  const child = spawn(join(PROGRAMS ?? "", program), ["serve", "--listen", "127.0.0.1:0", ...words], {
    cwd: folder,
    stdio: ["ignore", "pipe", "ignore"],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /^listening on (http:\/\/\S+)$/.exec(line)?.[1];
    if (url === undefined) continue;
    const server = { url, process: child };
    running.push(server);
    return server;
  }
  throw new Error(`${program} ended at its start`);
}

async function stop(server: Server): Promise<void> {
  const ended = new Promise((tell) => server.process.once("exit", tell));
  server.process.kill("SIGTERM");
  await ended;
}

function policy(keys: string[], witness: Server): string {
  const lines = run("fiducial-witness", "key", "policy", "--url", witness.url, "--data", "witness");
  return `${keys.map((key) => `log ${key}\n`).join("")}${lines}quorum witness.example/w\n`;
}

/** Makes a source that states something: one report for each statement. */
function anchor(source: string, keys: string[]): void {
  const vault = `vault-${SOURCES.indexOf(source)}`;
  const trusted = keys.flatMap((key) => ["--log-key", key]);
  const key = run("fiducial-agent", "init", "--vault", vault, "--source", source, "--log", log.url, ...trusted);
  writeFileSync(join(folder, `${vault}.vkey`), key);
  run("fiducial-log", "source", "add", `${vault}.vkey`, "--data", "log");
  for (let number = 0; number < STATEMENTS; number += 1) {
    const name = `${vault}-board-${number}.json`;
    writeFileSync(join(folder, name), JSON.stringify({ serial: `SN-${number}`, verdict: "FAILED" }));
    run("fiducial-agent", "anchor", name, "--vault", vault, "--out", "papers");
  }
}

/** A year of growth, as a server would have noted it that ran so long. */
function noteGrowth(size: number): void {
  const now = Math.floor(Date.now() / 1000);
  const grown = (age: number) => Math.floor(size * (1 - age / 400) ** 2);
  const lines: string[] = [];
  for (let day = 365; day > 31; day -= 1) lines.push(`day ${now - day * DAY} ${grown(day)}`);
  for (let hour = 31 * 24 - 1; hour > 24; hour -= 1) {
    lines.push(`hour ${now - hour * 3600} ${grown(hour / 24)}`);
  }
  writeFileSync(join(folder, "log/growth"), `fiducial/growth/v1\n${lines.join("\n")}\n`);
}

before(async () => {
  assert.ok(PROGRAMS, "FIDUCIAL_PROGRAMS must name the folder with the built programs");
  mkdirSync(join(folder, "papers"));
  const keys = run("fiducial-log", "init", "--data", "log", "--origin", "log.example/evidence").trim().split("\n");
  run("fiducial-witness", "init", "--data", "witness", "--name", "witness.example/w");
  run("fiducial-witness", "log", "add", ...keys, "--data", "witness");
  const witness = await serve("fiducial-witness", "--data", "witness");
  writeFileSync(join(folder, "policy"), policy(keys, witness));
  const words = ["--data", "log", "--witness-policy", "policy", "--verify-page", PAGE_FILE];
  log = await serve("fiducial-log", ...words);
  for (const source of SOURCES) anchor(source, keys);
  await stop(log);
  noteGrowth(SOURCES.length * STATEMENTS);
  log = await serve("fiducial-log", ...words);
});

after(async () => {
  for (const { process } of running) process.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** Opens one of the log's pages; every request must have been to the log. */
async function withPage(
  path: string,
  act: (driver: Driver) => Promise<void>,
  locale?: string,
): Promise<void> {
  const driver = await Driver.open(locale, log.url + path);
  try {
    await act(driver);
    driver.assertQuiet(log.url);
  } finally {
    await driver.close();
  }
}

const text = (driver: Driver) => driver.page.locator("body").innerText();

test("the start shows head, witness, growth and entries in English", () =>
  withPage("/", async (driver) => {
    await driver.picture("explorer-start-en");
    const said = await text(driver);
    for (const part of ["28 entries", "witness.example/w", "in step", "Growth", "line-4.example/oven-2", "ML-DSA-44"]) {
      assert.ok(said.includes(part), part);
    }
    assert.equal(await driver.page.locator("svg.chart").count(), 1);
    assert.equal(await driver.page.evaluate(() => document.scripts.length), 0);
    const sum = createHash("sha256").update(readFileSync(PAGE_FILE)).digest("hex");
    assert.ok(said.includes(sum), "the verifier's hash");
    await driver.paper("explorer-start-en");
  }));

test("the start is Chinese for a Chinese browser, and either by a click", () =>
  withPage(
    "/",
    async (driver) => {
      await driver.picture("explorer-start-zh");
      assert.ok((await text(driver)).includes("28 个条目"));
      await driver.page.getByRole("link", { name: "English" }).click();
      assert.equal(new URL(driver.page.url()).search, "?lang=en");
      assert.ok((await text(driver)).includes("28 entries"));
      // The choice goes along.
      await driver.page.locator("td a[href^='/entry/']").first().click();
      assert.ok((await text(driver)).includes("Proof that it is in the log"));
      await driver.page.getByRole("link", { name: "中文" }).click();
      assert.ok((await text(driver)).includes("证明它在日志中"));
    },
    "zh-CN",
  ));

test("an entry shows its statement, its neighbours and its proof", () =>
  withPage("/entry/20", async (driver) => {
    await driver.picture("explorer-entry-en");
    const said = await text(driver);
    assert.ok(said.includes("Sequence") && said.includes("signed root"));
    assert.equal(await driver.page.locator("svg.ladder").count(), 1);
    await driver.page.getByRole("link", { name: "← Previous of this source" }).click();
    assert.equal(new URL(driver.page.url()).pathname, "/entry/19");
    await driver.page.locator("dl a[href^='/source/']").click();
    assert.equal(new URL(driver.page.url()).pathname, "/source/line-4.example/oven-2");
    assert.ok((await text(driver)).includes("14 statements are published"));
    await driver.picture("explorer-source-en");
    await driver.page.goto(`${log.url}/entry/20?lang=zh`);
    await driver.picture("explorer-entry-zh");
    await driver.page.goto(`${log.url}/source/line-4.example/oven-2?lang=zh`);
    await driver.picture("explorer-source-zh");
  }));

test("a narrow window has no page that is wider than it", () =>
  withPage("/", async (driver) => {
    await driver.page.setViewportSize({ width: 390, height: 800 });
    for (const path of ["/", "/entry/20", "/source/line-4.example/aoi-7"]) {
      await driver.page.goto(log.url + path);
      const wide = await driver.page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= 390, `${path}: ${wide}`);
    }
    await driver.page.goto(`${log.url}/?lang=zh`);
    await driver.picture("explorer-narrow-zh");
  }));

test("the keyboard is enough: skip, search, and the page that was meant", () =>
  withPage("/", async (driver) => {
    const { keyboard } = driver.page;
    await keyboard.press("Tab");
    const focused = () => driver.page.evaluate(() => document.activeElement?.getAttribute("href"));
    assert.equal(await focused(), "#content");
    await keyboard.press("Tab");
    assert.equal(await focused(), "/");
    await keyboard.press("Tab");
    await keyboard.type("line-4.example/aoi-7");
    await keyboard.press("Enter");
    await driver.page.waitForURL("**/source/line-4.example/aoi-7");
    await driver.page.getByRole("searchbox").fill("20");
    await keyboard.press("Enter");
    await driver.page.waitForURL("**/entry/20");
    const leaf = (await text(driver)).match(/[0-9a-f]{64}/g)?.at(-1) ?? "";
    assert.equal(leaf.length, 64);
  }));

test("what is not there is said in words, in both languages", async () => {
  for (const [locale, words] of [["en-GB", "has not published"], ["zh-CN", "尚未发布"]] as const) {
    const driver = await Driver.open(locale, `${log.url}/entry/99`);
    try {
      assert.ok((await text(driver)).includes(words));
      await driver.picture(`explorer-beyond-${locale.slice(0, 2)}`);
      const elsewhere = driver.requests.filter((url) => !url.startsWith(`${log.url}/`));
      assert.deepEqual(elsewhere, []);
    } finally {
      await driver.close();
    }
  }
});

test("a name with markup in it is shown, and does nothing", () =>
  withPage("/", async (driver) => {
    const hostile = "<script>document.title='x'</script><img/src=x>";
    await driver.page.getByRole("searchbox").fill(hostile);
    // Leads to the page of a source that does not exist: an answer of 404, and no error of the page.
    await driver.page.getByRole("searchbox").press("Enter");
    await driver.page.waitForURL("**/source/**");
    assert.equal(await driver.page.locator("img, script").count(), 0);
    assert.ok((await driver.page.title()).endsWith("Fiducial"));
    driver.errors.length = 0;
  }));

test("the verifier that the log hands out runs there and asks for nothing", () =>
  withPage("/", async (driver) => {
    await driver.page.getByRole("link", { name: "Open the verifier in the browser" }).click();
    await driver.page.waitForURL("**/verify");
    await driver.page.locator("#check").waitFor();
    const own = driver.requests.filter((url) => url.startsWith(log.url)).map((url) => new URL(url).pathname);
    assert.deepEqual(own, ["/", "/verify"]);
  }));
