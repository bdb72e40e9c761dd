/**
 * The fields of a DER value, one after the other. Rule: X.690.
 *
 *     30 06  02 01 05  80 01 07      a sequence of the integer 5 and of 7 under the tag [0]
 *
 * Indefinite and padded lengths are refused. Nothing is read twice or copied: what is taken are views,
 * so that hashes and signatures are over the exact bytes. Depth is what the caller asks for, so nothing
 * here can be made to recur. Input is at most a token of 64 KiB.
 */

import { Refusal } from "./refusal.ts";

export const BOOLEAN = 0x01;
export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;
export const IDENTIFIER = 0x06;
export const UTF8_STRING = 0x0c;
export const PRINTABLE_STRING = 0x13;
export const IA5_STRING = 0x16;
export const UTC_TIME = 0x17;
export const GENERALIZED_TIME = 0x18;
export const SEQUENCE = 0x30;
export const SET = 0x31;

/**
 * Universal tags in the one form that DER has for them. Those of types that no certificate or token
 * uses (external values, embedded ones, universal strings) are refused wherever they stand.
 */
const UNIVERSAL = new Set([
  ...[0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x09, 0x0a, 0x0c, 0x0d],
  ...[0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x1a, 0x1b, 0x1e, SEQUENCE, SET],
]);

/** A tag whose number does not fit its first byte: it can be passed over, and is none that is asked for. */
const HIGH_TAG = -1;

/** The most bytes of an object identifier, and its largest number. */
const MAX_IDENTIFIER_SIZE = 39;
const MAX_ARC = 0xffff_ffff;

/** The tag `[number]` around other fields. */
export function around(number: number): number {
  return 0xa0 | number;
}

/** The tag `[number]` in the place of a simple one. */
export function instead(number: number): number {
  return 0x80 | number;
}

/** What is left of a constructed value. Every refusal is `Der`: the caller says of what. */
export class Fields {
  readonly #bytes: Uint8Array;
  #at = 0;

  /** The fields within the contents of a constructed value. */
  constructor(contents: Uint8Array) {
    this.#bytes = contents;
  }

  /** The fields of bytes that are one sequence and nothing behind it. */
  static ofFile(bytes: Uint8Array): Fields {
    const file = new Fields(bytes);
    const fields = file.sequence();
    file.end();
    return fields;
  }

  get isEmpty(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The tag of the next field; undefined where there is none. */
  peek(): number | undefined {
    return this.isEmpty ? undefined : this.#readTag(this.#at).tag;
  }

  /** The contents of the next field, which has this tag. */
  take(tag: number): Uint8Array {
    const header = this.#readHeader();
    if (header.tag !== tag) throw refusal();
    this.#at = header.end;
    return this.#bytes.subarray(header.start, header.end);
  }

  /** The same, of a field that may be left out. */
  maybe(tag: number): Uint8Array | undefined {
    return this.peek() === tag ? this.take(tag) : undefined;
  }

  /** The next field with its tag and length. */
  raw(): Uint8Array {
    const [from, { end }] = [this.#at, this.#readHeader()];
    this.#at = end;
    return this.#bytes.subarray(from, end);
  }

  sequence(): Fields {
    return new Fields(this.take(SEQUENCE));
  }

  /** An object identifier: `1.2.840.113549`. */
  identifier(): string {
    return identifierOf(this.take(IDENTIFIER));
  }

  /** An algorithm's name. Its parameters are not used: they are null or left out in all that is known. */
  algorithm(): string {
    const fields = this.sequence();
    const name = fields.identifier();
    if (!fields.isEmpty) fields.raw();
    fields.end();
    return name;
  }

  /** A number from 0 that fits 32 bits. */
  small(): number {
    return smallOf(this.take(INTEGER));
  }

  /** Nothing is left. */
  end(): void {
    if (!this.isEmpty) throw refusal();
  }

  #byte(at: number): number {
    const byte = this.#bytes[at];
    if (byte === undefined) throw refusal();
    return byte;
  }

  #readTag(at: number): { tag: number; next: number } {
    const first = this.#byte(at);
    if (first < 0x40 && !UNIVERSAL.has(first)) throw refusal();
    if ((first & 0x1f) !== 0x1f) return { tag: first, next: at + 1 };
    let [next, number] = [at + 1, 0];
    for (;;) {
      const byte = this.#byte(next);
      next += 1;
      number = number * 128 + (byte & 0x7f);
      // A padded number, and one that nothing could have.
      if (number === 0 || number > MAX_ARC) throw refusal();
      if (byte < 0x80) break;
    }
    if (number < 0x1f) throw refusal();
    return { tag: HIGH_TAG, next };
  }

  #readHeader(): { tag: number; start: number; end: number } {
    const { tag, next } = this.#readTag(this.#at);
    const first = this.#byte(next);
    let [start, size] = [next + 1, first];
    if (first >= 0x80) {
      const count = first - 0x80;
      if (count < 1 || count > 4) throw refusal();
      size = 0;
      for (let at = 0; at < count; at += 1) size = size * 256 + this.#byte(start + at);
      start += count;
      // One spelling for each length: no byte more than it takes.
      if (size < (count === 1 ? 0x80 : 256 ** (count - 1))) throw refusal();
    }
    const end = start + size;
    if (end > this.#bytes.length) throw refusal();
    return { tag, start, end };
  }
}

/** The contents of an integer from 0 on, of at most 32 bits. */
export function smallOf(contents: Uint8Array): number {
  if (contents.length > 5) throw refusal();
  const value = naturalOf(contents).reduce((sum, byte) => sum * 256 + byte, 0);
  if (value > MAX_ARC) throw refusal();
  return value;
}

/** The bytes of an integer from 0 on, without the zero that keeps it from being negative. */
export function naturalOf(contents: Uint8Array): Uint8Array {
  const [first, second] = integerOf(contents);
  if (first === undefined || first >= 0x80) throw refusal();
  return first === 0 && second !== undefined ? contents.subarray(1) : contents;
}

/** The contents of an integer of any sign and size in its one spelling. */
export function integerOf(contents: Uint8Array): Uint8Array {
  const [first, second] = contents;
  const isPadded = second !== undefined &&
    ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80));
  if (first === undefined || isPadded) throw refusal();
  return contents;
}

/** The bits of a bit string; `unused` of them at the end do not count. */
export function bitsOf(contents: Uint8Array): { readonly bytes: Uint8Array; readonly unused: number } {
  const unused = contents[0];
  const bytes = contents.subarray(1);
  if (unused === undefined || unused > 7 || (unused > 0 && bytes.length === 0)) throw refusal();
  return { bytes, unused };
}

/** Seconds since 1970 of fourteen digits, `20261127021500`; years from 1970 to 9999, no leap seconds. */
export function secondsOf(digits: string): bigint {
  if (!/^\d{14}$/.test(digits)) throw refusal();
  const [year, month, day, hour, minute, second] = [
    digits.slice(0, 4),
    ...(digits.slice(4).match(/../g) ?? []),
  ].map(Number) as [number, number, number, number, number, number];
  const millis = Date.UTC(year, month - 1, day, hour, minute, second);
  // A day or second that is carried over into the next would be a second spelling.
  const again = new Date(millis).toISOString().replace(/\D/g, "").slice(0, 14);
  if (again !== digits || millis < 0) throw refusal();
  return BigInt(millis) / 1000n;
}

function identifierOf(contents: Uint8Array): string {
  const [root, ...rest] = contents;
  if (root === undefined || root >= 120 || contents.length > MAX_IDENTIFIER_SIZE) throw refusal();
  const arcs = [`${Math.floor(root / 40)}`, `${root % 40}`];
  let [value, zeros, isOpen] = [0, "", false];
  for (const byte of rest) {
    // A padded number is shown with its padding, so that it never equals a name that is known.
    if (value === 0 && byte === 0x80) zeros += "0";
    value = value * 128 + (byte & 0x7f);
    if (value > MAX_ARC) throw refusal();
    isOpen = byte >= 0x80;
    if (isOpen) continue;
    arcs.push(`${zeros}${value}`);
    [value, zeros] = [0, ""];
  }
  if (isOpen) throw refusal();
  return arcs.join(".");
}

function refusal(): Refusal {
  return new Refusal("Der");
}
