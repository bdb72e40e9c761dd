/** The parts of an unpacked bundle: said to be that at once and as the reason, and their copies are nobody's own. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { sha256 } from "../../src/crypto/sha256.ts";
import { encodeUtf8 } from "../../src/formats/encoding.ts";
import { readZip } from "../../src/formats/zip.ts";
import { FileWindow } from "../../src/formats/window.ts";
import type { RoledFile } from "../../src/judge/given.ts";
import { judge } from "../../src/judge/verify.ts";
import type { OwnKind } from "../../src/judge/mistaken.ts";
import { FileList } from "../../src/page/files.ts";
import { missingFor } from "../../src/page/missing.ts";
import { Speaker } from "../../src/page/speaker.ts";
import { Made, withDocument } from "../dom.ts";
import { makeBundle, partsOf, pinsFrom } from "../maker-bundle.ts";
import { NOTHING_ELSE, POLICY, SIGNERS, anchor } from "../maker.ts";

const REPORT = encodeUtf8('{"board": "PNL0099123", "result": "Failed"}\n');
const MADE = anchor("report.json", sha256(REPORT));
const SECOND = anchor("b.json", sha256(REPORT), { sequence: 14n });
const COPIES = { policy: POLICY, pins: pinsFrom(MADE), "source-keys": `${SIGNERS.source.vkey}\n` };

const ENGLISH = "This is an unpacked bundle: drop the zip as it came, or check the folder with the program.";
const CHINESE = "这是解开的证据包：请拖入原来的 zip 文件，或用程序核验该文件夹。";

type Named = Readonly<Record<string, string | Uint8Array>>;

function named(name: string, content: string | Uint8Array): File {
  const bytes = typeof content === "string" ? encodeUtf8(content) : content;
  return Object.assign(new Blob([new Uint8Array(bytes)]), { name }) as unknown as File;
}

/** The parts of a bundle as a program for zips writes them, lying flat, with the copies that a maker puts in. */
async function partsFlat(...made: readonly typeof MADE[]): Promise<Named> {
  const bundle = makeBundle(new Map(made.flatMap((one) => [...partsOf("records", one)])));
  const { parts } = await readZip(new FileWindow(new Blob([new Uint8Array(bundle)])), () => {});
  const flat = parts.map(({ path, start, size }) => [path.split("/").at(-1) ?? "", bundle.slice(start, start + size)]);
  return { ...Object.fromEntries(flat), ...COPIES };
}

interface Dropping {
  readonly files: FileList;
  /** What each file is taken as, in the order of the list. */
  taken(): string[];
  /** What is now the reader's own, by kind. */
  readonly own: Map<OwnKind, readonly string[]>;
}

function dropping(typed: readonly OwnKind[] = []): Dropping {
  const [table, body, remarks, chooser] = ["table", "tbody", "div", "input"].map((name) => new Made(name)) as [Made, Made, Made, Made];
  const places = { table, body, remarks, chooser } as unknown as ConstructorParameters<typeof FileList>[0];
  const own = new Map<OwnKind, readonly string[]>();
  const files = new FileList(places, new Speaker("en"), {
    changed: () => {},
    removed: () => {},
    take: (kind, files) => {
      own.set(kind, files.map(({ name }) => name));
      return Promise.resolve();
    },
    reading: (read) => void read(),
    isTyped: (kind) => typed.includes(kind),
  });
  const choices = () => body.named("select");
  const chosen = (choice: Made) =>
    choice.named("option").find((option) => (option as unknown as { selected: boolean }).selected)?.get("value") ?? "";
  return { files, own, taken: () => choices().map((choice) => `${choice.get("aria-label")?.split(" ")[1]} ${chosen(choice)}`) };
}

const filesOf = (all: Named) => Object.entries(all).map(([name, content]) => named(name, content));

/** What is judged of files as the page takes them, with a policy and keys of the reader's own. */
async function judged(files: readonly RoledFile[], policy = POLICY) {
  const own = { ...NOTHING_ELSE, policy: encodeUtf8(policy), keys: policy === "" ? "" : SIGNERS.source.vkey };
  return judge({ files, ...own }, () => {});
}

const told = async (files: readonly RoledFile[], policy?: string) => {
  const { verdict, reasons } = await judged(files, policy);
  return [verdict, ...reasons.flatMap(({ code, details }) => [code, ...details.map((detail) => detail.code)])];
};

test("parts of an unpacked bundle are called that, at once and as the reason, of one statement and of many", () =>
  withDocument(async () => {
    for (const made of [[MADE], [MADE, SECOND]]) {
      const all = await partsFlat(...made);
      const { files } = dropping();
      await files.add(filesOf(all));
      assert.equal(files.areParts, true);
      const missing = missingFor({ roles: files.files.map(({ role }) => role), hasPolicy: false, hasSources: false, areParts: files.areParts });
      const count = Object.keys(all).length;
      assert.equal(new Speaker("en").missing(missing, count), `${count} files. ${ENGLISH}`);
      assert.equal(new Speaker("zh").missing(missing), CHINESE);
      // Whether or not a policy is there: nothing is rejected for lying flat.
      for (const policy of [POLICY, ""]) assert.deepEqual(await told(files.files, policy), ["undecided", "unpacked-bundle"]);
      const [reason] = (await judged(files.files)).reasons;
      assert.ok(reason);
      assert.deepEqual([new Speaker("en").sentence(reason), new Speaker("zh").sentence(reason)], [ENGLISH, CHINESE]);
    }
  }));

test("the list of parts is known by its name or by how it begins, and nothing else is", () =>
  withDocument(async () => {
    const all = await partsFlat(MADE);
    const listing = all["bundle.json"] ?? "";
    const receipt = { "a.tlog-proof": MADE.receipt, "a.disclosure.json": MADE.disclosure, "report.json": REPORT };
    const one = (name: string, content: string | Uint8Array) => ({ [name]: content });
    const cases: readonly [Named, boolean][] = [
      [one("bundle.json", listing), true],
      [one("list.json", listing), true],
      [one("list.json", `\ufeff${new TextDecoder().decode(listing as Uint8Array).replaceAll("\n", "\r\n")}`), true],
      [one("bundle.json", "changed\n"), true],
      [{ ...receipt, "list.json": listing }, true],
      [{ ...receipt, "bundle.json": "changed\n", "SHA256SUMS": "" }, true],
      [{ ...receipt, "bundle.json": "changed\n", "HOW-TO-VERIFY.txt": "" }, true],
      // A report that is called so is one.
      [{ ...receipt, "bundle.json": "{}" }, false],
      [receipt, false],
      [one("list.json", '{"format": "fiducial/bundle/v10"}'), false],
      [one("list.json", '{"of": "x", "format": "fiducial/bundle/v1"}'), false],
      [{}, false],
    ];
    for (const [given, want] of cases) {
      const { files } = dropping();
      await files.add(filesOf(given));
      assert.equal(files.areParts, want, Object.keys(given).join());
      assert.equal((await told(files.files)).includes("unpacked-bundle"), want, Object.keys(given).join());
    }
    const report = anchor("bundle.json", sha256(REPORT));
    const { files } = dropping();
    await files.add(filesOf({ "a.tlog-proof": report.receipt, "a.disclosure.json": report.disclosure, "bundle.json": REPORT }));
    assert.equal((await judged(files.files)).verdict, "verified");
    // Beside the zip it is the others that are too many, and what is not used is in nobody's way.
    const bundle = makeBundle(partsOf("records", MADE));
    const both = dropping();
    await both.files.add(filesOf({ "b.zip": bundle, "bundle.json": listing }));
    assert.deepEqual([both.files.areParts, await told(both.files.files)], [false, ["undecided", "not-alone"]]);
    const unused: RoledFile = { name: "bundle.json", role: "unused", blob: named("", listing) };
    assert.deepEqual(await told([{ name: "b.zip", role: "bundle", blob: named("", bundle) }, unused]).then(([verdict]) => verdict), "verified");
  }));

test("the copies that come along with an unpacked bundle are the sender's, and not used", () =>
  withDocument(async () => {
    const all = await partsFlat(MADE);
    const copies = ["policy unused", "pins unused", "source-keys unused"];
    const isCopy = (line: string) => /^(policy|pins|source-keys) /.test(line);
    // In whatever order they lie there.
    for (const files of [filesOf(all), filesOf(all).reverse()]) {
      const list = dropping();
      await list.files.add(files);
      assert.deepEqual(list.taken().filter(isCopy).sort(), [...copies].sort());
      assert.deepEqual([list.own.size, list.files.areOwnDropped, list.files.isInDoubt], [0, false, false]);
    }
    // What the reader has under another name, or gives by itself, is the reader's own, and no copy takes its place.
    const beside = dropping();
    await beside.files.add([...filesOf(all), named("our.policy", POLICY)]);
    assert.deepEqual([...beside.own], [["policy", ["our.policy"]]]);
    const before = dropping();
    await before.files.add([named("policy", POLICY), named("pins", COPIES.pins)]);
    await before.files.add(filesOf(all));
    assert.deepEqual([...before.own], [["policy", ["policy"]], ["pins", ["pins"]]]);
    assert.deepEqual(before.taken().filter(isCopy), ["policy policy", "pins pins", ...copies]);
    const after = dropping();
    await after.files.add(filesOf(all));
    await after.files.add([named("policy", POLICY)]);
    assert.deepEqual([...after.own], [["policy", ["policy"]]]);
    // Nor is anybody led to them afterwards; alone they may be the reader's own.
    const bundle: RoledFile = { name: "b.zip", role: "bundle", blob: named("", makeBundle(partsOf("records", MADE))) };
    const unused = (name: string): RoledFile => ({ name, role: "unused", blob: named("", all[name] ?? "") });
    assert.deepEqual(await told([bundle, unused("policy")], ""), ["undecided", "no-policy", "own-in-list"]);
    assert.deepEqual(await told([bundle, unused("policy"), unused("bundle.json")], ""), ["undecided", "no-policy"]);
  }));
