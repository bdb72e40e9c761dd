/**
 * Starts Debian's Chromium and drives the page in it, as a person would from a file on disk.
 *
 * The page's sounds are its requests: every one is written down, and there must be none but the page.
 */

import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { chromium, type BrowserContext, type Page } from "playwright-core";

import { ROOT } from "../vector.ts";

export const PAGE_FILE = join(ROOT, "verifier-web/dist/fiducial-verify.html");
export const OUT = join(ROOT, "verifier-web/out/pictures");

const PROGRAM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
/** How long is waited for anything before a test is given up: a busy machine is no failure. */
const PATIENCE_MS = 300_000;

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A file as a person would drop it. */
export interface Dropped {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The page in a browser of its own. */
export class Driver {
  readonly page: Page;
  /** Every request that the browser made for the page. */
  readonly requests: string[] = [];
  readonly errors: string[] = [];
  readonly #context: BrowserContext;

  private constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.page = page;
    context.on("request", (request) => this.requests.push(request.url()));
    page.on("pageerror", (error) => this.errors.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") this.errors.push(message.text());
    });
  }

  /** Opens the page, or the one at another address, with a new, empty profile. */
  static async open(locale = "en-GB", address = pathToFileURL(PAGE_FILE).href): Promise<Driver> {
    assert.ok(existsSync(PROGRAM), `${PROGRAM} is not there: apt-get install chromium`);
    assert.ok(existsSync(PAGE_FILE), "the page is not built: npm run build");
    mkdirSync(OUT, { recursive: true });
    const context = await chromium.launchPersistentContext("", {
      executablePath: PROGRAM,
      headless: true,
      args: ARGUMENTS,
      locale,
      viewport: { width: 1000, height: 1100 },
    });
    const page = context.pages()[0] ?? (await context.newPage());
    const driver = new Driver(context, page);
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(address);
    return driver;
  }

  async close(): Promise<void> {
    await this.#context.close();
  }

  /** Adds files, as with the button, and waits until they are read. */
  async give(...files: Dropped[]): Promise<void> {
    const payload = files.map(({ name, bytes }) => ({
      name,
      mimeType: "application/octet-stream",
      buffer: Buffer.from(bytes),
    }));
    const before = await this.page.locator("#files select").count();
    await this.page.locator("#choose").setInputFiles(payload);
    await this.page.waitForFunction(
      (count) =>
        document.querySelectorAll("#files select").length >= count
        && !document.querySelector("#file-table")?.hasAttribute("aria-busy"),
      before === 0 ? files.length : before,
    );
  }

  /** Opens the fields for what is typed, as a click on their heading would. */
  async unfold(): Promise<void> {
    const fields = this.page.locator("#typed");
    if ((await fields.getAttribute("open")) === null) await fields.locator("summary").click();
  }

  /** Types the reader's own policy and keys. */
  async trust(policy: string, keys: string): Promise<void> {
    await this.unfold();
    await this.page.locator("#policy").fill(policy);
    await this.page.locator("#keys").fill(keys);
  }

  /** Presses the button and waits for the verdict's word. */
  async check(): Promise<string> {
    await this.page.locator("#check").click();
    return this.verdict();
  }

  async verdict(): Promise<string> {
    return (await this.page.locator("#verdict").innerText()).trim();
  }

  /** All that the result says. */
  async result(): Promise<string> {
    return this.page.locator("#result").innerText();
  }

  /** Keeps a picture of the whole page. */
  async picture(name: string): Promise<void> {
    await this.page.screenshot({ path: join(OUT, `${name}.png`), fullPage: true });
  }

  /** Keeps the page as it prints on A4. */
  async paper(name: string): Promise<void> {
    writeFileSync(join(OUT, `${name}.pdf`), await this.page.pdf({ preferCSSPageSize: true }));
  }

  /** Fails if the browser fetched anything but the page (or what is below `own`), or said that something went wrong. */
  assertQuiet(own?: string): void {
    const isOwn = (url: string) => own !== undefined && url.startsWith(`${own}/`);
    const others = this.requests.filter((url) => !/^(file|blob|data):/.test(url) && !isOwn(url));
    assert.deepEqual(others, []);
    assert.deepEqual(this.errors, []);
  }
}
