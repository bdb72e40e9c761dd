/** Timestamps: what holds, and every way to be wrong. The authority is `openssl`, with keys made afresh. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { concat } from "../../src/crypto/bytes.ts";
import { verifyEcdsa, verifyRsa } from "../../src/crypto/rsa-ecdsa.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { parseCertificate } from "../../src/formats/certificate.ts";
import { encodeUtf8 } from "../../src/formats/encoding.ts";
import { encodeHex } from "../../src/formats/hex.ts";
import { formatNote } from "../../src/formats/note.ts";
import { parseProof } from "../../src/formats/proof.ts";
import { Stop, type Report } from "../../src/judge/report.ts";
import { Undecided, checkStamp, type Stamp } from "../../src/judge/stamp.ts";
import { judge } from "../../src/judge/verify.ts";
import { Authority, GOOD, der, exchanged, granted, placeOf } from "../authority.ts";
import { makeBundle, makeRange, partsOf, pinsFrom } from "../maker-bundle.ts";
import { NOTHING_ELSE, POLICY, SIGNERS, anchor } from "../maker.ts";

const folder = mkdtempSync(join(tmpdir(), "fiducial-stamps-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const EVIDENCE = anchor("report.json", sha256(encodeUtf8("a report")));
const NOTE = noteOf(EVIDENCE.receipt);
const RECORDS = partsOf("records", EVIDENCE);

const tsa = new Authority(folder);
tsa.issue("clock", "P-256", GOOD);
tsa.issue("rsa", "rsa:2048", GOOD, "/C=DE/O=Clocks+OU=A/CN=a,b");
tsa.issue("without-usage", "P-256", "extendedKeyUsage=critical,timeStamping\n");
tsa.issue("commitment", "P-256", "keyUsage=nonRepudiation\nextendedKeyUsage=critical,timeStamping\n");
const TOKEN = tsa.answer(NOTE, "clock");
const STATED = tsa.stated(TOKEN);

function noteOf(receipt: Uint8Array): Uint8Array {
  return formatNote(parseProof(receipt).note);
}

/** What is said of a token: what it states, or the code of why not. */
async function said(token: Uint8Array, note = NOTE): Promise<Stamp | string> {
  try {
    return await checkStamp("0.tsr", token, note);
  } catch (error) {
    if (error instanceof Undecided) return error.why;
    if (error instanceof Stop) return error.reasons[0]?.code ?? "";
    throw error;
  }
}

async function sound(token: Uint8Array, note = NOTE): Promise<Stamp> {
  const stamp = await said(token, note);
  assert.ok(typeof stamp === "object", String(stamp));
  return stamp;
}

/** With one bit changed. */
function flipped(bytes: Uint8Array, at: number, bit = 0): Uint8Array {
  const changed = bytes.slice();
  changed[at] = (changed[at] ?? 0) ^ (1 << bit);
  return changed;
}

test("a changed bit anywhere states no other time, signer or certificate", async () => {
  const stamp = await sound(TOKEN);
  const counts: Record<string, number> = {};
  for (let at = 0; at < TOKEN.length; at += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      const answer = await said(flipped(TOKEN, at, bit));
      const code = typeof answer === "string" ? answer : "same";
      if (typeof answer === "object") assert.deepEqual(answer, stamp, `bit ${bit} of byte ${at}`);
      counts[code] = (counts[code] ?? 0) + 1;
    }
  }
  // What is neither signed nor read: parameters, the list of digests, a text for people.
  assert.ok((counts["same"] ?? 0) < TOKEN.length / 4, JSON.stringify(counts));
  for (const code of ["stamp-malformed", "stamp-altered", "stamp-bad-signature", "stamp-without-certificate"]) {
    assert.ok((counts[code] ?? 0) > 0, code);
  }
});

test("every signed byte is bound, each to its own reason", async () => {
  const at = placeOf(STATED, Uint8Array.of(0x18, 0x0f)) + 2;
  const time = STATED.subarray(at, at + 15);
  const other = encodeUtf8("20251231235959Z");
  assert.equal(await said(exchanged(TOKEN, time, other)), "stamp-altered");
  assert.equal(await said(flipped(TOKEN, TOKEN.length - 1)), "stamp-bad-signature");
  const certificate = tsa.certificate("clock");
  const changed = flipped(certificate, certificate.length - 1);
  assert.equal(await said(exchanged(TOKEN, certificate, changed)), "stamp-without-certificate");
});

test("what is no whole response or was not granted is refused", async () => {
  for (let size = 0; size < TOKEN.length; size += 1) {
    assert.equal(await said(TOKEN.subarray(0, size)), "stamp-malformed", `cut at ${size}`);
  }
  const inner = TOKEN.subarray(placeOf(TOKEN, Uint8Array.of(2, 1, 0)) + 3);
  for (const wrong of [concat(TOKEN, Uint8Array.of(0)), inner, granted(new Uint8Array()), Uint8Array.of(0x30, 0)]) {
    assert.equal(await said(wrong), "stamp-malformed");
  }
  assert.deepEqual(await sound(granted(inner)), await sound(TOKEN));
  const status = (value: number) => der(0x30, der(0x30, Uint8Array.of(2, 1, value)));
  assert.equal(await said(status(0)), "stamp-malformed");
  for (const value of [2, 5]) assert.equal(await said(status(value)), "stamp-not-granted");
  // A thousand sequences one in the other are nothing to recur into.
  let deep = new Uint8Array() as Uint8Array;
  for (let at = 0; at < 1000; at += 1) deep = der(0x30, deep);
  assert.equal(await said(deep), "stamp-malformed");
});

test("a token of another note, or by a hash that proves nothing, dates nothing", async () => {
  assert.equal(await said(TOKEN, concat(NOTE, encodeUtf8("\n"))), "stamp-of-another");
  assert.equal(await said(tsa.answer(encodeUtf8("something else"), "clock")), "stamp-of-another");
  assert.equal(await said(tsa.answer(NOTE, "clock", { imprint: "sha1" })), "stamp-weak-imprint");
  // This authority takes none of these, and its refusal is no token.
  assert.equal(await said(tsa.answer(NOTE, "clock", { imprint: "sha224" })), "stamp-not-granted");
  for (const imprint of ["sha384", "sha512"]) await sound(tsa.answer(NOTE, "clock", { imprint }));
});

test("every common key and digest is understood in both ways to name a certificate", async () => {
  for (const curve of ["P-384", "P-521"]) tsa.issue(curve, curve, GOOD);
  for (const [signer, settings, digest] of [
    ["rsa", "v2", "sha256"],
    ["rsa", "v1", "sha384"],
    ["rsa", "v2", "sha512"],
    ["clock", "v1", "sha256"],
    ["clock", "v2", "sha384"],
    ["clock", "v2", "sha512"],
    ["P-384", "v2", "sha256"],
    ["P-384", "v2", "sha384"],
    ["P-521", "v2", "sha512"],
  ] as const) {
    const token = tsa.answer(NOTE, signer, { settings, digest });
    const stamp = await sound(token);
    assert.equal(stamp.signer, signer === "rsa" ? "CN=a\\,b,OU=A+O=Clocks,C=DE" : `CN=${signer}`);
    assert.equal(stamp.accuracy, 1.5);
    assert.equal(stamp.certificateHash, encodeHex(sha256(tsa.certificate(signer))));
    assert.match(stamp.time, /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.equal(await said(flipped(token, token.length - 1)), "stamp-bad-signature", signer);
  }
  assert.equal((await sound(tsa.answer(NOTE, "clock", { settings: "plain" }))).accuracy, undefined);
});

test("the certificate must be for timestamps alone and valid at the time", async () => {
  for (const [name, extensions] of [
    ["none", "basicConstraints=CA:FALSE\n"],
    ["not-critical", "extendedKeyUsage=timeStamping\n"],
    ["other", "extendedKeyUsage=critical,codeSigning\n"],
    ["more", "extendedKeyUsage=critical,timeStamping,codeSigning\n"],
    ["no-signing", "keyUsage=critical,keyAgreement\nextendedKeyUsage=critical,timeStamping\n"],
  ] as const) {
    tsa.issue(name, "P-256", extensions);
    assert.equal(await said(tsa.sign(STATED, name)), "stamp-not-for-stamps", name);
  }
  for (const allowed of ["without-usage", "commitment"]) await sound(tsa.sign(STATED, allowed));
  // Signed in truth, and stating a time before or after the certificate's.
  const at = placeOf(STATED, Uint8Array.of(0x18, 0x0f)) + 2;
  for (const year of ["2001", "2099"]) {
    const other = STATED.slice();
    other.set(encodeUtf8(year), at);
    assert.equal(await said(tsa.sign(other, "clock")), "stamp-out-of-date");
  }
});

test("the signer must be the one whose certificate is named and enclosed", async () => {
  await sound(tsa.sign(STATED, "clock"));
  assert.equal(await said(tsa.sign(STATED, "clock", "-md sha256 -nocerts")), "stamp-without-certificate");
  const other = tsa.sign(STATED, "clock", "-md sha256 -nocerts -certfile rsa.pem");
  assert.equal(await said(other), "stamp-without-certificate");
  await sound(tsa.sign(STATED, "clock", "-md sha256 -certfile rsa.pem"));
  // Named by its key's identifier instead of its issuer.
  await sound(tsa.sign(STATED, "clock", "-md sha256 -keyid"));
  assert.equal(await said(tsa.signNameless(STATED, "clock")), "stamp-names-none");
  const bare = tsa.signNameless(STATED, "clock", "-md sha256 -noattr");
  assert.equal(await said(bare), "stamp-malformed");
  const two = tsa.sign(STATED, "clock", "-md sha256 -signer rsa.pem -inkey rsa.key");
  assert.equal(await said(two), "stamp-malformed");
  // The number that the signer names is not signed: it is compared.
  const token = tsa.sign(STATED, "clock");
  const certificate = tsa.certificate("clock");
  const behind = placeOf(token, certificate) + certificate.length;
  const serial = Buffer.from(token).indexOf(parseCertificate(certificate).serial, behind);
  assert.equal(await said(flipped(token, serial + 3)), "stamp-without-certificate");
});

test("a weak key is wrong, and what is not known decides nothing", async () => {
  tsa.issue("weak", "rsa:1024", GOOD);
  assert.equal(await said(tsa.sign(STATED, "weak")), "stamp-bad-signature");
  const pss = tsa.sign(STATED, "rsa", "-md sha256 -keyopt rsa_padding_mode:pss");
  assert.equal(await said(pss), "unknown");
  assert.equal(await said(tsa.sign(STATED, "rsa", "-md sha1")), "unknown");
  tsa.issue("curve", "secp256k1", GOOD);
  assert.equal(await said(tsa.sign(STATED, "curve")), "unknown");
  // An extension of what is stated, critical or not.
  const extension = (flag: number[]) =>
    der(0xa1, der(0x30, Uint8Array.of(6, 2, 0x2a, 3), Uint8Array.from(flag), der(4, Uint8Array.of(5, 0))));
  const head = STATED.length - (STATED[1] === 0x81 ? 3 : 2);
  const extended = (flag: number[]) => tsa.sign(der(0x30, STATED.subarray(-head), extension(flag)), "clock");
  assert.equal(await said(extended([1, 1, 0xff])), "unknown");
  await sound(extended([]));
  await sound(extended([1, 1, 0]));
});

test("a browser that computes no such signature leaves it open, and never accepts", async () => {
  const own = Object.getOwnPropertyDescriptor(globalThis, "crypto");
  Object.defineProperty(globalThis, "crypto", { value: {}, configurable: true });
  try {
    assert.equal(await said(TOKEN), "unavailable");
  } finally {
    if (own) Object.defineProperty(globalThis, "crypto", own);
  }
  await sound(TOKEN);
});

test("keys and signatures of another form or size are wrong before any browser sees them", async () => {
  const signed = (signature: Uint8Array) => ({ by: "SHA-256", message: NOTE, signature }) as const;
  const integer = (...bytes: number[]) => der(2, Uint8Array.from(bytes));
  const { subtle } = globalThis.crypto;
  const pair = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);
  const key = new Uint8Array(await subtle.exportKey("raw", pair.publicKey));
  const raw = new Uint8Array(await subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, NOTE.slice()));
  const half = (bytes: Uint8Array) => {
    const start = bytes.findIndex((byte) => byte !== 0);
    const short = [...bytes.subarray(start)];
    return (short[0] ?? 0) >= 0x80 ? [0, ...short] : short;
  };
  const [r, s] = [half(raw.subarray(0, 32)), half(raw.subarray(32))];
  const good = der(0x30, integer(...r), integer(...s));
  assert.equal(await verifyEcdsa("P-256", key, signed(good)), "valid");
  for (const wrong of [
    raw,
    der(0x30, integer(0, ...r), integer(...s)),
    der(0x30, integer(...r), integer(...s), integer(0)),
    der(0x30, integer(...r)),
    der(0x30, integer(0), integer(0)),
    der(0x30, integer(1, ...new Array<number>(32).fill(0)), integer(...s)),
    concat(good, Uint8Array.of(0)),
    new Uint8Array(),
  ]) {
    assert.equal(await verifyEcdsa("P-256", key, signed(wrong)), "invalid", encodeHex(wrong));
  }
  assert.equal(await verifyEcdsa("P-384", key, signed(good)), "invalid");
  assert.equal(await verifyEcdsa("P-256", flipped(key, 40), signed(good)), "invalid", "off the curve");
  const compressed = concat(Uint8Array.of(2), key.subarray(1, 33));
  assert.equal(await verifyEcdsa("P-256", compressed, signed(good)), "unavailable");

  const n = [0, ...new Array<number>(256).fill(0xc3)];
  const rsa = (modulus: number[], exponent: number[]) => der(0x30, integer(...modulus), integer(...exponent));
  for (const wrong of [
    rsa(n.slice(0, -1).concat(0xc3).toSpliced(1, 1), [1, 0, 1]), // 2040 bits
    rsa(n.with(-1, 0xc2), [1, 0, 1]),
    rsa(n, [1]),
    rsa(n, [2]),
    rsa(n, [4, 0, 0, 0, 1]), // 35 bits
    rsa([0, ...new Array<number>(1025).fill(0xc3)], [1, 0, 1]), // 8200 bits
    new Uint8Array(),
  ]) {
    assert.equal(await verifyRsa(wrong, signed(new Uint8Array(256))), "invalid");
  }
});

async function judged(bundle: Uint8Array, pins = ""): Promise<Report> {
  const blob = new Blob([new Uint8Array(bundle)]);
  const own = { policy: encodeUtf8(POLICY), keys: pins === "" ? SIGNERS.source.vkey : "", ...NOTHING_ELSE };
  const files = [{ role: "bundle", name: "b.zip", blob } as const];
  return judge({ files, ...own, pins: encodeUtf8(pins) }, () => {});
}

const codes = (all: readonly { code: string }[]) => all.map((one) => one.code);
const stamped = (token: Uint8Array) => makeBundle(RECORDS, new Map([["records/0/12.tsr", token]]));

test("a bundle says what its token states, and that its authority was not asked about", async () => {
  const report = await judged(stamped(TOKEN));
  assert.equal(report.verdict, "verified");
  const facts = new Map(report.facts.map(({ code, value }) => [code, value]));
  const stamp = await sound(TOKEN);
  assert.equal(facts.get("stamp-time"), `records/0/12: ${stamp.time}`);
  assert.equal(facts.get("stamp-accuracy"), "records/0/12: 1.5 s");
  assert.equal(facts.get("stamp-signer"), "records/0/12: CN=clock");
  assert.equal(facts.get("stamp-certificate"), `records/0/12: ${stamp.certificateHash}`);
  const open = report.notChecked.find(({ code }) => code === "open-stamp-authority");
  assert.deepEqual(open?.values, ["records/0/12", stamp.time, "CN=clock"]);
  assert.deepEqual(report.acts.map((act) => act.stamped), [stamp.time]);
  // It moves nothing that the witnesses say.
  const without = await judged(makeBundle(RECORDS));
  assert.deepEqual(report.acts.map((act) => act.noLater), without.acts.map((act) => act.noLater));
  assert.ok(!codes(without.notChecked).some((code) => code.includes("stamp")));
});

test("a token that is wrong rejects the bundle, and one that is not known leaves it open", async () => {
  const told = async (bundle: Uint8Array) => {
    const report = await judged(bundle);
    return [report.verdict, report.reasons[0]?.code];
  };
  assert.deepEqual(await told(stamped(flipped(TOKEN, TOKEN.length - 1))), ["rejected", "stamp-bad-signature"]);
  const elsewhere = tsa.answer(encodeUtf8("something else"), "clock");
  assert.deepEqual(await told(stamped(elsewhere)), ["rejected", "stamp-of-another"]);
  assert.deepEqual(await told(stamped(encodeUtf8("a token"))), ["rejected", "stamp-malformed"]);
  const misplaced = makeBundle(RECORDS, new Map([["records/0/13.tsr", TOKEN]]));
  assert.deepEqual(await told(misplaced), ["rejected", "bundle-altered"]);
  const large = stamped(new Uint8Array(64 * 1024 + 1));
  assert.deepEqual(await told(large), ["rejected", "bundle-altered"]);
  const pss = tsa.sign(STATED, "rsa", "-md sha256 -keyopt rsa_padding_mode:pss");
  const report = await judged(stamped(pss));
  assert.equal(report.verdict, "verified");
  assert.ok(codes(report.notChecked).includes("stamp-unknown"));
  assert.ok(!codes(report.facts).some((code) => code.startsWith("stamp-")));
  assert.deepEqual(report.acts.map((act) => act.stamped), [""]);
});

test("at the end of a range a token dates all of it", async () => {
  const made = makeRange(sha256(encodeUtf8("a report")));
  const [first, last] = [made[0], made.at(-1)];
  assert.ok(first && last);
  const parts = made.flatMap((one) => [...partsOf("range", one, one === last)]);
  const token = tsa.answer(noteOf(last.receipt), "clock");
  const report = await judged(makeBundle(new Map([...parts, ["range/0/22.tsr", token]])), pinsFrom(first));
  assert.equal(report.verdict, "verified");
  const { time } = await sound(token, noteOf(last.receipt));
  assert.deepEqual(report.acts.map((act) => act.stamped), [time, time, time]);
});
