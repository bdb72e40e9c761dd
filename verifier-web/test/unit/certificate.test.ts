/** Certificates: read for their form, named for people, and an extension that is there twice says nothing. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { concat } from "../../src/crypto/bytes.ts";
import { extendedUses, maySign, parseCertificate, subjectKey } from "../../src/formats/certificate.ts";
import { encodeUtf8 } from "../../src/formats/encoding.ts";
import { Refusal } from "../../src/formats/refusal.ts";
import { der } from "../authority.ts";

const of = (...bytes: number[]) => Uint8Array.from(bytes);
const oid = (...bytes: number[]) => der(6, of(...bytes));
const sequence = (...parts: Uint8Array[]) => der(0x30, ...parts);

const ALGORITHM = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2));
const P256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1), oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7));

function part(arc: number, text: string, tag = 0x0c): Uint8Array {
  return sequence(oid(0x55, 4, arc), der(tag, encodeUtf8(text)));
}

function name(...parts: Uint8Array[][]): Uint8Array {
  return sequence(...parts.map((set) => der(0x31, ...set)));
}

const extension = (arc: number, value: Uint8Array, flag = der(1, of(0xff))) =>
  sequence(oid(0x55, 0x1d, arc), flag, der(4, value));

interface Wishes {
  readonly version?: Uint8Array;
  readonly serial?: Uint8Array;
  readonly subject?: Uint8Array;
  readonly until?: Uint8Array;
  readonly key?: Uint8Array;
  readonly extensions?: readonly Uint8Array[];
}

function certificate(wishes: Wishes = {}): Uint8Array {
  const utc = (text: string) => der(0x17, encodeUtf8(text));
  const signed = sequence(
    wishes.version ?? der(0xa0, der(2, of(2))),
    der(2, wishes.serial ?? of(7)),
    ALGORITHM,
    name([part(3, "Root")]),
    sequence(utc("260102030405Z"), wishes.until ?? der(0x18, encodeUtf8("20500101000000Z"))),
    wishes.subject ?? name([part(3, "Clock")]),
    sequence(P256, der(3, wishes.key ?? of(0, 4, 1, 2))),
    der(0xa3, sequence(...(wishes.extensions ?? []))),
  );
  return sequence(signed, ALGORITHM, der(3, of(0, 1)));
}

const read = (wishes: Wishes = {}) => parseCertificate(certificate(wishes));

test("what a timestamp needs is read", () => {
  const { subject, from, to, key, serial } = read();
  assert.deepEqual([subject, from, to, serial], ["CN=Clock", 1_767_323_045n, 2_524_608_000n, of(7)]);
  assert.deepEqual(key, { algorithm: "1.2.840.10045.2.1", curve: "1.2.840.10045.3.1.7", bytes: of(4, 1, 2) });
  assert.equal(read({ key: of(1, 4, 2) }).key.bytes, undefined);
  assert.equal(read({ version: of() }).subject, "CN=Clock");
  assert.equal(read({ until: der(0x17, encodeUtf8("490101000000Z")) }).to, 2_493_072_000n);
});

test("another form is refused", () => {
  const good = certificate();
  for (let size = 0; size < good.length; size += 1) {
    assert.throws(() => parseCertificate(good.subarray(0, size)), Refusal, `cut at ${size}`);
  }
  assert.throws(() => parseCertificate(concat(good, of(0))), Refusal);
  const wrong: Wishes[] = [
    { version: der(0xa0, der(2, of(3))) },
    { version: der(0xa0, der(2, of(2)), der(2, of(2))) },
    { serial: of(0, 1) },
    { serial: new Uint8Array(22).fill(1) },
    { subject: name([part(3, "B"), part(3, "A")]) },
    { subject: name([part(3, "A"), part(3, "A")]) },
    { until: der(0x18, encodeUtf8("20500101000000.5Z")) },
    { until: der(0x18, encodeUtf8("20500101000000+0000")) },
    { until: der(0x17, encodeUtf8("2601020304Z")) },
    { until: der(0x17, encodeUtf8("690101000000Z")) },
    { until: der(0x17, encodeUtf8("260230000000Z")) },
    { key: of(8, 1) },
    { key: of() },
    { extensions: [extension(14, of(), der(1, of(1)))] },
    { extensions: [extension(14, of(), der(1, of(0xff, 0)))] },
    { extensions: [sequence(oid(0x55, 0x1d, 14))] },
  ];
  for (const wishes of wrong) assert.throws(() => read(wishes), Refusal, JSON.stringify(wishes));
});

test("a subject is written as RFC 4514 does, and cannot fill the page", () => {
  const shown = (...parts: Uint8Array[][]) => read({ subject: name(...parts) }).subject;
  assert.equal(shown([part(6, "DE", 0x13)], [part(10, "A+B, Co")], [part(3, "#1 ")]), "CN=\\#1\\ ,O=A\\+B\\, Co,C=DE");
  assert.equal(shown([part(11, "A"), part(11, "B")]), "OU=A+OU=B");
  assert.equal(shown([part(97, "x")]), "2.5.4.97=#0c0178");
  assert.equal(shown([part(3, "x", 0x1e)]), "2.5.4.3=#1e0178");
  assert.equal(shown(), "");
  assert.ok(shown([part(3, "x".repeat(60_000))]).length < 300);
});

test("uses count as they are written, once", () => {
  const stamping = sequence(oid(0x2b, 6, 1, 5, 5, 7, 3, 8));
  const uses = (...extensions: Uint8Array[]) => extendedUses(read({ extensions }));
  assert.deepEqual(uses(extension(37, stamping)), { isCritical: true, uses: ["1.3.6.1.5.5.7.3.8"] });
  assert.equal(uses(extension(37, stamping, of()))?.isCritical, false);
  assert.equal(uses(extension(37, stamping, der(1, of(0))))?.isCritical, false);
  assert.equal(uses(), undefined);
  assert.equal(uses(extension(37, stamping), extension(37, stamping)), undefined);
  assert.equal(uses(extension(37, concat(stamping, of(0)))), undefined);
  const may = (...extensions: Uint8Array[]) => maySign(read({ extensions }));
  const usage = (...bytes: number[]) => extension(15, der(3, of(...bytes)));
  const answers = [may(), may(usage(7, 0x80)), may(usage(6, 0x40)), may(usage(0, 0xc0, 0))];
  assert.deepEqual(answers, [true, true, true, true]);
  for (const bytes of [[0], [5, 0x20], [0, 0x3f], [7, 0x40], [8, 0x80], [0, 0x80, 0, 0], []]) {
    assert.equal(may(usage(...bytes)), false, bytes.join());
  }
  assert.equal(may(usage(7, 0x80), usage(7, 0x80)), false);
});

test("a key's identifier is one string and nothing behind it", () => {
  const key = (value: Uint8Array) => subjectKey(read({ extensions: [extension(14, value, of())] }));
  assert.deepEqual(key(der(4, of(1, 2))), of(1, 2));
  assert.equal(key(concat(der(4, of(1, 2)), of(0))), undefined);
  assert.equal(subjectKey(read()), undefined);
});
