/**
 * A response of a timestamping authority, taken apart. Nothing here is believed yet.
 *
 * Rule: `spec/text/bundle.md`, "Timestamps"; RFC 3161, 2.4.2, in the message syntax of RFC 5652, 5:
 *
 *     TimeStampResp { status, ContentInfo { SignedData { TSTInfo, certificates, one SignerInfo } } }
 *
 * A refusal's first name is the structure, by its name in the standards, that is not what it must be; or
 * `NotGranted`, with the status.
 */

import { sameBytes } from "../crypto/bytes.ts";
import {
  BOOLEAN,
  Fields,
  GENERALIZED_TIME,
  INTEGER,
  OCTET_STRING,
  SEQUENCE,
  SET,
  around,
  instead,
  secondsOf,
  smallOf,
} from "./der.ts";
import { decodeUtf8 } from "./encoding.ts";
import { Refusal, within } from "./refusal.ts";

/** The most certificates that come with a token; chains have three or four. */
const MAX_CERTIFICATES = 16;

/** The most attributes that are signed; six are in use. */
const MAX_ATTRIBUTES = 32;

const ID_SIGNED_DATA = "1.2.840.113549.1.7.2";
export const ID_TST_INFO = "1.2.840.113549.1.9.16.1.4";

/** What the token says, and all that its signature is checked with. */
export interface Token {
  readonly info: TstInfo;
  /** The exact bytes that are hashed into the signed attributes. */
  readonly content: Uint8Array;
  /** Each certificate as it came. */
  readonly certificates: readonly Uint8Array[];
  readonly signer: SignerInfo;
}

export interface TstInfo {
  readonly imprintAlgorithm: string;
  readonly imprint: Uint8Array;
  readonly time: StampTime;
  /** How far from that the true time may be, in seconds, if the authority says it. */
  readonly accuracy: number | undefined;
  /** Whether it has an extension that must be understood. */
  readonly hasCriticalExtension: boolean;
}

/** `genTime`: whole seconds since 1970, and the digits behind the point, without zeros at their end. */
export interface StampTime {
  readonly seconds: bigint;
  readonly fraction: string;
}

export interface SignerInfo {
  readonly named: SignerName;
  readonly digestAlgorithm: string;
  /** What the signature is over: the attributes as a set, whatever tag they travel under. */
  readonly signedBytes: Uint8Array;
  /** By its name, the contents of the one value of each attribute. */
  readonly attributes: ReadonlyMap<string, Uint8Array>;
  readonly algorithm: string;
  readonly signature: Uint8Array;
}

/** How the signer's certificate is named: by its issuer in DER and its number's contents, or by its key. */
export type SignerName =
  | { readonly issuer: Uint8Array; readonly serial: Uint8Array }
  | { readonly key: Uint8Array };

/** Reads a response. */
export function parseTimestamp(bytes: Uint8Array): Token {
  const { status, token } = within("TimeStampResp", () => readResponse(bytes));
  // 0 is granted, 1 granted with changes that the token shows.
  if (status > 1) throw new Refusal("NotGranted", `${status}`);
  if (!token) throw new Refusal("timeStampToken");
  const parts = within("SignedData", () => readSignedData(token));
  return {
    info: within("TSTInfo", () => readInfo(parts.content)),
    content: parts.content,
    certificates: within("certificates", () => readCertificates(parts.certificates)),
    signer: within("SignerInfo", () => readSigner(parts.signers)),
  };
}

/** Whether the content type that is signed is that of a timestamp. */
export function isTstInfo(contents: Uint8Array): boolean {
  const known = Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04);
  return sameBytes(contents, known);
}

function readResponse(bytes: Uint8Array): { status: number; token: Fields | undefined } {
  const fields = Fields.ofFile(bytes);
  // Texts and flags beside the number are for people.
  const status = fields.sequence().small();
  const token = fields.isEmpty ? undefined : fields.sequence();
  fields.end();
  return { status, token };
}

/** The parts of `SignedData` that are used. */
interface Parts {
  readonly content: Uint8Array;
  readonly certificates: Uint8Array;
  readonly signers: Uint8Array;
}

function readSignedData(info: Fields): Parts {
  require(info.identifier() === ID_SIGNED_DATA);
  const outer = new Fields(info.take(around(0)));
  info.end();
  const data = outer.sequence();
  outer.end();
  // 3 is asked for wherever the content is not plain data.
  require(data.small() === 3);
  // The digests in use are said again, and signed, by the signer.
  data.take(SET);
  const content = readContent(data.sequence());
  const certificates = data.maybe(around(0)) ?? new Uint8Array();
  // Lists of revocations are not asked.
  data.maybe(around(1));
  const signers = data.take(SET);
  data.end();
  return { content, certificates, signers };
}

function readContent(fields: Fields): Uint8Array {
  require(fields.identifier() === ID_TST_INFO);
  const octets = new Fields(fields.take(around(0)));
  fields.end();
  const content = octets.take(OCTET_STRING);
  octets.end();
  return content;
}

function readInfo(bytes: Uint8Array): TstInfo {
  const fields = Fields.ofFile(bytes);
  require(fields.small() === 1);
  // The authority's policy, by its number.
  fields.identifier();
  const named = fields.sequence();
  const [imprintAlgorithm, imprint] = [named.algorithm(), named.take(OCTET_STRING)];
  named.end();
  // The token's serial number, of any length.
  fields.take(INTEGER);
  const time = readTime(fields.take(GENERALIZED_TIME));
  const accuracy = fields.maybe(SEQUENCE);
  // Whether tokens can be ordered, the request's nonce, and the name that the authority gives itself: the
  // certificate's is shown instead.
  for (const tag of [BOOLEAN, INTEGER, around(0)]) fields.maybe(tag);
  const extensions = fields.maybe(around(1));
  fields.end();
  return {
    imprintAlgorithm,
    imprint,
    time,
    accuracy: accuracy && readAccuracy(accuracy),
    hasCriticalExtension: extensions !== undefined && hasCritical(extensions),
  };
}

/** `20261127021500Z`, with a fraction of at most nine digits that does not end in 0 where there is one. */
export function readTime(contents: Uint8Array): StampTime {
  const text = decodeUtf8(contents) ?? "";
  const [, digits, fraction = ""] = /^(\d{14})(?:\.(\d{0,8}[1-9]))?Z$/.exec(text) ?? [];
  if (digits === undefined) throw new Refusal("Time");
  return { seconds: secondsOf(digits), fraction };
}

/** Seconds, and thousandths and millionths of one, from 1 to 999 of each. */
export function readAccuracy(contents: Uint8Array): number {
  const fields = new Fields(contents);
  const seconds = fields.maybe(INTEGER);
  const [millis = 0, micros = 0] = [0, 1].map((number) => {
    const part = fields.maybe(instead(number));
    const value = part && smallOf(part);
    require(value === undefined || (value > 0 && value < 1000));
    return value;
  });
  fields.end();
  return (seconds ? smallOf(seconds) : 0) + (millis * 1000 + micros) / 1_000_000;
}

function hasCritical(contents: Uint8Array): boolean {
  const list = new Fields(contents);
  let isFound = false;
  while (!list.isEmpty) {
    const extension = list.sequence();
    extension.identifier();
    const flag = extension.maybe(BOOLEAN);
    // Whatever is not plainly false may be meant to be understood.
    isFound ||= flag !== undefined && !sameBytes(flag, Uint8Array.of(0));
    extension.take(OCTET_STRING);
    extension.end();
  }
  return isFound;
}

/** The certificates as they came; other kinds are passed over. */
function readCertificates(contents: Uint8Array): Uint8Array[] {
  const list = new Fields(contents);
  const found: Uint8Array[] = [];
  while (!list.isEmpty) {
    const isCertificate = list.peek() === SEQUENCE;
    const raw = list.raw();
    if (isCertificate) found.push(raw);
    require(found.length <= MAX_CERTIFICATES);
  }
  return found;
}

/** The one signer: RFC 3161 allows no other. */
function readSigner(contents: Uint8Array): SignerInfo {
  const list = new Fields(contents);
  const fields = list.sequence();
  list.end();
  const version = fields.small();
  const named = readName(fields);
  require(version === ("key" in named ? 3 : 1));
  const digestAlgorithm = fields.algorithm();
  require(fields.peek() === around(0));
  const signedBytes = fields.raw().slice();
  const attributes = readAttributes(signedBytes);
  signedBytes[0] = SET;
  const algorithm = fields.algorithm();
  const signature = fields.take(OCTET_STRING);
  // What is not signed says nothing.
  fields.maybe(around(1));
  fields.end();
  return { named, digestAlgorithm, signedBytes, attributes, algorithm, signature };
}

function readName(fields: Fields): SignerName {
  if (fields.peek() !== SEQUENCE) return { key: fields.take(instead(0)) };
  const issued = fields.sequence();
  const [issuer, serial] = [issued.raw(), issued.take(INTEGER)];
  issued.end();
  return { issuer, serial };
}

/** Each attribute, of one value, and none twice. */
function readAttributes(raw: Uint8Array): Map<string, Uint8Array> {
  const list = new Fields(new Fields(raw).take(around(0)));
  const found = new Map<string, Uint8Array>();
  while (!list.isEmpty) {
    const attribute = list.sequence();
    const name = attribute.identifier();
    const values = new Fields(attribute.take(SET));
    attribute.end();
    const tag = values.peek();
    require(tag !== undefined && !found.has(name) && found.size < MAX_ATTRIBUTES);
    found.set(name, values.take(tag as number));
    values.end();
  }
  return found;
}

/** What must be so in a structure of this kind. */
function require(isSo: boolean): void {
  if (!isSo) throw new Refusal("Form");
}
