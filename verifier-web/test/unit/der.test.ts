/** DER: each value has one spelling, and what is cut, padded or left over is refused. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  Fields,
  INTEGER,
  OCTET_STRING,
  bitsOf,
  instead,
  integerOf,
  naturalOf,
  secondsOf,
  smallOf,
} from "../../src/formats/der.ts";
import { readAccuracy, readTime } from "../../src/formats/timestamp.ts";
import { encodeUtf8 } from "../../src/formats/encoding.ts";
import { Refusal } from "../../src/formats/refusal.ts";

const of = (...bytes: number[]) => Uint8Array.from(bytes);

function refused(act: () => unknown, what: unknown): void {
  assert.throws(act, Refusal, JSON.stringify(what));
}

test("fields are taken in their order and nothing is left over", () => {
  const bytes = of(0x30, 6, 2, 1, 5, 0x80, 1, 7);
  const fields = Fields.ofFile(bytes);
  assert.equal(fields.maybe(OCTET_STRING), undefined);
  assert.equal(fields.small(), 5);
  refused(() => fields.end(), "something is left");
  assert.deepEqual(fields.take(instead(0)), of(7));
  fields.end();
  refused(() => fields.raw(), "nothing is left");
  refused(() => Fields.ofFile(bytes).take(OCTET_STRING), "another tag");
  // Cut, also within the head.
  for (let size = 0; size < bytes.length; size += 1) refused(() => Fields.ofFile(bytes.subarray(0, size)), size);
  refused(() => Fields.ofFile(of(...bytes, 0)), "a byte more");
});

test("a length has one spelling", () => {
  const filled = (head: number[], size: number) => of(...head, ...new Array<number>(size).fill(0));
  for (const [head, size] of [[[0x30, 0x7f], 127], [[0x30, 0x81, 0x80], 128], [[0x30, 0x82, 1, 0], 256]] as const) {
    assert.equal(new Fields(filled([...head], size)).raw().length, head.length + size);
  }
  for (const head of [
    [0x30, 0x80], // without end
    [0x30, 0x81, 0],
    [0x30, 0x81, 0x7f],
    [0x30, 0x82, 0, 0x80],
    [0x30, 0x83, 0, 1, 0],
    [0x30, 0x84, 0xff, 0xff, 0xff, 0xff], // beyond the end
    [0x30, 0x85, 0, 0, 0, 0, 1],
    [0x30, 0xff],
  ]) {
    refused(() => new Fields(filled(head, 300)).raw(), head);
  }
});

test("tags that nothing here has are refused, and high ones equal none that is asked for", () => {
  for (const tag of [0x00, 0x07, 0x08, 0x0b, 0x10, 0x11, 0x19, 0x1c, 0x1f, 0x22, 0x24, 0x25, 0x3f]) {
    refused(() => new Fields(of(tag, 0)).raw(), tag);
  }
  assert.deepEqual(new Fields(of(0xbf, 0x1f, 0)).raw(), of(0xbf, 0x1f, 0));
  assert.deepEqual(new Fields(of(0xbf, 0x8f, 0xff, 0xff, 0xff, 0x7f, 0)).raw().length, 7);
  refused(() => new Fields(of(0xbf, 0x1f, 0)).take(0xbf), "a high tag");
  for (const high of [[0xbf, 0x1e, 0], [0xbf, 0x80, 0x1f, 0], [0xbf, 0x9f, 0xff, 0xff, 0xff, 0x7f, 0], [0xbf, 0xff]]) {
    refused(() => new Fields(of(...high)).raw(), high);
  }
});

test("a number has one spelling", () => {
  assert.deepEqual([smallOf(of(0)), smallOf(of(0, 0xff))], [0, 255]);
  assert.equal(smallOf(of(0, 0xff, 0xff, 0xff, 0xff)), 0xffff_ffff);
  for (const wrong of [[], [0xff], [0, 1], [1, 0, 0, 0, 0], [0, 0x80, 0, 0, 0, 0]]) {
    refused(() => smallOf(of(...wrong)), wrong);
  }
  assert.deepEqual([naturalOf(of(0)), naturalOf(of(0, 0x80)), naturalOf(of(0x7f))], [of(0), of(0x80), of(0x7f)]);
  assert.deepEqual(integerOf(of(0xff, 0x7f)), of(0xff, 0x7f));
  for (const wrong of [[], [0, 0], [0xff, 0xff]]) refused(() => integerOf(of(...wrong)), wrong);
  refused(() => naturalOf(of(0x80)), "negative");
  refused(() => new Fields(of(INTEGER, 2, 0, 1)).small(), "padded");
});

test("an identifier is read as its numbers, and a padded one equals none that is known", () => {
  const read = (...bytes: number[]) => new Fields(of(6, bytes.length, ...bytes)).identifier();
  assert.equal(read(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d), "1.2.840.113549");
  assert.equal(read(0x55, 0x1d, 0x0f), "2.5.29.15");
  assert.equal(read(0x2a, 0x8f, 0xff, 0xff, 0xff, 0x7f), "1.2.4294967295");
  assert.equal(read(0x55, 0x80, 0x1d), "2.5.029");
  for (const wrong of [[], [0x78], [0x2a, 0x86], [0x2a, 0x90, 0x80, 0x80, 0x80, 0], new Array<number>(40).fill(1)]) {
    refused(() => read(...wrong), wrong);
  }
});

test("bit strings say how many bits at their end do not count", () => {
  assert.deepEqual(bitsOf(of(1, 0xc0)), { bytes: of(0xc0), unused: 1 });
  assert.deepEqual(bitsOf(of(0)), { bytes: of(), unused: 0 });
  for (const wrong of [[], [8, 0], [1]]) refused(() => bitsOf(of(...wrong)), wrong);
});

test("a time has one spelling and may have a fraction", () => {
  const read = (text: string) => readTime(encodeUtf8(text));
  assert.deepEqual(read("20260102030405Z"), { seconds: 1_767_323_045n, fraction: "" });
  assert.deepEqual(read("20260102030405.5Z"), { seconds: 1_767_323_045n, fraction: "5" });
  assert.equal(read("20260102030405.123456789Z").fraction, "123456789");
  for (const wrong of [
    "20260102030405",
    "20260102030405+0800",
    "202601020304Z",
    "20260102030405.Z",
    "20260102030405.0Z",
    "20260102030405.50Z",
    "20260102030405,5Z",
    "20260102030405.1234567891Z",
    "20261302030405Z",
    "20260230030405Z",
    "20260102240000Z",
    "20260102030460Z",
    "20260102030405Z\n",
    "19691231235959Z",
    "00010102030405Z",
    "2026010203040 Z",
    "+0260102030405Z",
    "",
  ]) {
    refused(() => read(wrong), wrong);
  }
  refused(() => secondsOf("2026010203040"), "a digit less");
});

test("an accuracy is a sum of seconds, thousandths and millionths", () => {
  assert.equal(readAccuracy(of(2, 1, 1, 0x80, 2, 1, 0xf4, 0x81, 1, 100)), 1.5001);
  assert.equal(readAccuracy(of()), 0);
  // Zero thousandths, a thousand of them, the wrong order, seconds below none.
  for (const wrong of [[0x80, 1, 0], [0x80, 2, 3, 0xe8], [0x81, 1, 1, 0x80, 1, 1], [2, 1, 0xff]]) {
    refused(() => readAccuracy(of(...wrong)), wrong);
  }
});
