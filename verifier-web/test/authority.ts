/**
 * A timestamping authority of `openssl`, with keys made afresh, and tokens that no honest one signs.
 * For tests: what it makes is also given to `fiducial`.
 */

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { concat } from "../src/crypto/bytes.ts";

/** What an authority's certificate must have. */
export const GOOD = "keyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\n";

const SETTINGS = [
  "[t]",
  "serial = serial",
  "default_policy = 1.2.3.4",
  "tsa_name = yes",
  "digests = sha1, sha256, sha384, sha512",
  "",
].join("\n");
const ACCURATE = `${SETTINGS}accuracy = secs:1, millisecs:500\n`;

/** Files of one authority in a folder: `ca.pem` above, and certificates by name below it. */
export class Authority {
  readonly #folder: string;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    this.#write("v2", `${ACCURATE}ess_cert_id_alg = sha256\n`);
    this.#write("v1", `${ACCURATE}ess_cert_id_alg = sha1\n`);
    this.#write("plain", `${SETTINGS}ess_cert_id_alg = sha256\n`);
    const key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key";
    this.#run(`req -x509 ${key} -out ca.pem -subj /CN=Root -days 3650 -addext basicConstraints=critical,CA:TRUE`);
  }

  /** A key of this kind (`rsa:2048`, `P-256`) with a certificate below the root. */
  issue(name: string, kind: string, extensions: string, subject = `/CN=${name}`): void {
    this.#write("extensions", extensions);
    const key = kind.startsWith("rsa:") ? kind : `ec -pkeyopt ec_paramgen_curve:${kind}`;
    this.#run(`req -new -newkey ${key} -nodes -keyout ${name}.key -out request -subj ${subject}`);
    const below = "-CA ca.pem -CAkey ca.key -CAcreateserial -days 3650 -extfile extensions";
    this.#run(`x509 -req -in request ${below} -out ${name}.pem`);
  }

  /** A request over bytes, answered by the settings `v1`, `v2` or `plain`. */
  answer(data: Uint8Array, signer: string, wishes: { settings?: string; imprint?: string; digest?: string } = {}) {
    const { settings = "v2", imprint = "sha256", digest = "sha256" } = wishes;
    this.#write("data", data);
    this.#run(`ts -query -data data -${imprint} -cert -out query`);
    const by = `-inkey ${signer}.key -signer ${signer}.pem -config ${settings} -section t -${digest}`;
    this.#run(`ts -reply -queryfile query ${by} -out answer`);
    return this.#read("answer");
  }

  /** What an answer states, without its signature. */
  stated(answer: Uint8Array): Uint8Array {
    this.#write("answer", answer);
    this.#run("ts -reply -in answer -token_out -out token");
    this.#run("cms -verify -noverify -inform DER -in token -out stated");
    return this.#read("stated");
  }

  /** Signs whatever it is given as a timestamp, and names the certificate, without asking whether it is one. */
  sign(stated: Uint8Array, signer: string, more = "-md sha256"): Uint8Array {
    return this.signNameless(stated, signer, `-cades ${more}`);
  }

  /** The same, without naming the certificate in what is signed. */
  signNameless(stated: Uint8Array, signer: string, more = "-md sha256"): Uint8Array {
    this.#write("stated", stated);
    const form = "-binary -nodetach -nosmimecap -econtent_type 1.2.840.113549.1.9.16.1.4 -outform DER";
    this.#run(`cms -sign ${form} -in stated -signer ${signer}.pem -inkey ${signer}.key -out token ${more}`);
    return granted(this.#read("token"));
  }

  /** A certificate in DER. */
  certificate(name: string): Uint8Array {
    this.#run(`x509 -in ${name}.pem -outform DER -out der`);
    return this.#read("der");
  }

  /** Puts another certificate beside a key: these bytes, whatever they are. */
  replaceCertificate(name: string, bytes: Uint8Array): void {
    const base64 = Buffer.from(bytes).toString("base64").replace(/.{64}/g, "$&\n");
    this.#write(`${name}.pem`, `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`);
  }

  #read(name: string): Uint8Array {
    return new Uint8Array(readFileSync(join(this.#folder, name)));
  }

  #write(name: string, contents: string | Uint8Array): void {
    writeFileSync(join(this.#folder, name), contents);
  }

  #run(words: string): void {
    execFileSync("openssl", words.split(" "), { cwd: this.#folder, stdio: "pipe" });
  }
}

/** A value in DER: a tag, the length, contents. */
export function der(tag: number, ...contents: Uint8Array[]): Uint8Array {
  const whole = concat(...contents);
  const digits = [whole.length >> 16, whole.length >> 8, whole.length].map((digit) => digit & 0xff);
  while (digits[0] === 0 && digits.length > 1) digits.shift();
  const size = whole.length < 0x80 ? digits : [0x80 | digits.length, ...digits];
  return concat(Uint8Array.of(tag, ...size), whole);
}

/** A token within the response that grants it. */
export function granted(token: Uint8Array): Uint8Array {
  return der(0x30, Uint8Array.of(0x30, 0x03, 0x02, 0x01, 0x00), token);
}

/** Where bytes stand in others. */
export function placeOf(bytes: Uint8Array, part: Uint8Array): number {
  const at = Buffer.from(bytes).indexOf(part);
  if (at < 0) throw new Error("the part is not there");
  return at;
}

/** The bytes with one run of them exchanged for another of the same length. */
export function exchanged(bytes: Uint8Array, old: Uint8Array, other: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  changed.set(other, placeOf(bytes, old));
  return changed;
}
