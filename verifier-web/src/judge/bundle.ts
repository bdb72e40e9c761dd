/**
 * Judges a bundle as a whole. Rule: `spec/text/bundle.md`, "Checking one".
 *
 *     zip -> parts and lists -> every statement by itself -> ranges, in order -> evidence
 *
 * Policy, pins and keys are the reader's own. Copies that come along decide nothing.
 */

import { sameBytes } from "../crypto/bytes.ts";
import { sha256 } from "../crypto/sha256.ts";
import { readBundle, readPart, readRole, type Bundle, type Placed } from "../formats/bundle.ts";
import { decodeHash, decodeUtf8, encodeBase64, type Hash } from "../formats/encoding.ts";
import { parseDisclosure } from "../formats/disclosure.ts";
import { encodeHex } from "../formats/hex.ts";
import { claims, formatNote, parseNote, verifyNote, type Note } from "../formats/note.ts";
import { PINS_COPY, POLICY_COPY, pathOf, type PartRole } from "../formats/parts.ts";
import { formatPins, parsePins, type Pins } from "../formats/pins.ts";
import { formatPolicy, parsePolicy, type Policy } from "../formats/policy.ts";
import { parseProof } from "../formats/proof.ts";
import { Refusal } from "../formats/refusal.ts";
import type { VerifierKey } from "../formats/key.ts";
import { verifyConsistency, verifyInclusion } from "../formats/tree.ts";
import { FileWindow } from "../formats/window.ts";
import { isCut, isMeantAsBundle } from "../formats/zip.ts";
import { describeAccepted, refusalOf } from "./accepted.ts";
import { MAX_ACTS, actsOf, boundsOf, type Bounds } from "./acts.ts";
import { inclusionDetail, notContinued } from "./details.ts";
import { compareEvidence, type Compared } from "./evidence.ts";
import type { Desk, RoledFile } from "./given.ts";
import { sayLateness, type Logged } from "./lateness.ts";
import { sayFailed } from "./look.ts";
import { sayShown } from "./looked.ts";
import { noBundle } from "./neither.ts";
import { openBatch, type OpenedBatch, type OpenedRecord } from "./opened.ts";
import { sayOwn, taggedReader } from "./own.ts";
import { checkPolicy, type Accepted } from "./policy.ts";
import type { Times } from "./quorum.ts";
import { checkPinned, findsOwn, followRange, isOfNobody, type Followed } from "./range.ts";
import type { Reader } from "./reader.ts";
import { Stop, rejected, say, sayWith, undecided, type Act, type Draft } from "./report.ts";
import { showRecord } from "./show.ts";
import { checkStamps, sayStamps, timesOf } from "./stamps.ts";
import { parseOwn } from "./texts.ts";
import { formatUtc } from "./time.ts";

/** The most records that are handed to the page; all are checked. */
const MAX_SHOWN = 200;

/** Kinds whose records are about every board. */
const ABOUT_ALL = ["program", "reflow-certificate"];

/** The reader's own. */
export interface Own {
  readonly policy: Policy;
  readonly pins: Pins | undefined;
  readonly keys: readonly VerifierKey[];
  /** Whose records are looked for. */
  readonly reader: Reader | undefined;
}

/** A statement all of whose papers hold. */
export interface Checked extends Placed {
  readonly opened: OpenedBatch;
  readonly receipt: { readonly index: bigint; readonly accepted: Accepted } | undefined;
  /** The times of the note that it follows; undefined where something is not there. */
  readonly after: { readonly times: Times | undefined } | undefined;
}

/** Judges a bundle. */
export async function judgeBundle(
  draft: Draft,
  desk: Desk,
  file: RoledFile,
  own: Own,
): Promise<void> {
  const window = new FileWindow(file.blob);
  const bundle = await openBundle(desk, file, window);
  if (own.pins && own.pins.log !== bundle.log) {
    throw rejected("pins-of-another-log", bundle.log, own.pins.log);
  }
  // Without a key nothing can be said of anybody's signature.
  if (own.keys.length === 0 && !own.pins) throw undecided("no-source-key");
  const papers = new Papers(window, bundle, own);
  const checked: Checked[] = [];
  for (const placed of bundle.statements) {
    checked.push(await papers.check(placed));
    desk.tellShare(0.5 + (0.5 * checked.length) / bundle.statements.length);
  }
  compareTrees(checked);
  checkPins(checked, own);
  const ranges = followAll(bundle, checked, own);
  const stamped = await checkStamps(window, bundle);
  const evidence = compareEvidence(bundle, checked);
  // Nothing would be done with keys of lots.
  if (ranges.length === 0 && taggedReader(own.reader)) throw undecided("lot-key-needs-range");
  for (const range of ranges) sayRange(draft, range, enclosedOf(range.source, checked, evidence));
  sayOwn(draft, own.reader, ranges, checked);
  if (!own.reader) sayShown(draft, checked.flatMap(({ opened }) => opened.records));
  sayRecords(draft, checked, own.pins, new Set(ranges.map(({ source }) => source)));
  if (!sayLateness(draft, loggedOf(checked))) draft.open("open-claims");
  if (evidence.vouched > 0) draft.reason("evidence-vouched", `${evidence.vouched}`);
  if (evidence.missing > 0) draft.open("open-files", `${evidence.missing}`);
  sayCheckpoint(draft, own.policy, checked);
  sayStamps(draft, stamped);
  await sayCopies(draft, window, bundle, own);
  draft.open("open-truth");
  draft.records = checked.filter(({ place }) => place.claim === "records").flatMap((one) =>
    one.opened.records.map((record) =>
      showRecord(record, evidence.fileOf(record), `${one.statement.source} ${one.place.sequence}`)
    )
  ).slice(0, MAX_SHOWN);
  const acts = tellActs(bundle, file, checked, timesOf(stamped), (record) => evidence.fileOf(record));
  sayFailed(draft, acts, own.reader?.list.units, draft.found);
  draft.acts = acts.slice(0, MAX_ACTS);
}

/** Each with the time by which it was logged. In a range a receipt is for all statements before it too. */
function loggedOf(checked: readonly Checked[]): Logged[] {
  const logged: Logged[] = [];
  let later: { readonly place: Placed["place"]; readonly notAfter: bigint | undefined } | undefined;
  for (const { place, statement, receipt, opened } of [...checked].sort(byPlace).reverse()) {
    const isNext = place.claim === "range" && later?.place.claim === "range" && later.place.source === place.source;
    const times = [receipt?.accepted.times?.latest, isNext ? later?.notAfter : undefined];
    const [notAfter] = times.filter((time) => time !== undefined).sort((one, other) => (one < other ? -1 : 1));
    later = { place, notAfter };
    logged.unshift({ source: statement.source, sequence: statement.sequence, notAfter, opened });
  }
  return logged;
}

/**
 * Evidence by record, each with the times between which its statement was made, and a timestamp beside them;
 * `dated` has the latter by place.
 */
function tellActs(
  bundle: Bundle,
  file: RoledFile,
  checked: readonly Checked[],
  dated: ReadonlyMap<string, string>,
  fileOf: (record: OpenedRecord) => string | undefined,
): Act[] {
  const sorted = [...checked].sort(byPlace);
  const acts = boundsIn(sorted, dated).map((bounds, at): Act[] => {
    const one = sorted[at];
    if (!one) return [];
    const place = `${one.statement.source} ${one.place.sequence}`;
    return actsOf(one.opened, { place, ...bounds }, (record) => {
      const part = bundle.parts.get(fileOf(record) ?? "");
      return part && { given: file.name, start: part.start, size: part.size, sha256: encodeHex(part.hash) };
    });
  });
  return acts.flat();
}

/**
 * When each statement was made. In a range each holds the hash of the one before, so a bound reaches further:
 * nothing later was made before it, and nothing earlier after it.
 */
function boundsIn(sorted: readonly Checked[], dated: ReadonlyMap<string, string>): Bounds[] {
  const earliest = sorted.map(({ after }) => after?.times?.earliest);
  const latest = sorted.map(({ receipt }) => receipt?.accepted.times?.latest);
  const stamped = sorted.map(({ place }) => dated.get(pathOf(place, "tsr")));
  const isContinued = (at: number) => {
    const [one, next] = [sorted[at]?.place, sorted[at + 1]?.place];
    return one?.claim === "range" && next?.claim === "range" && one.source === next.source;
  };
  for (let at = 0; at + 1 < sorted.length; at += 1) {
    const [before, own] = [earliest[at], earliest[at + 1]];
    if (isContinued(at) && before !== undefined && (own === undefined || before > own)) earliest[at + 1] = before;
  }
  for (let at = sorted.length - 2; at >= 0; at -= 1) {
    if (!isContinued(at)) continue;
    const [own, behind] = [latest[at], latest[at + 1]];
    if (behind !== undefined && (own === undefined || behind < own)) latest[at] = behind;
    stamped[at] ??= stamped[at + 1];
  }
  return sorted.map((_, at) => ({ ...boundsOf(earliest[at], latest[at]), stamped: stamped[at] ?? "" }));
}

function byPlace({ place: one }: Placed, { place: other }: Placed): number {
  if (one.claim !== other.claim) return one.claim < other.claim ? -1 : 1;
  if (one.source !== other.source) return one.source - other.source;
  return one.sequence < other.sequence ? -1 : 1;
}

/** A bundle that was altered or damaged is wrong; what never was one proves nothing. */
async function openBundle(desk: Desk, file: RoledFile, window: FileWindow): Promise<Bundle> {
  try {
    const bundle = await readBundle(window, (done) =>
      desk.tellShare((0.5 * done) / file.blob.size)
    );
    desk.remember(file, bundle.hash);
    return bundle;
  } catch (error) {
    if (!(error instanceof Refusal)) throw undecided("file-unreadable", file.name, String(error));
    const why = [error.path.join(" "), ...error.values].join(", ");
    if (await isMeantAsBundle(window)) {
      if (await isCut(window, error)) throw rejected("bundle-cut", file.name);
      // What only the zip says of itself, its checksums and lengths, a bad copy breaks as well: that accuses nobody.
      const isZip = error.path[0] === "Zip";
      const said = isZip ? say("bundle-damaged", file.name, why) : say("bundle-altered", file.name, why);
      // Bytes that differ are not what packing again does.
      const isForm = isZip && error.path[1] !== "Checksum";
      throw new Stop("rejected", sayWith(said, isForm ? [say("bundle-repacked")] : []));
    }
    throw new Stop("undecided", await noBundle(file));
  }
}

/**
 * A log that is one has one tree of each size. Two that the policy accepts are two histories, whoever made them:
 * what the bundle shows of one is nothing in the other.
 */
function compareTrees(checked: readonly Checked[]): void {
  const roots = new Map<bigint, Hash>();
  const receipts = checked.flatMap(({ receipt }) => receipt?.accepted.checkpoint.tree ?? []);
  const bounds = checked.flatMap(({ after, statement }) => (after ? [statement.after.tree] : []));
  for (const { size, root } of [...receipts, ...bounds]) {
    const known = roots.get(size) ?? root;
    roots.set(size, known);
    if (!sameBytes(known, root)) {
      throw rejected("two-histories", `${size}`, encodeBase64(known), encodeBase64(root));
    }
  }
}

/** The papers of one statement after the other. */
class Papers {
  readonly #window: FileWindow;
  readonly #bundle: Bundle;
  readonly #own: Own;
  readonly #keys: readonly VerifierKey[];
  /** Checkpoints that were judged: many receipts are of one tree. */
  readonly #accepted = new Map<string, Accepted>();

  constructor(window: FileWindow, bundle: Bundle, own: Own) {
    const pinned = [...(own.pins?.pins.values() ?? [])].flatMap((pin) => pin.keys);
    [this.#window, this.#bundle, this.#own] = [window, bundle, own];
    this.#keys = [...pinned, ...own.keys];
  }

  async check(placed: Placed): Promise<Checked> {
    const { statement } = placed;
    await checkSource(statement.note, statement.source, this.#keys);
    const receipt = await this.#checkReceipt(placed);
    const opened = await this.#open(placed);
    const after = await this.#checkAfter(placed, receipt?.accepted);
    return { ...placed, opened, receipt, after };
  }

  async #checkReceipt(placed: Placed): Promise<Checked["receipt"]> {
    const bytes = await this.#read(placed, "tlog-proof");
    if (!bytes) return undefined;
    const { statement } = placed;
    const path = pathOf(placed.place, "tlog-proof");
    const proof = parsePart(path, () => parseProof(bytes));
    const entry = formatNote(statement.note);
    if (proof.extra && !sameBytes(proof.extra, entry)) throw rejected("receipt-of-another", path);
    const accepted = await this.#accept(proof.note);
    const { origin, tree } = accepted.checkpoint;
    try {
      verifyInclusion(statement.leaf, proof.index, tree, proof.hashes);
    } catch (error) {
      if (error instanceof Refusal) throw new Stop("rejected", sayWith(say("not-included"), [inclusionDetail(error)]));
      throw error;
    }
    if (origin !== statement.log) throw rejected("statement-of-another-log", statement.log, origin);
    const size = statement.after.tree.size;
    if (size > proof.index) throw rejected("after-the-future", `${size}`, `${proof.index}`);
    return { index: proof.index, accepted };
  }

  async #open(placed: Placed): Promise<OpenedBatch> {
    const bytes = (await this.#read(placed, "disclosure.json")) ?? new Uint8Array();
    try {
      return openBatch(parseDisclosure(bytes), placed.statement, placed.statement.batch);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const path = pathOf(placed.place, "disclosure.json");
      throw rejected("bad-disclosure", path, [error.path.join(" "), ...error.values].join(", "));
    }
  }

  /** The note that the statement names, and that the receipt's tree continues its tree. */
  async #checkAfter(placed: Placed, receipt: Accepted | undefined): Promise<Checked["after"]> {
    const bytes = await this.#read(placed, "after");
    if (!bytes) return undefined;
    const { statement } = placed;
    const { tree, noteHash } = statement.after;
    const [path, hash] = [pathOf(placed.place, "after"), sha256(bytes)];
    if (!sameBytes(hash, noteHash)) {
      throw rejected("after-other-note", path, encodeBase64(hash), encodeBase64(noteHash));
    }
    const accepted = await this.#accept(parsePart(path, () => parseNote(bytes)));
    const { checkpoint, times } = accepted;
    const isThatTree = checkpoint.origin === statement.log && checkpoint.tree.size === tree.size &&
      sameBytes(checkpoint.tree.root, tree.root);
    if (!isThatTree) throw rejected("after-other-tree", path);
    if (!receipt) return undefined;
    const newer = receipt.checkpoint.tree;
    const proof = await this.#read(placed, "consistency");
    if (!proof) {
      return tree.size === newer.size && sameBytes(tree.root, newer.root) ? { times } : undefined;
    }
    try {
      const consistencyPath = pathOf(placed.place, "consistency");
      verifyConsistency(tree, newer, parsePart(consistencyPath, () => parseHashes(proof)));
    } catch (error) {
      if (error instanceof Refusal) throw notContinued(error);
      throw error;
    }
    return { times };
  }

  async #accept(note: Note): Promise<Accepted> {
    const name = encodeHex(sha256(formatNote(note)));
    const known = this.#accepted.get(name);
    if (known) return known;
    try {
      const accepted = await checkPolicy(this.#own.policy, note);
      this.#accepted.set(name, accepted);
      return accepted;
    } catch (error) {
      if (error instanceof Refusal) throw refusalOf(this.#own.policy, error);
      throw error;
    }
  }

  #read(placed: Placed, role: PartRole): Promise<Uint8Array | undefined> {
    return readRole(this.#window, this.#bundle, placed.place, role);
  }
}

async function checkSource(
  note: Note,
  source: string,
  keys: readonly VerifierKey[],
): Promise<void> {
  const [line] = note.signatures;
  const key = keys.find((one) => line && claims(one, line));
  if (!key) throw rejected("unpinned-source", source, line?.id ?? "");
  const signed = await verifyNote(note, key);
  if (signed !== "valid") throw rejected("bad-statement", source, signed);
}

/** A part that is not what its path says is wrong, whoever wrote it. */
function parsePart<T>(path: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw rejected("bad-part", path, [error.path.join(" "), ...error.values].join(", "));
  }
}

function parseHashes(bytes: Uint8Array): Hash[] {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new Refusal("Utf8");
  const lines = text === "" ? [] : text.replace(/\n$/, "").split("\n");
  return lines.map((line) => {
    const hash = decodeHash(line);
    if (!hash) throw new Refusal("Hash");
    return hash;
  });
}

/** A range that holds, and what the reader's pin and the last receipt say of it. */
interface SoundRange extends Followed {
  readonly source: string;
  readonly machine: string;
  readonly cadence: bigint | undefined;
  readonly times: Times | undefined;
}

/** Follows every range. What is wrong is told before what cannot be told. */
function followAll(bundle: Bundle, checked: readonly Checked[], own: Own): SoundRange[] {
  const tagged = taggedReader(own.reader);
  const follow = (reader: Reader | undefined) =>
    bundle.sources.flatMap((_, source) => followOf(checked, source, own, reader) ?? []);
  try {
    return follow(tagged);
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    if (error.verdict === "undecided") compareEvidence(bundle, checked);
    const [reason] = error.reasons;
    if (reason?.code !== "range-untagged") throw error;
    if (findsOwn(checked.filter(({ place }) => place.claim === "range"), tagged)) throw error;
    // The keys fit no tag at all: they are of another lot, or nothing of the reader's is tagged.
    follow(undefined);
    compareEvidence(bundle, checked);
    throw undecided("lot-key-finds-nothing", ...reason.values);
  }
}

/** A pinned statement that is shown by itself is the one that is pinned; in a range it is checked with the rest. */
function checkPins(checked: readonly Checked[], { pins }: Own): void {
  for (const { place, statement } of checked) {
    const pin = pins?.pins.get(statement.source);
    if (pin && place.claim === "records") checkPinned(pin, statement);
  }
}

/** Follows the range of a source; undefined if none is claimed. */
function followOf(
  checked: readonly Checked[],
  source: number,
  own: Own,
  reader: Reader | undefined,
): SoundRange | undefined {
  const range = checked
    .filter(({ place }) => place.claim === "range" && place.source === source)
    .sort((one, other) => (one.place.sequence < other.place.sequence ? -1 : 1));
  const [first] = range;
  if (!first) return undefined;
  const name = first.statement.source;
  const pin = own.pins?.pins.get(name);
  // Without a pin the maker would say what is missing from the maker's own evidence.
  if (!pin) throw undecided("no-pin", name);
  const followed = followRange(pin, range, reader);
  // What lies before the pin, the pin says nothing of.
  if (followed.last < pin.first.sequence) {
    throw rejected("range-before-pin", name, `${followed.last}`, `${pin.first.sequence}`);
  }
  const times = range.at(-1)?.receipt?.accepted.times;
  const { machine, cadence } = pin;
  return { ...followed, source: name, machine, cadence, times };
}

/**
 * How many records of a range are a program or a profile of no unit whose file is enclosed: they are about all
 * boards, and what they hold is shown.
 */
function enclosedOf(source: string, checked: readonly Checked[], evidence: Compared): number {
  const range = checked.filter(({ place, statement }) => place.claim === "range" && statement.source === source);
  return range.flatMap(({ opened }) => opened.records).filter((record) =>
    ABOUT_ALL.includes(record.kind) && isOfNobody(record) && evidence.fileOf(record) !== undefined
  ).length;
}

function sayRange(draft: Draft, range: SoundRange, enclosed: number): void {
  const { source, first, last, statements, records } = range;
  draft.reason("range-sound", source, `${first}`, `${last}`, `${statements}`, `${records}`);
  draft.fact("machine", `${source}: ${range.machine}`);
  if (range.times) {
    draft.fact("range-witnessed", `${source} ${last}: ${formatUtc(range.times.latest)}`);
  }
  draft.fact("heartbeats", `${range.heartbeats}`);
  draft.fact("outages", `${range.outages}`);
  draft.open("open-scan", source);
  if (!range.holdsPinned) draft.open("open-range-start", source, `${first}`);
  if (range.cadence === undefined) draft.open("open-cadence", source);
  if (range.unnamed > enclosed) draft.open("open-unnamed", source, `${range.unnamed - enclosed}`);
}

/** `told` are the sources that were told of already. */
function sayRecords(draft: Draft, checked: readonly Checked[], pins: Pins | undefined, told: ReadonlySet<string>): void {
  const records = checked.filter(({ place }) => place.claim === "records");
  const sources = new Set(records.map(({ statement }) => statement.source).filter((source) => !told.has(source)));
  for (const source of sources) {
    const machine = pins?.pins.get(source)?.machine;
    if (machine === undefined) draft.fact("source", source);
    else draft.fact("machine", `${source}: ${machine}`);
  }
  for (const { statement, receipt, opened } of records) {
    // As in ranges, the header is no record of evidence.
    const shown = opened.records.filter((record) => record.index > 0n).length;
    const numbers = [statement.sequence, receipt?.index ?? 0n, shown, opened.recordCount - 1n];
    draft.reason("records-sound", statement.source, ...numbers.map(String));
    const times = receipt?.accepted.times;
    const place = `${statement.source} ${statement.sequence}`;
    if (times) draft.fact("statement-witnessed", `${place}: ${formatUtc(times.latest)}`);
  }
  if (records.length > 0) draft.open("open-completeness");
  for (const { statement, after } of checked) {
    const place = `${statement.source} ${statement.sequence}`;
    if (after?.times) draft.fact("not-before", `${place}: ${formatUtc(after.times.earliest)}`);
    else if (after) draft.fact("after-bound", `${place}: ${statement.after.tree.size}`);
  }
  // One that names no tree says no more than that its source names none: it need not be the log's first, and a
  // source can choose to.
  const open = checked.filter(({ after }) => !after);
  const noneNamed = open.filter(({ statement }) => statement.after.tree.size === 0n).length;
  if (open.length > noneNamed) draft.open("open-lower-bounds", `${open.length - noneNamed}`);
  if (noneNamed > 0) draft.open("open-none-named", `${noneNamed}`);
}

/** Who signed the newest tree, and what the policy leaves open. */
function sayCheckpoint(draft: Draft, policy: Policy, checked: readonly Checked[]): void {
  const accepted = checked.flatMap(({ receipt }) => receipt?.accepted ?? []);
  const [newest] = accepted.sort((one, other) =>
    one.checkpoint.tree.size > other.checkpoint.tree.size ? -1 : 1
  );
  if (newest) describeAccepted(draft, policy, newest);
}

/**
 * Copies decide nothing; where they are not the reader's own, that is told, and where they are, that the reader may have
 * them from there. What they say is compared: a comment more, or what editors leave in a text, makes no other one of it.
 */
async function sayCopies(
  draft: Draft,
  window: FileWindow,
  bundle: Bundle,
  own: Own,
): Promise<void> {
  const policy = bundle.parts.get(POLICY_COPY);
  if (policy) {
    const copy = await readPart(window, policy);
    if (saysTheSame(() => formatPolicy(parseOwn(copy, parsePolicy)), formatPolicy(own.policy))) draft.open("open-same-policy");
    else draft.fact("other-copy", POLICY_COPY);
  }
  const pins = bundle.parts.get(PINS_COPY);
  if (!pins || !own.pins) return;
  const copy = await readPart(window, pins);
  if (saysTheSame(() => formatPins(parseOwn(copy, parsePins)), formatPins(own.pins))) draft.open("open-same-pins");
  else draft.fact("other-copy", PINS_COPY);
}

/** Whether a copy says what the reader's own says. One that cannot be read says something else. */
function saysTheSame(copied: () => string, own: string): boolean {
  try {
    return copied() === own;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return false;
  }
}
