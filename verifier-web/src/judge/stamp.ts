/**
 * Whether a timestamp belongs to a checkpoint and is signed by the certificate that it names.
 *
 * Rule: `spec/text/bundle.md`, "Timestamps"; RFC 3161, 2.4.2 and 2.3; RFC 5652, 5.4 to 5.6; RFC 5035, 5 and
 * RFC 2634, 5.4 (which certificate signed is itself signed). What is wrong is thrown as a rejection; an
 * algorithm or a critical extension that is not known decides nothing, and is `Undecided`.
 *
 * SHA-1 is read only where an old token names its certificate by it. There it rests on this: that nobody
 * makes a second certificate to a given SHA-1, and that whoever issues certificates makes no two of one.
 */

import { sameBytes } from "../crypto/bytes.ts";
import { digest, legacySha1, type Digest } from "../crypto/digests.ts";
import { verifyEcdsa, verifyRsa, type Checked, type Curve, type Signed } from "../crypto/rsa-ecdsa.ts";
import { sha256 } from "../crypto/sha256.ts";
import {
  extendedUses,
  maySign,
  parseCertificate,
  subjectKey,
  type Certificate,
  type PublicKey,
} from "../formats/certificate.ts";
import { Fields, OCTET_STRING, SEQUENCE } from "../formats/der.ts";
import { encodeHex } from "../formats/hex.ts";
import { Refusal } from "../formats/refusal.ts";
import {
  isTstInfo,
  parseTimestamp,
  type SignerInfo,
  type SignerName,
  type StampTime,
  type Token,
  type TstInfo,
} from "../formats/timestamp.ts";
import { rejected, type Stop } from "./report.ts";
import { formatUtc } from "./time.ts";

const DIGESTS: ReadonlyMap<string, Digest> = new Map([
  ["2.16.840.1.101.3.4.2.1", "SHA-256"],
  ["2.16.840.1.101.3.4.2.2", "SHA-384"],
  ["2.16.840.1.101.3.4.2.3", "SHA-512"],
]);

const RSA = "1.2.840.113549.1.1.1";
const RSA_WITH: ReadonlyMap<string, Digest> = new Map([
  ["1.2.840.113549.1.1.11", "SHA-256"],
  ["1.2.840.113549.1.1.12", "SHA-384"],
  ["1.2.840.113549.1.1.13", "SHA-512"],
]);

const EC = "1.2.840.10045.2.1";
const ECDSA_WITH: ReadonlyMap<string, Digest> = new Map([
  ["1.2.840.10045.4.3.2", "SHA-256"],
  ["1.2.840.10045.4.3.3", "SHA-384"],
  ["1.2.840.10045.4.3.4", "SHA-512"],
]);
const CURVES: ReadonlyMap<string, Curve> = new Map([
  ["1.2.840.10045.3.1.7", "P-256"],
  ["1.3.132.0.34", "P-384"],
  ["1.3.132.0.35", "P-521"],
]);

const CONTENT_TYPE = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
const SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12";
const SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47";
const TIME_STAMPING = "1.3.6.1.5.5.7.3.8";

/** What a sound token states of a note. Whose word it is, is not asked here. */
export interface Stamp {
  /** UTC, RFC 3339, with the fraction that is stated. */
  readonly time: string;
  /** How far from that the true time may be, in seconds, if the authority says it. */
  readonly accuracy: number | undefined;
  /** The subject of the signing certificate. */
  readonly signer: string;
  /** The SHA-256 of the signing certificate, in hexadecimal. */
  readonly certificateHash: string;
}

/** Nothing was decided: something is not known here, or the browser does not compute it. */
export class Undecided extends Error {
  readonly why: "unknown" | "unavailable";

  constructor(why: "unknown" | "unavailable", what: string) {
    super(what);
    this.why = why;
  }
}

/** Checks a response against the exact bytes of a note; `path` is what a rejection names. */
export async function checkStamp(path: string, response: Uint8Array, note: Uint8Array): Promise<Stamp> {
  const token = readToken(path, response);
  checkImprint(path, token.info, note);
  if (token.info.hasCriticalExtension) throw new Undecided("unknown", "TSTInfo.extensions");
  const by = checkAttributes(path, token);
  const { raw, certificate } = findCertificate(path, token);
  await checkSignature(path, token.signer, by, certificate.key);
  checkCertificate(path, certificate, token.info.time);
  const { time, accuracy } = token.info;
  return { time: showTime(time), accuracy, signer: certificate.subject, certificateHash: encodeHex(sha256(raw)) };
}

function readToken(path: string, response: Uint8Array): Token {
  try {
    return parseTimestamp(response);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const [name = "", [status = ""]] = [error.path[0], error.values];
    if (name === "NotGranted") throw rejected("stamp-not-granted", path, status);
    throw rejected("stamp-malformed", path, name);
  }
}

function checkImprint(path: string, info: TstInfo, note: Uint8Array): void {
  const by = DIGESTS.get(info.imprintAlgorithm);
  if (!by) throw rejected("stamp-weak-imprint", path, info.imprintAlgorithm);
  if (!sameBytes(digest(by, note), info.imprint)) throw rejected("stamp-of-another", path);
}

/** The signed attributes say what was signed; gives the digest that they use. */
function checkAttributes(path: string, { signer, content }: Token): Digest {
  const by = DIGESTS.get(signer.digestAlgorithm);
  if (!by) throw new Undecided("unknown", signer.digestAlgorithm);
  const [type, hash] = [CONTENT_TYPE, MESSAGE_DIGEST].map((name) => signer.attributes.get(name));
  const isWhole = type && hash && isTstInfo(type) && sameBytes(hash, digest(by, content));
  if (!isWhole) throw rejected("stamp-altered", path);
  return by;
}

/** The certificate that the signed attributes name by its hash; the signer must name the same. */
function findCertificate(path: string, token: Token): { raw: Uint8Array; certificate: Certificate } {
  const named = namedHash(token.signer);
  if (!named) throw rejected("stamp-names-none", path);
  const raw = token.certificates.find((one) => sameBytes(named.hashOf(one), named.hash));
  if (!raw) throw rejected("stamp-without-certificate", path);
  const certificate = readCertificate(path, raw);
  if (!isNamed(token.signer.named, certificate)) throw rejected("stamp-without-certificate", path);
  return { raw, certificate };
}

function readCertificate(path: string, raw: Uint8Array): Certificate {
  try {
    return parseCertificate(raw);
  } catch (error) {
    if (error instanceof Refusal) throw rejected("stamp-malformed", path, "Certificate");
    throw error;
  }
}

/** A hash, and how it was made. */
interface NamedHash {
  readonly hash: Uint8Array;
  hashOf(certificate: Uint8Array): Uint8Array;
}

/** The hash in `SigningCertificateV2`, or in the older `SigningCertificate`; undefined for none. */
function namedHash({ attributes }: SignerInfo): NamedHash | undefined {
  const newer = attributes.get(SIGNING_CERTIFICATE_V2);
  const value = newer ?? attributes.get(SIGNING_CERTIFICATE);
  if (!value) return undefined;
  try {
    // The first of the list signed; the others are above it.
    const name = new Fields(value).sequence().sequence();
    if (!newer) return { hash: name.take(OCTET_STRING), hashOf: legacySha1 };
    const by = name.peek() === SEQUENCE ? DIGESTS.get(name.algorithm()) : "SHA-256";
    return by && { hash: name.take(OCTET_STRING), hashOf: (one) => digest(by, one) };
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

function isNamed(named: SignerName, certificate: Certificate): boolean {
  if ("key" in named) {
    const own = subjectKey(certificate);
    return own !== undefined && sameBytes(own, named.key);
  }
  return sameBytes(certificate.issuer, named.issuer) && sameBytes(certificate.serial, named.serial);
}

async function checkSignature(path: string, signer: SignerInfo, by: Digest, key: PublicKey): Promise<void> {
  const what = `${signer.algorithm} / ${key.algorithm}`;
  const verify = verifierOf(signer.algorithm, by, key);
  if (!verify) throw new Undecided("unknown", what);
  const checked = await verify(signer.signedBytes, signer.signature);
  if (checked === "unavailable") throw new Undecided("unavailable", what);
  if (checked === "invalid") throw rejected("stamp-bad-signature", path);
}

type Verify = (message: Uint8Array, signature: Uint8Array) => Promise<Checked>;

/** What verifies it. A bare `rsaEncryption` takes its digest from the attributes. */
function verifierOf(signedBy: string, attributes: Digest, key: PublicKey): Verify | undefined {
  const { bytes } = key;
  const isRsa = key.algorithm === RSA;
  const curve = key.algorithm === EC ? CURVES.get(key.curve ?? "") : undefined;
  const by = isRsa ? (signedBy === RSA ? attributes : RSA_WITH.get(signedBy)) : ECDSA_WITH.get(signedBy);
  if (!bytes || !by || (!isRsa && !curve)) return undefined;
  return (message, signature) => {
    const signed: Signed = { by, message, signature };
    return curve ? verifyEcdsa(curve, bytes, signed) : verifyRsa(bytes, signed);
  };
}

/** The certificate is for timestamps, for nothing else, and was valid at the time that is stated. */
function checkCertificate(path: string, certificate: Certificate, time: StampTime): void {
  const extended = extendedUses(certificate);
  const isForStamps = extended?.isCritical === true && extended.uses.join() === TIME_STAMPING;
  if (!isForStamps || !maySign(certificate)) {
    throw rejected("stamp-not-for-stamps", path, certificate.subject);
  }
  const { from, to } = certificate;
  // A fraction of a second behind the last one is beyond it as well.
  const isBeyond = time.seconds > to || (time.seconds === to && time.fraction !== "");
  if (time.seconds < from || isBeyond) throw outOfDate(path, time, from, to);
}

function outOfDate(path: string, time: StampTime, from: bigint, to: bigint): Stop {
  return rejected("stamp-out-of-date", path, showTime(time), formatUtc(from), formatUtc(to));
}

function showTime({ seconds, fraction }: StampTime): string {
  const whole = formatUtc(seconds);
  return fraction === "" ? whole : whole.replace(/Z$/, `.${fraction}Z`);
}
