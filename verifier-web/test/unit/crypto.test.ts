/** What libraries and platforms get wrong about signatures, and that it is refused here. */

import assert from "node:assert/strict";
import { createHash, sign, createPrivateKey } from "node:crypto";
import { test } from "node:test";

import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { ml_dsa44 } from "@noble/post-quantum/ml-dsa.js";

import { bigEndian, concat, readBigEndian, sameBytes } from "../../src/crypto/bytes.ts";
import { isSoundKey, verifyEd25519 } from "../../src/crypto/ed25519.ts";
import {
  COFACTORED_SIGNATURE,
  TRUE_SIGNATURE,
  askPlatform,
  checkSha256,
  ed25519Engine,
} from "../../src/crypto/engine.ts";
import { verifyMlDsa44 } from "../../src/crypto/mldsa.ts";
import { HashesDiffer, compareWithPlatform, hashBlob, sha256 } from "../../src/crypto/sha256.ts";
import { decodeHex, encodeHex } from "../../src/formats/hex.ts";

const { Point } = ed25519;
const ORDER = Point.Fn.ORDER;
const ENGINES = ["webcrypto", "own"] as const;

/** A point of order 8, from RFC 7748's curve as RFC 8032 spells it. */
const ORDER_8 = Point.fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");
const SECRET = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
const MESSAGE = hex(TRUE_SIGNATURE.message);

function hex(text: string): Uint8Array {
  const bytes = decodeHex(text);
  assert.ok(bytes, text);
  return bytes;
}

function littleEndian(bytes: Uint8Array): bigint {
  return readBigEndian(bytes.slice().reverse());
}

function scalar(value: bigint): Uint8Array {
  return bigEndian(value, 32).slice().reverse();
}

/** A signature over `MESSAGE` whose R has a point added, for a key that has one added as well. */
function signWith(toR: typeof ORDER_8, toKey: typeof ORDER_8) {
  const { scalar: secret, point } = ed25519.utils.getExtendedPublicKey(SECRET);
  const key = point.add(toKey).toBytes();
  const nonce = 12345678901234567890n;
  const r = Point.BASE.multiply(nonce).add(toR).toBytes();
  const k = littleEndian(sha512(concat(r, key, MESSAGE))) % ORDER;
  return { key, signature: concat(r, scalar((nonce + k * secret) % ORDER)) };
}

test("a true signature is accepted and a changed one refused, by either engine", async () => {
  const [key, signature] = [hex(TRUE_SIGNATURE.key), hex(TRUE_SIGNATURE.signature)];
  for (const engine of ENGINES) {
    assert.equal(await verifyEd25519(key, MESSAGE, signature, engine), true);
    assert.equal(await verifyEd25519(key, Uint8Array.of(0x73), signature, engine), false);
    for (let at = 0; at < signature.length; at += 1) {
      const changed = signature.map((byte, place) => (place === at ? byte ^ 1 : byte));
      assert.equal(await verifyEd25519(key, MESSAGE, changed, engine), false, `byte ${at}`);
    }
  }
});

test("a second signature with S plus the order is refused", async () => {
  const signature = hex(TRUE_SIGNATURE.signature);
  const s = littleEndian(signature.subarray(32)) + ORDER;
  const second = concat(signature.subarray(0, 32), scalar(s));
  for (const engine of ENGINES) {
    assert.equal(await verifyEd25519(hex(TRUE_SIGNATURE.key), MESSAGE, second, engine), false);
  }
});

test("every key of small order is refused, in every spelling", () => {
  const field = 2n ** 255n - 19n;
  let point = Point.ZERO;
  for (let at = 0; at < 8; at += 1) {
    const bytes = point.toBytes();
    const y = littleEndian(bytes) & (2n ** 255n - 1n);
    for (const sign of [0n, 1n]) {
      const spellings = [y, y + field].filter((value) => value < 2n ** 255n);
      for (const value of spellings) assert.ok(!isSoundKey(scalar(value | (sign << 255n))));
    }
    point = point.add(ORDER_8);
  }
  assert.ok(point.is0(), "the point has order 8");
  assert.ok(isSoundKey(hex(TRUE_SIGNATURE.key)));
});

test("a signature that anybody can make for a key of small order is refused", async () => {
  const identity = scalar(1n);
  const forged = concat(identity, scalar(0n));
  for (const engine of ENGINES) {
    assert.equal(await verifyEd25519(identity, MESSAGE, forged, engine), false);
  }
});

test("what only holds with the cofactor is refused, and tells an engine that uses it", async () => {
  const { key, signature } = signWith(ORDER_8, Point.ZERO);
  assert.equal(encodeHex(key), TRUE_SIGNATURE.key);
  assert.equal(encodeHex(signature), COFACTORED_SIGNATURE);
  // The library's own verification multiplies by the cofactor.
  assert.equal(ed25519.verify(signature, MESSAGE, key), true);
  for (const engine of ENGINES) {
    assert.equal(await verifyEd25519(key, MESSAGE, signature, engine), false);
  }
  assert.equal(await ed25519Engine(), "webcrypto");
});

/** Runs something with another WebCrypto; undefined for none at all. */
async function withSubtle<T>(subtle: object | undefined, act: () => Promise<T>): Promise<T> {
  const before = Object.getOwnPropertyDescriptor(globalThis, "crypto");
  assert.ok(before);
  Object.defineProperty(globalThis, "crypto", { value: { subtle }, configurable: true });
  try {
    return await act();
  } finally {
    Object.defineProperty(globalThis, "crypto", before);
  }
}

test("a browser without Ed25519, or with a wrong one, is not used", async () => {
  const { subtle } = globalThis.crypto;
  const answering = (answers: boolean[]) => ({
    importKey: async () => ({}),
    verify: async () => answers.shift() ?? false,
  });
  const lacking = { importKey: () => Promise.reject(new Error("NotSupportedError")) };
  assert.equal(await withSubtle(subtle, askPlatform), "webcrypto");
  assert.equal(await withSubtle(undefined, askPlatform), "own");
  assert.equal(await withSubtle(lacking, askPlatform), "own");
  for (const wrong of [[true, true, false], [true, false, true], [false, false, false]]) {
    assert.equal(await withSubtle(answering([...wrong]), askPlatform), "own", wrong.join());
  }
  assert.equal(await withSubtle(answering([true, false, false]), askPlatform), "webcrypto");
  const [key, signature] = [hex(TRUE_SIGNATURE.key), hex(TRUE_SIGNATURE.signature)];
  const own = () => verifyEd25519(key, MESSAGE, signature, "own");
  assert.equal(await withSubtle(undefined, own), true);
});

test("a key with a part of small order is judged by the equation without cofactor", async () => {
  let accepted = 0;
  for (let at = 0; at < 8; at += 1) {
    const { key, signature } = signWith(Point.ZERO, ORDER_8.multiplyUnsafe(BigInt(at)));
    const answers = await Promise.all(
      ENGINES.map((engine) => verifyEd25519(key, MESSAGE, signature, engine)),
    );
    assert.equal(answers[0], answers[1]);
    accepted += answers[0] ? 1 : 0;
  }
  assert.ok(accepted >= 1 && accepted < 8, `${accepted} of 8`);
});

test("both engines agree with OpenSSL on random messages", async () => {
  const der = concat(hex("302e020100300506032b657004220420"), SECRET);
  const secret = createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" });
  for (let at = 0; at < 20; at += 1) {
    const message = createHash("sha512").update(`${at}`).digest();
    const signature = new Uint8Array(sign(null, message, secret));
    for (const engine of ENGINES) {
      assert.ok(await verifyEd25519(hex(TRUE_SIGNATURE.key), message, signature, engine));
    }
  }
});

test("ML-DSA-44 signatures of other lengths and with a changed byte are refused", () => {
  const { secretKey, publicKey } = ml_dsa44.keygen(new Uint8Array(32));
  const signature = ml_dsa44.sign(MESSAGE, secretKey);
  assert.equal(verifyMlDsa44(publicKey, MESSAGE, signature), true);
  assert.equal(verifyMlDsa44(publicKey, MESSAGE, signature.subarray(1)), false);
  assert.equal(verifyMlDsa44(publicKey, MESSAGE, concat(signature, Uint8Array.of(0))), false);
  for (let at = 0; at < signature.length; at += 37) {
    const changed = signature.map((byte, place) => (place === at ? byte ^ 0x80 : byte));
    assert.equal(verifyMlDsa44(publicKey, MESSAGE, changed), false, `byte ${at}`);
  }
  // The hints at the end have one spelling: unused places are zero.
  const last = signature.findLastIndex((byte, at) => at < signature.length - 4 && byte === 0);
  if (last >= signature.length - 84) {
    const padded = signature.map((byte, at) => (at === last ? 1 : byte));
    assert.equal(verifyMlDsa44(publicKey, MESSAGE, padded), false);
  }
});

test("files are hashed piece by piece, and compared with the platform", async () => {
  const bytes = new Uint8Array(9 * 1024 * 1024 + 17).map((_, at) => (at * 7) & 0xff);
  const seen: number[] = [];
  for (const size of [0, 1, 4 * 1024 * 1024, bytes.length]) {
    const part = bytes.subarray(0, size);
    const want = createHash("sha256").update(part).digest();
    const have = await hashBlob(new Blob([part]), (done) => seen.push(done));
    assert.ok(sameBytes(have, want), `${size} bytes`);
  }
  assert.equal(seen.at(-1), bytes.length);
  await checkSha256();
  await assert.rejects(compareWithPlatform(new ArrayBuffer(1), sha256()), HashesDiffer);
});
