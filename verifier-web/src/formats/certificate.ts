/**
 * The parts of a certificate that a timestamp is checked with. Rule: RFC 5280, 4.1 and 4.2.1.
 *
 * Who issued it is not asked, so its own signature is not read. All fields are read for their form: a
 * certificate that another reader would refuse names nobody.
 */

import { compareBytes } from "../crypto/bytes.ts";
import {
  BIT_STRING,
  BOOLEAN,
  Fields,
  GENERALIZED_TIME,
  IA5_STRING,
  IDENTIFIER,
  INTEGER,
  OCTET_STRING,
  PRINTABLE_STRING,
  SEQUENCE,
  SET,
  UTC_TIME,
  UTF8_STRING,
  around,
  bitsOf,
  instead,
  integerOf,
  secondsOf,
  smallOf,
} from "./der.ts";
import { decodeUtf8 } from "./encoding.ts";
import { encodeHex } from "./hex.ts";
import { Refusal } from "./refusal.ts";

const MAX_SERIAL_SIZE = 21;

/** The most letters of a subject that are shown: a name is not where a page is filled. */
const MAX_SHOWN_LETTERS = 256;

const SUBJECT_KEY = "2.5.29.14";
const KEY_USAGE = "2.5.29.15";
const EXTENDED_KEY_USAGE = "2.5.29.37";

/** Names of what subjects are made of, as they are shown (RFC 4514, 3, and a few that authorities use). */
const SHOWN: ReadonlyMap<string, string> = new Map([
  ["2.5.4.3", "CN"],
  ["2.5.4.4", "SN"],
  ["2.5.4.5", "SERIALNUMBER"],
  ["2.5.4.6", "C"],
  ["2.5.4.7", "L"],
  ["2.5.4.8", "ST"],
  ["2.5.4.9", "STREET"],
  ["2.5.4.10", "O"],
  ["2.5.4.11", "OU"],
  ["2.5.4.12", "TITLE"],
  ["2.5.4.42", "GN"],
  ["0.9.2342.19200300.100.1.1", "UID"],
  ["0.9.2342.19200300.100.1.25", "DC"],
]);

export interface Certificate {
  /** The contents of its number. */
  readonly serial: Uint8Array;
  /** The issuer's name in DER. */
  readonly issuer: Uint8Array;
  /** The subject's name for people: `CN=Clock,O=Example`. */
  readonly subject: string;
  /** Seconds since 1970, both within its validity. */
  readonly from: bigint;
  readonly to: bigint;
  readonly key: PublicKey;
  readonly extensions: readonly Extension[];
}

export interface PublicKey {
  readonly algorithm: string;
  /** The curve, if the parameters are the name of one. */
  readonly curve: string | undefined;
  /** Undefined where it does not end with a whole byte. */
  readonly bytes: Uint8Array | undefined;
}

export interface Extension {
  readonly name: string;
  readonly isCritical: boolean;
  readonly value: Uint8Array;
}

/** Reads a certificate. */
export function parseCertificate(bytes: Uint8Array): Certificate {
  const outer = Fields.ofFile(bytes);
  const certificate = readSigned(outer.sequence());
  outer.algorithm();
  bitsOf(outer.take(BIT_STRING));
  outer.end();
  return certificate;
}

/** What the extended key usage allows, in its order; undefined if it is missing, malformed or twice there. */
export function extendedUses(
  certificate: Certificate,
): { readonly isCritical: boolean; readonly uses: readonly string[] } | undefined {
  const found = only(certificate, EXTENDED_KEY_USAGE, (value) => {
    const [list, uses] = [Fields.ofFile(value), [] as string[]];
    while (!list.isEmpty) uses.push(list.identifier());
    return uses;
  });
  return typeof found === "object" ? { isCritical: found.isCritical, uses: found.value } : undefined;
}

/** Whether the key may sign: the key usage says so, or says nothing. */
export function maySign(certificate: Certificate): boolean {
  const found = only(certificate, KEY_USAGE, (value) => {
    const { bytes, unused } = bitsOf(alone(value, BIT_STRING));
    const count = bytes.length * 8 - unused;
    if (count > 16) throw new Refusal("KeyUsage");
    // Digital signature and non-repudiation (content commitment) are bits 0 and 1.
    return [0, 1].some((bit) => bit < count && ((bytes[0] ?? 0) & (0x80 >> bit)) !== 0);
  });
  return found === "absent" || (typeof found === "object" && found.value);
}

/** The identifier of its key, if it has one. */
export function subjectKey(certificate: Certificate): Uint8Array | undefined {
  const found = only(certificate, SUBJECT_KEY, (value) => alone(value, OCTET_STRING));
  return typeof found === "object" ? found.value : undefined;
}

/** Reads an extension that must not be there twice: which of the two would count? */
function only<T>(
  certificate: Certificate,
  name: string,
  read: (value: Uint8Array) => T,
): { readonly isCritical: boolean; readonly value: T } | "absent" | "malformed" {
  const [first, ...more] = certificate.extensions.filter((one) => one.name === name);
  if (!first) return "absent";
  if (more.length > 0) return "malformed";
  try {
    return { isCritical: first.isCritical, value: read(first.value) };
  } catch (error) {
    if (error instanceof Refusal) return "malformed";
    throw error;
  }
}

/** The contents of a value that is one field. */
function alone(bytes: Uint8Array, tag: number): Uint8Array {
  const fields = new Fields(bytes);
  const contents = fields.take(tag);
  fields.end();
  return contents;
}

function readSigned(fields: Fields): Certificate {
  const version = fields.maybe(around(0));
  if (version && smallOf(alone(version, INTEGER)) > 2) throw new Refusal("Version");
  const serial = integerOf(fields.take(INTEGER));
  if (serial.length > MAX_SERIAL_SIZE) throw new Refusal("Serial");
  fields.algorithm();
  const issuer = fields.raw();
  readName(issuer);
  const validity = fields.sequence();
  const [from, to] = [readTime(validity), readTime(validity)];
  validity.end();
  const subject = cut(readName(fields.raw()));
  const key = readKey(fields.sequence());
  for (const number of [1, 2]) {
    const unique = fields.maybe(instead(number));
    if (unique) bitsOf(unique);
  }
  const extensions = fields.maybe(around(3));
  fields.end();
  return { serial, issuer, subject, from, to, key, extensions: extensions ? readExtensions(extensions) : [] };
}

/** Years of two digits are from 1950 to 2049. */
function readTime(fields: Fields): bigint {
  const short = fields.maybe(UTC_TIME);
  const text = decodeUtf8(short ?? fields.take(GENERALIZED_TIME)) ?? "";
  const [, digits] = /^(\d+)Z$/.exec(text) ?? [];
  if (digits === undefined) throw new Refusal("Time");
  return secondsOf(short ? `${Number(digits.slice(0, 2)) < 50 ? "20" : "19"}${digits}` : digits);
}

function readKey(fields: Fields): PublicKey {
  const named = fields.sequence();
  const algorithm = named.identifier();
  const curve = named.peek() === IDENTIFIER ? named.identifier() : undefined;
  if (curve === undefined && !named.isEmpty) named.raw();
  named.end();
  const { bytes, unused } = bitsOf(fields.take(BIT_STRING));
  fields.end();
  return { algorithm, curve, bytes: unused === 0 ? bytes : undefined };
}

function readExtensions(contents: Uint8Array): Extension[] {
  const list = new Fields(alone(contents, SEQUENCE));
  const found: Extension[] = [];
  while (!list.isEmpty) {
    const fields = list.sequence();
    const name = fields.identifier();
    const flag = fields.maybe(BOOLEAN);
    const [byte, more] = flag ?? [0];
    if (more !== undefined || (byte !== 0 && byte !== 0xff)) throw new Refusal("Critical");
    found.push({ name, isCritical: byte === 0xff, value: fields.take(OCTET_STRING) });
    fields.end();
  }
  return found;
}

function cut(name: string): string {
  return name.length > MAX_SHOWN_LETTERS ? `${name.slice(0, MAX_SHOWN_LETTERS)}…` : name;
}

/** Reads a name and writes it as RFC 4514 does: the last part first. */
function readName(raw: Uint8Array): string {
  const list = Fields.ofFile(raw);
  const parts: string[] = [];
  while (!list.isEmpty) parts.unshift(readPart(new Fields(list.take(SET))));
  return parts.join(",");
}

function readPart(set: Fields): string {
  const shown: string[] = [];
  let before: Uint8Array | undefined;
  while (!set.isEmpty) {
    const raw = set.raw();
    // A set in another order would be a second spelling of the same name.
    if (before && compareBytes(before, raw) >= 0) throw new Refusal("Order");
    before = raw;
    const fields = Fields.ofFile(raw);
    const [name, tag] = [fields.identifier(), fields.peek()];
    const value = fields.raw();
    fields.end();
    shown.push(showPart(name, tag, value));
  }
  return shown.join("+");
}

function showPart(name: string, tag: number | undefined, value: Uint8Array): string {
  const isText = tag === UTF8_STRING || tag === PRINTABLE_STRING || tag === IA5_STRING;
  const text = isText ? decodeUtf8(alone(value, tag)) : undefined;
  const key = SHOWN.get(name);
  if (text === undefined || key === undefined) return `${name}=#${encodeHex(value)}`;
  const escaped = text.replace(/["+,;<>\\]|^[# ]| $/g, (letter) => `\\${letter}`);
  return `${key}=${escaped}`;
}
