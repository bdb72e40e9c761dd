/**
 * Numbers, base64 and UTF-8: exactly one spelling for each value.
 *
 * What is not that spelling is refused, never repaired: else two parties could hold different bytes
 * that both "verify".
 */

import { compareBytes } from "../crypto/bytes.ts";
import { HASH_SIZE } from "../crypto/sha256.ts";

export type Hash = Uint8Array;

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES = new Map([...ALPHABET].map((letter, value) => [letter.charCodeAt(0), value]));
const PADDING = 0x3d;
/** The largest number that a format has. */
export const MAX_U64 = 2n ** 64n - 1n;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Decodes UTF-8; undefined if it is none. A byte order mark is kept as a letter. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** A text without a byte order mark and without CR before LF, and with an LF at its end; octets, as a policy is. */
export function plainText(bytes: Uint8Array): Uint8Array {
  const isMarked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const text = isMarked ? bytes.subarray(3) : bytes;
  const isReturn = (at: number) => text[at] === 0x0d && (at + 1 === text.length || text[at + 1] === 0x0a);
  const kept = text.filter((_, at) => !isReturn(at));
  if (kept.length === 0 || kept.at(-1) === 0x0a) return kept;
  const ended = new Uint8Array(kept.length + 1).fill(0x0a);
  ended.set(kept);
  return ended;
}

/** Encodes as UTF-8. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** Reads an unsigned decimal of at most 64 bits, without sign or leading zero. */
export function parseDecimal(text: string): bigint | undefined {
  // 2^64 has 20 digits: longer texts are not even converted.
  if (!/^(0|[1-9][0-9]{0,19})$/.test(text)) return undefined;
  const value = BigInt(text);
  return value <= MAX_U64 ? value : undefined;
}

/** Encodes in the standard alphabet with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const [a, b, c] = [bytes[at] ?? 0, bytes[at + 1], bytes[at + 2]];
    const group = (a << 16) | ((b ?? 0) << 8) | (c ?? 0);
    text += ALPHABET.charAt(group >> 18) + ALPHABET.charAt((group >> 12) & 63);
    text += b === undefined ? "=" : ALPHABET.charAt((group >> 6) & 63);
    text += c === undefined ? "=" : ALPHABET.charAt(group & 63);
  }
  return text;
}

/** Decodes standard base64; refuses other padding, line breaks and trailing bits. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let out = 0;
  for (let at = 0; at < text.length; at += 4) {
    const isLast = at + 4 === text.length;
    const group = readQuad(text, at, isLast ? padding : 0);
    if (group === undefined) return undefined;
    for (let shift = 16; shift >= 0 && out < bytes.length; shift -= 8) {
      bytes[out] = (group >> shift) & 255;
      out += 1;
    }
    // Bits behind the last byte would be a second spelling.
    const unused = isLast ? (1 << (8 * padding)) - 1 : 0;
    if ((group & unused) !== 0) return undefined;
  }
  return bytes;
}

function readQuad(text: string, at: number, padding: number): number | undefined {
  let group = 0;
  for (let place = 0; place < 4; place += 1) {
    const code = text.charCodeAt(at + place);
    const value = place >= 4 - padding && code === PADDING ? 0 : VALUES.get(code);
    if (value === undefined) return undefined;
    group = (group << 6) | value;
  }
  return group;
}

/** Decodes the base64 of 32 bytes: 44 letters. */
export function decodeHash(text: string): Hash | undefined {
  if (text.length !== 44) return undefined;
  const bytes = decodeBase64(text);
  return bytes?.length === HASH_SIZE ? bytes : undefined;
}

/** Whether a text holds a control character, those of Unicode's second block included. */
export function hasControl(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

/** The size of a text in UTF-8, in bytes. */
export function sizeOf(text: string): number {
  return encodeUtf8(text).length;
}

/** Orders texts by their UTF-8, which JavaScript's own order of texts is not. */
export function compareTexts(one: string, other: string): number {
  return compareBytes(encodeUtf8(one), encodeUtf8(other));
}
