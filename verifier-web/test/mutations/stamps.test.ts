/**
 * The program and the page on timestamps: every byte of a token changed, and tokens that are wrong or
 * unusual as a whole. Both must say the same, down to the reason and what is left open.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { concat } from "../../src/crypto/bytes.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { encodeUtf8 } from "../../src/formats/encoding.ts";
import { formatNote } from "../../src/formats/note.ts";
import { parseProof } from "../../src/formats/proof.ts";
import { checkStamp } from "../../src/judge/stamp.ts";
import { judge } from "../../src/judge/verify.ts";
import { Authority, GOOD, der, granted, placeOf } from "../authority.ts";
import { makeBundle, partsOf } from "../maker-bundle.ts";
import { NOTHING_ELSE, POLICY, SIGNERS, anchor } from "../maker.ts";
import { Dice, mutate } from "./mutate.ts";
import { PROGRAMS, SEED, TIMES, answerOf, askProgram, inParallel, type Answer } from "./program.ts";

const folder = mkdtempSync(join(tmpdir(), "fiducial-stamps-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const EVIDENCE = anchor("report.json", sha256(encodeUtf8("a report")));
const NOTE = formatNote(parseProof(EVIDENCE.receipt).note);
const RECORDS = partsOf("records", EVIDENCE);

function bundleOf(token: Uint8Array): Uint8Array {
  return makeBundle(RECORDS, new Map([["records/0/12.tsr", token]]));
}

function byProgram(place: string, bundle: Uint8Array): Promise<Answer> {
  const path = join(folder, `${place}.zip`);
  writeFileSync(path, bundle);
  const own = ["--policy", join(folder, "policy"), "--source-key", SIGNERS.source.vkey];
  return askProgram(["bundle", "verify", path, ...own]);
}

async function byPage(bundle: Uint8Array): Promise<Answer> {
  const files = [{ role: "bundle", name: "b.zip", blob: new Blob([new Uint8Array(bundle)]) } as const];
  const own = { policy: encodeUtf8(POLICY), keys: SIGNERS.source.vkey, ...NOTHING_ELSE };
  return answerOf(await judge({ files, ...own }, () => {}));
}

/**
 * Both are asked, and say the same. Of a name with a part that hardly any has, one may write the number
 * where the other knows a word: `isNamed` is whether names are compared.
 */
async function agree(place: string, token: Uint8Array, what: string, isNamed = true): Promise<Answer> {
  const bundle = bundleOf(token);
  const [program, page] = await Promise.all([byProgram(place, bundle), byPage(bundle)]);
  const told = ({ verdict, reason, open, stamp }: Answer) => ({
    verdict,
    reason: verdict === "verified" ? "" : reason,
    open: [...open].sort(),
    stamp: isNamed ? stamp : { ...stamp, "stamp-signer": "" },
  });
  assert.deepEqual(told(page), told(program), `seed ${SEED}: ${what}`);
  return page;
}

function flipped(bytes: Uint8Array, at: number, bit: number): Uint8Array {
  const changed = bytes.slice();
  changed[at] = (changed[at] ?? 0) ^ (1 << bit);
  return changed;
}

/** Of every byte one bit, and each bit whose change the page does not refuse. */
async function changesOf(token: Uint8Array): Promise<[number, number][]> {
  const dice = new Dice(SEED);
  const changes: [number, number][] = [];
  for (let at = 0; at < token.length; at += 1) {
    const always = dice.below(8);
    for (let bit = 0; bit < 8; bit += 1) {
      const isRefused = await checkStamp("", flipped(token, at, bit), NOTE).then(() => false, () => true);
      if (bit === always || !isRefused) changes.push([at, bit]);
    }
  }
  return changes;
}

function prepare(): Authority {
  assert.ok(PROGRAMS, "FIDUCIAL_PROGRAMS must name the folder with the built programs");
  writeFileSync(join(folder, "policy"), POLICY);
  const tsa = new Authority(join(folder, "tsa"));
  tsa.issue("clock", "P-256", GOOD);
  return tsa;
}

test("the program and the page agree on a token with any byte changed", async () => {
  const token = prepare().answer(NOTE, "clock");
  const untouched = await agree("good", token, "untouched");
  assert.equal(untouched.verdict, "verified", "the program accepts what openssl made");
  assert.ok(untouched.open.includes("open-stamp-authority"));
  assert.equal(untouched.stamp["stamp-signer"], "records/0/12: CN=clock");
  const changes = await changesOf(token);
  const verdicts: Record<string, number> = {};
  await inParallel(changes.length, async (place) => {
    const [at, bit] = changes.pop() ?? [0, 0];
    const { verdict, open } = await agree(place, flipped(token, at, bit), `bit ${bit} of byte ${at}`);
    const name = open.includes("stamp-unknown") ? "unknown" : verdict;
    verdicts[name] = (verdicts[name] ?? 0) + 1;
  });
  console.log(JSON.stringify(verdicts));
  assert.ok((verdicts["rejected"] ?? 0) > token.length / 2);
});

test("the program and the page agree on tokens that are wrong or unusual as a whole", async () => {
  const tsa = prepare();
  tsa.issue("rsa", "rsa:2048", GOOD, "/C=DE/O=Clocks+OU=A/CN=a,b");
  tsa.issue("weak", "rsa:1024", GOOD);
  for (const curve of ["P-384", "P-521", "secp256k1"]) tsa.issue(curve, curve, GOOD);
  const bad = {
    none: "basicConstraints=CA:FALSE\n",
    "not-critical": "extendedKeyUsage=timeStamping\n",
    more: "extendedKeyUsage=critical,timeStamping,codeSigning\n",
    agreement: "keyUsage=critical,keyAgreement\nextendedKeyUsage=critical,timeStamping\n",
    commitment: "keyUsage=nonRepudiation\nextendedKeyUsage=critical,timeStamping\n",
    twice: "extendedKeyUsage=critical,timeStamping\n2.5.29.37=critical,DER:300a06082b06010505070308\n",
    "usage-of-nothing": "extendedKeyUsage=critical,timeStamping\n2.5.29.15=critical,DER:030100\n",
    "usage-malformed": "extendedKeyUsage=critical,timeStamping\n2.5.29.15=critical,DER:0300\n",
    "usage-of-one-bit": "extendedKeyUsage=critical,timeStamping\n2.5.29.15=critical,DER:030207c0\n",
  };
  for (const [name, extensions] of Object.entries(bad)) tsa.issue(name, "P-256", extensions);
  const token = tsa.answer(NOTE, "clock");
  const stated = tsa.stated(token);
  const year = (text: string) => {
    const other = stated.slice();
    other.set(encodeUtf8(text), placeOf(stated, Uint8Array.of(0x18, 0x0f)) + 2);
    return tsa.sign(other, "clock");
  };
  const status = (value: number) => der(0x30, der(0x30, Uint8Array.of(2, 1, value)));
  const inner = token.subarray(placeOf(token, Uint8Array.of(2, 1, 0)) + 3);
  const wrapped = (text: string) => granted(concat(inner, encodeUtf8(text)));
  const all: Record<string, Uint8Array> = {
    ...Object.fromEntries(Object.keys(bad).map((name) => [name, tsa.sign(stated, name)])),
    early: year("2001"),
    late: year("2099"),
    "before 1970": year("1969"),
    elsewhere: tsa.answer(encodeUtf8("something else"), "clock"),
    "imprint by sha1": tsa.answer(NOTE, "clock", { imprint: "sha1" }),
    "imprint by sha512": tsa.answer(NOTE, "clock", { imprint: "sha512" }),
    "refused by openssl": tsa.answer(NOTE, "clock", { imprint: "sha224" }),
    "without accuracy": tsa.answer(NOTE, "clock", { settings: "plain" }),
    "named by sha1": tsa.answer(NOTE, "rsa", { settings: "v1", digest: "sha512" }),
    "P-384": tsa.answer(NOTE, "P-384", { digest: "sha384" }),
    "P-521": tsa.answer(NOTE, "P-521", { digest: "sha512" }),
    secp256k1: tsa.sign(stated, "secp256k1"),
    weak: tsa.sign(stated, "weak"),
    pss: tsa.sign(stated, "rsa", "-md sha256 -keyopt rsa_padding_mode:pss"),
    "signed by sha1": tsa.sign(stated, "rsa", "-md sha1"),
    keyid: tsa.sign(stated, "clock", "-md sha256 -keyid"),
    "without certificates": tsa.sign(stated, "clock", "-md sha256 -nocerts"),
    "another's certificate": tsa.sign(stated, "clock", "-md sha256 -nocerts -certfile rsa.pem"),
    "one certificate more": tsa.sign(stated, "clock", "-md sha256 -certfile rsa.pem"),
    "two signers": tsa.sign(stated, "clock", "-md sha256 -signer rsa.pem -inkey rsa.key"),
    "names no certificate": tsa.signNameless(stated, "clock"),
    "nothing signed beside": tsa.signNameless(stated, "clock", "-md sha256 -noattr"),
    "not a timestamp": tsa.sign(encodeUtf8("a text"), "clock"),
    granted: granted(inner),
    "granted without": granted(new Uint8Array()),
    "something behind": wrapped("x"),
    "a byte behind": concat(token, Uint8Array.of(0)),
    bare: inner,
    empty: Uint8Array.of(0x30, 0),
    "status 0": status(0),
    "status 2": status(2),
    "status 128": status(0x80),
  };
  const left = Object.entries(all);
  const said: Record<string, string> = {};
  await inParallel(left.length, async (place) => {
    const [name, bytes] = left.pop() ?? ["", token];
    const { verdict, reason, open } = await agree(place, bytes, name);
    const unknown = open.includes("stamp-unknown") ? "unknown" : "sound";
    said[name] = verdict === "verified" ? unknown : reason ?? "";
  });
  for (const name of ["P-521", "keyid", "commitment", "granted", "without accuracy"]) {
    assert.equal(said[name], "sound", name);
  }
  for (const name of ["pss", "signed by sha1", "secp256k1"]) assert.equal(said[name], "unknown", name);
  assert.equal(said["weak"], "stamp-bad-signature");
  assert.equal(said["not-critical"], "stamp-not-for-stamps");
});

/** What `openssl` signs of damaged input; a good part of it refuses to be signed. */
function signAll(count: number, sign: () => { token: Uint8Array; what: string }): { token: Uint8Array; what: string }[] {
  const signed: { token: Uint8Array; what: string }[] = [];
  for (let at = 0; at < count; at += 1) {
    try {
      signed.push(sign());
    } catch {
      // Not even openssl reads it.
    }
  }
  return signed;
}

async function agreeOnAll(signed: { token: Uint8Array; what: string }[], isNamed = true): Promise<void> {
  assert.ok(signed.length > 20, `${signed.length}`);
  const verdicts: Record<string, number> = {};
  await inParallel(signed.length, async (place) => {
    const { token, what } = signed.pop() ?? { token: new Uint8Array(), what: "" };
    const { verdict, reason = "" } = await agree(place, token, what, isNamed);
    const name = verdict === "verified" ? verdict : reason;
    verdicts[name] = (verdicts[name] ?? 0) + 1;
  });
  console.log(JSON.stringify(verdicts));
}

test("the program and the page agree on damaged statements that are signed in truth", async () => {
  const tsa = prepare();
  const [stated, dice] = [tsa.stated(tsa.answer(NOTE, "clock")), new Dice(SEED)];
  await agreeOnAll(signAll(150 * TIMES, () => {
    const { bytes, what } = mutate(stated, dice);
    return { token: tsa.sign(bytes, "clock"), what: `${what} of the statement` };
  }));
});

test("the program and the page agree on damaged certificates that are named in truth", async () => {
  const tsa = prepare();
  const [certificate, stated] = [tsa.certificate("clock"), tsa.stated(tsa.answer(NOTE, "clock"))];
  const dice = new Dice(SEED);
  await agreeOnAll(signAll(300 * TIMES, () => {
    const { bytes, what } = mutate(certificate, dice);
    tsa.replaceCertificate("clock", bytes);
    return { token: tsa.sign(stated, "clock"), what: `${what} of the certificate` };
  }), false);
});

test("the program and the page agree on a token cut anywhere", async () => {
  const token = prepare().answer(NOTE, "clock");
  const sizes = Array.from({ length: 40 }, (_, at) => Math.floor((at * token.length) / 40));
  await inParallel(sizes.length, async (place) => {
    const size = sizes.pop() ?? 0;
    const { verdict } = await agree(place, token.subarray(0, size), `cut at ${size}`);
    assert.equal(verdict, "rejected");
  });
});
