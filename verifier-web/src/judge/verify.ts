/**
 * Judges a receipt, and with a disclosure the files behind it.
 *
 *     receipt -> statement -> signature by a pinned source key -> leaf hash -> inclusion
 *             -> checkpoint under the policy -> disclosure against the batch -> bytes of the file
 *
 * The order is that of `fiducial verify`, because it decides between "rejected" and "could not tell"
 * where more than one thing is wrong: what cannot be read as what it should be proves nothing.
 */

import { checkSha256, ed25519Engine } from "../crypto/engine.ts";
import { HashesDiffer } from "../crypto/sha256.ts";
import { MAX_DISCLOSURE_SIZE, parseDisclosure } from "../formats/disclosure.ts";
import { encodeBase64, encodeUtf8, type Hash } from "../formats/encoding.ts";
import { encodeHex } from "../formats/hex.ts";
import type { VerifierKey } from "../formats/key.ts";
import { parsePins, type Pins } from "../formats/pins.ts";
import { parseKeys, parsePolicy, shownName, type Policy } from "../formats/policy.ts";
import { MAX_ENTRY_SIZE, MAX_PROOF_SIZE, parseProof, type Proof } from "../formats/proof.ts";
import { Refusal } from "../formats/refusal.ts";
import { MAX_SPLIT_SIZE, parseSplit, type Split } from "../formats/split.ts";
import { parseStatement, type Statement } from "../formats/statement.ts";
import { leafHash, verifyInclusion } from "../formats/tree.ts";
import { describeAccepted, refusalOf, unknownLog } from "./accepted.ts";
import { actsOf, boundsOf, type Bounds } from "./acts.ts";
import { checkAfter } from "./after.ts";
import { judgeBundle } from "./bundle.ts";
import { inclusionDetail, splitDetail } from "./details.ts";
import { sayLateness } from "./lateness.ts";
import { inOrder, sayFailed } from "./look.ts";
import { Desk, type Given, type Progress, type RoledFile } from "./given.ts";
import { withInList } from "./in-list.ts";
import { mistaken } from "./mistaken.ts";
import { neither } from "./neither.ts";
import { isWhole, knownText, openBatch, type OpenedBatch, type OpenedRecord } from "./opened.ts";
import { checkPolicy, type Accepted } from "./policy.ts";
import { readReader } from "./reader.ts";
import { showRecord } from "./show.ts";
import { checkPins, checkSource, sourcesOf, type Sources } from "./sources.ts";
import { cosignedAt, proveSplit } from "./split.ts";
import { parseOwn, whyRefused } from "./texts.ts";
import { formatUtc } from "./time.ts";
import { areUnpacked } from "./unpacked.ts";
import {
  Draft,
  Stop,
  rejected,
  say,
  sayWith,
  undecided,
  type Exhibit,
  type Report,
} from "./report.ts";

/** The field that commits to a file's bytes. */
const FILE_HASH = "file/sha256";

/** The most letters of keys: 4,096 of the longest Ed25519 ones. */
const MAX_KEYS_SIZE = 4096 * 360;

/** What the receipt is about: a statement, or an entry of which nothing is known. */
type Entry = { readonly statement: Statement } | { readonly opaque: Uint8Array };

/** Judges what was given; never throws for anything that was given. */
export async function judge(given: Given, progress: Progress): Promise<Report> {
  const desk = new Desk(given, progress);
  const draft = new Draft();
  const ended = (verdict: Report["verdict"], reasons: Report["reasons"]) => ({
    ...{ verdict, reasons, inputs: desk.inputs },
    ...{ holds: false, look: [], facts: [], records: [], acts: [], ownUnits: [], ownPanels: [], lacking: [], notChecked: [] },
  });
  const engine = await ed25519Engine();
  try {
    await checkSha256();
    await judgeWhatIsThere(draft, desk, given);
    // An answer to a challenge is a bundle like any other: what it answers, only the program compares.
    for (const challenge of desk.all("challenge")) draft.open("open-challenge", challenge.name);
    const { reasons, facts, records, acts, ownUnits, ownPanels, lacking, notChecked } = draft;
    const verdict = draft.isInOrder ? "verified" : "rejected";
    const look = inOrder(draft.look);
    const shown = { holds: true, look, facts, records, acts, ownUnits, ownPanels, lacking, notChecked };
    return { ...ended(verdict, reasons), ...shown, engine };
  } catch (error) {
    if (error instanceof Stop) return { ...ended(error.verdict, await withInList(desk, error.reasons)), engine };
    if (error instanceof HashesDiffer) {
      return { ...ended("undecided", [say("hashes-differ")]), engine };
    }
    const message = error instanceof Error ? error.message : String(error);
    return { ...ended("undecided", [say("own-fault", message)]), engine };
  }
}

/** A bundle holds everything, but not in parts; evidence of a split stands alone; else it is a receipt. */
async function judgeWhatIsThere(draft: Draft, desk: Desk, given: Given): Promise<void> {
  const bundle = desk.alone("bundle");
  // Its parts would be taken for receipts and reports of their own, and be rejected as such.
  if (!bundle && (await areUnpacked(given.files))) throw undecided("unpacked-bundle");
  const split = desk.alone("split");
  if (!bundle && split) return judgeSplit(draft, desk, given);
  if (!bundle) {
    await judgeReceipt(draft, desk, given);
    return sayUnused(draft, given);
  }
  const [policy, pins, keys] = [readPolicy(given), readPins(given), readKeys(given)];
  const reader = readReader(given.lotKeys, given.units);
  const own = { policy, pins, keys, reader };
  return judgeBundle(draft, desk, bundle, own);
}

async function judgeReceipt(draft: Draft, desk: Desk, given: Given): Promise<void> {
  const policy = readPolicy(given);
  const sources = sourcesOf(readPins(given), readKeys(given));
  const file = desk.one("receipt");
  if (!file) throw await neither(desk);
  const bytes = await desk.read(file, MAX_PROOF_SIZE);
  const proof = readable(file, () => parseProof(bytes));

  const entry = await readEntry(desk, policy, proof, sources);
  const accepted = await checkIncluded(draft, desk, policy, proof, entry);
  if ("opaque" in entry) {
    // Nothing but a statement names what it follows.
    if (desk.one("after")) throw undecided("no-source-key");
    draft.open("open-opaque");
    return;
  }
  checkStatement(draft, entry.statement, proof);
  checkPins(draft, entry.statement, sources);
  const after = await checkAfter(draft, desk, policy, entry.statement, accepted.checkpoint.tree);
  // What it is about is what nobody knows first, where nothing but the receipt is there.
  if (!desk.one("disclosure") && desk.all("file").length === 0) draft.notChecked.unshift(say("open-no-disclosure"));
  draft.open("open-completeness");
  draft.open("open-truth");
  const { source, sequence } = entry.statement;
  const bounds = boundsOf(after?.earliest, accepted.times?.latest);
  const opened = await checkDisclosure(draft, desk, entry.statement, bounds);
  if (!opened) return;
  sayLateness(draft, [{ source, sequence, notAfter: accepted.times?.latest, opened }]);
  sayFailed(draft, draft.acts, undefined);
}

/** What only bundles are read with is no reason against a receipt; that nothing was done with it is said. */
function sayUnused(draft: Draft, given: Given): void {
  if (given.lotKeys.trim() !== "") draft.open("open-lot-keys-unused");
  if (given.units.length > 0) draft.open("open-units-unused");
}

function readPolicy(given: Given): Policy {
  if (given.policy.length === 0) throw undecided("no-policy");
  try {
    return parseOwn(given.policy, parsePolicy);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const why = [error.values.at(-1) ?? "", whyRefused(given.policy, error)];
    throw mistaken("policy", given.policy) ?? undecided("bad-policy", ...why);
  }
}

function readPins(given: Given): Pins | undefined {
  if (given.pins.length === 0) return undefined;
  try {
    return parseOwn(given.pins, parsePins);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const why = [error.values.at(-1) ?? "", whyRefused(given.pins, error)];
    throw mistaken("pins", given.pins) ?? undecided("bad-pins", ...why);
  }
}

function readKeys(given: Given): VerifierKey[] {
  if (given.keys.length > MAX_KEYS_SIZE) throw undecided("keys-too-long", `${MAX_KEYS_SIZE}`);
  try {
    return parseKeys(given.keys);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // A private key is not shown again, nor any part of it.
    if (error.path[0] === "Private") throw undecided("private-key");
    const why = [error.values.at(-1) ?? "", error.path.join(" ")];
    throw mistaken("keys", encodeUtf8(given.keys)) ?? undecided("bad-keys", ...why);
  }
}

/** The entry: from its own file, or the statement that the receipt carries. */
async function readEntry(
  desk: Desk,
  policy: Policy,
  proof: Proof,
  sources: Sources,
): Promise<Entry> {
  const file = desk.one("entry");
  const hasKeys = sources.keys.length > 0;
  const isStatementAsked = hasKeys || desk.one("disclosure") !== undefined;
  const bytes = file ? await desk.read(file, MAX_ENTRY_SIZE) : proof.extra;
  if (!bytes) throw undecided("no-entry");
  let statement;
  try {
    statement = parseStatement(bytes);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (file && !isStatementAsked) return { opaque: bytes };
    // Bytes that are not the entry either are a file that was cut, or another one.
    if (file && !(await isIncluded(policy, proof, leafHash(bytes)))) {
      throw undecided("malformed", file.name, [error.path.join(" "), ...error.values].join(", "));
    }
    // Extra data is not authenticated by the proof: what is no statement there says nothing.
    throw new Stop(file ? "rejected" : "undecided", say("not-a-statement", error.path.join(" ")));
  }
  if (!hasKeys) {
    if (file && !isStatementAsked) return { opaque: bytes };
    throw undecided("no-source-key");
  }
  await checkSource(statement, sources);
  return { statement };
}

/** Whether the receipt holds for this leaf. */
async function isIncluded(policy: Policy, proof: Proof, leaf: Hash): Promise<boolean> {
  try {
    const { checkpoint } = await checkPolicy(policy, proof.note);
    verifyInclusion(leaf, proof.index, checkpoint.tree, proof.hashes);
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

/** The checkpoint under the policy, then the path to its root. */
async function checkIncluded(
  draft: Draft,
  desk: Desk,
  policy: Policy,
  proof: Proof,
  entry: Entry,
): Promise<Accepted> {
  let accepted;
  try {
    accepted = await checkPolicy(policy, proof.note);
  } catch (error) {
    if (error instanceof Refusal) throw refusalOf(policy, error);
    throw error;
  }
  const { tree } = accepted.checkpoint;
  const leaf = "statement" in entry ? entry.statement.leaf : leafHash(entry.opaque);
  try {
    verifyInclusion(leaf, proof.index, tree, proof.hashes);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // Nobody hands over an empty entry on purpose: that it is elsewhere says nothing.
    const isEmpty = "opaque" in entry && entry.opaque.length === 0;
    if (isEmpty) throw undecided("file-empty", desk.one("entry")?.name ?? "");
    throw new Stop("rejected", sayWith(say("not-included"), [inclusionDetail(error)]));
  }
  draft.reason("included", `${proof.index}`);
  draft.fact("index", `${proof.index}`);
  draft.fact("leaf", encodeHex(leaf));
  describeAccepted(draft, policy, accepted);
  return accepted;
}

/** The statement must be made for this log, and after a tree that was there before it. */
function checkStatement(draft: Draft, statement: Statement, proof: Proof): void {
  const { origin } = proof.checkpoint;
  if (statement.log !== origin) throw rejected("statement-of-another-log", statement.log, origin);
  const after = statement.after.tree.size;
  if (after > proof.index) throw rejected("after-the-future", `${after}`, `${proof.index}`);
  draft.fact("source", statement.source);
  draft.fact("sequence", `${statement.sequence}`);
  draft.fact("after", `${after}`);
}

async function checkDisclosure(
  draft: Draft,
  desk: Desk,
  statement: Statement,
  times: Bounds,
): Promise<OpenedBatch | undefined> {
  const file = desk.one("disclosure");
  const evidence = desk.all("file");
  if (!file) {
    if (evidence.length > 0) throw undecided("file-without-disclosure");
    return undefined;
  }
  const bytes = await desk.read(file, MAX_DISCLOSURE_SIZE);
  const disclosure = readable(file, () => parseDisclosure(bytes));
  const opened = openOrReject(file, () => openBatch(disclosure, statement, statement.batch));
  const vouched = new Map<bigint, string>();
  const exhibits = new Map<bigint, Exhibit>();
  for (const one of evidence) {
    const record = await checkFile(draft, desk, one, opened);
    vouched.set(record.index, one.name);
    const sha256 = knownText(record, FILE_HASH) ?? "";
    exhibits.set(record.index, { given: one.name, start: 0, size: one.blob.size, sha256 });
  }
  const of = { place: `${statement.source} ${statement.sequence}`, ...times };
  draft.acts = actsOf(opened, of, (record) => exhibits.get(record.index));
  draft.records = opened.records.map((record) => showRecord(record, vouched.get(record.index), undefined));
  for (const record of opened.records) {
    const isAboutFile = knownText(record, FILE_HASH) !== undefined;
    if (isAboutFile && !vouched.has(record.index)) draft.open("open-file", `${record.index}`);
  }
  if (!isWhole(opened)) {
    const [shown, all] = [`${opened.records.length}`, `${opened.recordCount}`];
    if (shown === all) draft.open("open-hidden-parts", all);
    else draft.open("open-hidden", shown, all);
  }
  return opened;
}

/** Finds the opened record that commits to exactly these bytes. */
async function checkFile(
  draft: Draft,
  desk: Desk,
  file: RoledFile,
  opened: OpenedBatch,
): Promise<OpenedRecord> {
  const hash = await desk.hash(file);
  const record = opened.records.find((one) => knownText(one, FILE_HASH) === hash);
  // An empty file was not written or copied whole; it is nobody's report.
  if (!record && file.blob.size === 0) throw undecided("file-empty", file.name);
  if (!record) throw rejected("file-not-vouched", file.name, hash);
  draft.reason("file-vouched", file.name, `${record.index}`, record.kind);
  return record;
}

async function judgeSplit(draft: Draft, desk: Desk, given: Given): Promise<void> {
  const policy = readPolicy(given);
  const file = desk.one("split");
  if (!file) throw undecided("no-receipt");
  const bytes = await desk.read(file, MAX_SPLIT_SIZE);
  const split = readable(file, () => parseSplit(bytes));
  const { older, newer } = split;
  const { origin } = older.checkpoint;
  const keys = policy.logs.map((log) => log.key);
  if (!keys.some((key) => key.name === origin)) throw new Stop("undecided", unknownLog(policy, origin));
  const beginning = await proveSplit(split, keys).catch((error: unknown) => {
    if (!(error instanceof Refusal)) throw error;
    throw new Stop("rejected", sayWith(say("split-not-proven"), [splitDetail(error, split)]));
  });
  const trees = [older, newer].map(({ checkpoint }) => checkpoint.tree);
  const [smaller, larger] = trees.map(({ size }) => `${size}`);
  draft.reason("split-proven", origin, smaller ?? "", larger ?? "");
  draft.fact("origin", origin);
  const [smallerRoot, largerRoot] = trees.map(({ size, root }) => `${size}, ${encodeBase64(root)}`);
  draft.fact("older", smallerRoot ?? "");
  draft.fact("newer", largerRoot ?? "");
  if (smaller !== larger) draft.fact("beginning", encodeBase64(beginning));
  await sayCosigners(draft, policy, split);
  draft.open("open-shown");
}

/** The witnesses that cosigned: who cosigned both has failed as well, or its key is no longer its own. */
async function sayCosigners(draft: Draft, policy: Policy, { older, newer }: Split): Promise<void> {
  for (const { name, key } of policy.witnesses) {
    const [first, second] = [await cosignedAt(older, key), await cosignedAt(newer, key)];
    const times = [first, second].filter((time) => time !== undefined).map(formatUtc);
    const said = `${shownName(name)} ${times.join(" ")}`;
    if (first !== undefined && second !== undefined) draft.fact("cosigned-both", said);
    else if (first !== undefined) draft.fact("cosigned-older", said);
    else if (second !== undefined) draft.fact("cosigned-newer", said);
  }
}

/** What cannot be read as what it should be proves neither one thing nor the other. */
function readable<T>(file: RoledFile, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw undecided("malformed", file.name, [error.path.join(" "), ...error.values].join(", "));
  }
}

function openOrReject<T>(file: RoledFile, open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw rejected("bad-disclosure", file.name, [error.path.join(" "), ...error.values].join(", "));
  }
}
