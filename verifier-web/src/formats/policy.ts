/**
 * Policies: whose word on a checkpoint is enough. Rule: `spec/text/policy.md`; vectors:
 * `spec/vectors/policy/`. What follows from one is judged in `judge/policy.ts`.
 *
 * A policy is octets, not Unicode: names are kept as strings of one letter an octet, and are
 * equal when their octets are.
 *
 *     log <vkey> [<url>]
 *     witness <name> <vkey> [<url>]
 *     group <name> any|all|<k> <member>...
 *     quorum <name>|none
 */

import { sameBytes } from "../crypto/bytes.ts";
import { decodeUtf8, parseDecimal } from "./encoding.ts";
import {
  COSIGNATURE_ED25519,
  NOTE_ED25519,
  isKeyName,
  parseKey,
  type VerifierKey,
} from "./key.ts";
import { Refusal, within } from "./refusal.ts";

export const MAX_POLICY_SIZE = 2 * 1024 * 1024;

/** The most lines of each kind. */
const MAX_LINES = 256;

const NONE = "none";

/** A key of a log; its name is the log's origin. */
export interface PolicyLog {
  readonly key: VerifierKey;
  readonly line: number;
}

/** One key of a witness. */
export interface PolicyWitness {
  readonly name: string;
  readonly key: VerifierKey;
  readonly line: number;
}

/** At least `threshold` of the members, which stand on earlier lines. */
export interface PolicyGroup {
  readonly name: string;
  readonly threshold: number;
  readonly members: readonly Member[];
}

export type Member = PolicyWitness | PolicyGroup;

/** A whole policy, checked. */
export interface Policy {
  readonly logs: readonly PolicyLog[];
  readonly witnesses: readonly PolicyWitness[];
  readonly groups: readonly PolicyGroup[];
  /** What must have witnessed a checkpoint; undefined for `quorum none`. */
  readonly quorum: Member | undefined;
}

/** Whether a member is a group. */
export function isGroup(member: Member): member is PolicyGroup {
  return "threshold" in member;
}

/** A name for people: octets as UTF-8, what cannot be shown as its escape. */
export function shownName(name: string): string {
  const bytes = Uint8Array.from(name, (letter) => letter.charCodeAt(0));
  const text = new TextDecoder().decode(bytes);
  return text.replace(/\p{Cc}/gu, (letter) => `\\u{${letter.charCodeAt(0).toString(16)}}`);
}

/** Parses a policy; a refusal's last value is the line. */
export function parsePolicy(bytes: Uint8Array): Policy {
  if (bytes.length > MAX_POLICY_SIZE) throw new Refusal("TooLarge", String(bytes.length), "1");
  const reader = new Reader();
  const lines = octets(bytes).split("\n");
  const rest = lines.pop() ?? "";
  lines.forEach((line, at) => reader.read(line, at + 1));
  if (rest !== "") throw new Refusal("NoLineBreak", `${lines.length + 1}`);
  return reader.finish(Math.max(1, lines.length));
}

/**
 * What decides in a policy, a line each and in its order: its keys, the groups of them and the quorum. By which names it
 * calls these, and where a log or a witness is reached, decides nothing.
 */
export function formatPolicy({ logs, witnesses, groups, quorum }: Policy): string {
  const placeOf = (one: Member) => isGroup(one) ? `group ${groups.indexOf(one)}` : `witness ${witnesses.indexOf(one)}`;
  const lines = [
    ...logs.map(({ key }) => `log ${key.text}`),
    ...witnesses.map(({ key }) => `witness ${key.text}`),
    ...groups.map(({ threshold, members }) => `group ${[threshold, ...members.map(placeOf)].join(", ")}`),
    `quorum ${quorum ? placeOf(quorum) : NONE}`,
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** One letter for each octet. */
function octets(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += 4096) {
    parts.push(String.fromCharCode(...bytes.subarray(at, at + 4096)));
  }
  return parts.join("");
}

/** What the lines so far have defined. */
class Reader {
  readonly #logs: PolicyLog[] = [];
  readonly #witnesses: PolicyWitness[] = [];
  readonly #groups: PolicyGroup[] = [];
  readonly #names = new Map<string, Member>();
  /** What is a member of a group already. */
  readonly #listed = new Set<Member>();
  /** The names of the keys below each member. */
  readonly #keyNames = new Map<Member, ReadonlySet<string>>();
  #quorum: { readonly member: Member | undefined; readonly line: number } | undefined;

  read(line: string, number: number): void {
    try {
      this.#readLine(line, number);
    } catch (error) {
      throw error instanceof Refusal ? new Refusal(error.path, ...error.values, `${number}`) : error;
    }
  }

  finish(lastLine: number): Policy {
    if (!this.#quorum) throw new Refusal("NoQuorum", `${lastLine}`);
    return {
      logs: this.#logs,
      witnesses: this.#witnesses,
      groups: this.#groups,
      quorum: this.#quorum.member,
    };
  }

  #readLine(line: string, number: number): void {
    // The only control character inside a line is the tab, in comments too.
    if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(line)) throw new Refusal("Character");
    const [keyword, ...items] = line.split(/[ \t]+/).filter((item) => item !== "");
    if (keyword === undefined || keyword.startsWith("#")) return;
    switch (keyword) {
      case "group":
        return this.#readGroup(items);
      case "log":
        return this.#readLog(items, number);
      case "quorum":
        return this.#readQuorum(items, number);
      case "witness":
        return this.#readWitness(items, number);
      default:
        throw new Refusal("Keyword");
    }
  }

  #readLog(items: string[], line: number): void {
    const [text, ...more] = items;
    if (text === undefined || more.length > 1) throw new Refusal("Items", "log <vkey> [<url>]");
    limit(this.#logs, "log");
    const key = readKey(text);
    if (key.algorithm === COSIGNATURE_ED25519) throw new Refusal("KeyType");
    this.#logs.forEach((other) => refuseSameKey(key, other));
    this.#witnesses.forEach((other) => refuseSameParty(key, other));
    this.#logs.push({ key, line });
  }

  #readWitness(items: string[], line: number): void {
    const [name, text, ...more] = items;
    if (name === undefined || text === undefined || more.length > 1) {
      throw new Refusal("Items", "witness <name> <vkey> [<url>]");
    }
    limit(this.#witnesses, "witness");
    const key = readKey(text);
    if (key.algorithm === NOTE_ED25519) throw new Refusal("KeyType");
    this.#witnesses.forEach((other) => refuseSameKey(key, other));
    this.#logs.forEach((other) => refuseSameParty(key, other));
    const witness = { name, key, line };
    this.#define(name, witness);
    this.#keyNames.set(witness, new Set([key.name]));
    this.#witnesses.push(witness);
  }

  #readGroup(items: string[]): void {
    const [name, threshold, ...names] = items;
    if (name === undefined || threshold === undefined || names.length === 0) {
      throw new Refusal("Items", "group <name> any|all|<k> <member>...");
    }
    limit(this.#groups, "group");
    const needed = readThreshold(threshold, names.length);
    const members = names.map((member) => this.#takeMember(member));
    const keyNames = this.#keyNamesBelow(members, needed);
    // Defined last: a group cannot be its own member.
    const group = { name, threshold: needed, members };
    this.#define(name, group);
    this.#keyNames.set(group, keyNames);
    this.#groups.push(group);
  }

  #readQuorum(items: string[], line: number): void {
    const [name, ...more] = items;
    if (name === undefined || more.length > 0) throw new Refusal("Items", "quorum <name>");
    if (this.#quorum) throw new Refusal("SecondQuorum", `${this.#quorum.line}`);
    this.#quorum = { member: name === NONE ? undefined : this.#find(name), line };
  }

  #define(name: string, member: Member): void {
    if (name === NONE || this.#names.has(name)) throw new Refusal("DuplicateName", shownName(name));
    this.#names.set(name, member);
  }

  #find(name: string): Member {
    const member = this.#names.get(name);
    if (!member) throw new Refusal("UnknownName", shownName(name));
    return member;
  }

  #takeMember(name: string): Member {
    const member = this.#find(name);
    if (this.#listed.has(member)) throw new Refusal("MemberTwice", shownName(name));
    this.#listed.add(member);
    return member;
  }

  /**
   * The key names below the members. Where more than one member must have witnessed, none may
   * occur below two of them: one witness could fill the quorum by itself.
   */
  #keyNamesBelow(members: readonly Member[], threshold: number): ReadonlySet<string> {
    const all = new Set<string>();
    for (const member of members) {
      const own = this.#keyNames.get(member) ?? new Set<string>();
      const shared = [...own].find((name) => all.has(name));
      if (threshold > 1 && shared !== undefined) throw new Refusal("DoubleCounted", shared);
      own.forEach((name) => all.add(name));
    }
    return all;
  }
}

function limit(lines: readonly unknown[], what: string): void {
  if (lines.length >= MAX_LINES) throw new Refusal("TooMany", what);
}

function readKey(item: string): VerifierKey {
  const text = decodeUtf8(Uint8Array.from(item, (letter) => letter.charCodeAt(0)));
  // A note is UTF-8, so a name that is not could never stand on a signature line.
  if (text === undefined) throw new Refusal(["Key", "Name"]);
  return within("Key", () => parseKey(text));
}

function readThreshold(item: string, members: number): number {
  if (item === "all") return members;
  if (item === "any") return 1;
  const number = parseDecimal(item);
  if (number === undefined || number < 1n || number > BigInt(members)) {
    throw new Refusal("Threshold", `${members}`);
  }
  return Number(number);
}

/** Refuses one public key under two labels, and two keys that no line could tell apart. */
function refuseSameKey(key: VerifierKey, other: { key: VerifierKey; line: number }): void {
  const hasSameLabel = key.name === other.key.name && key.id === other.key.id;
  if (hasSameLabel || sameBytes(key.publicBytes, other.key.publicBytes)) {
    throw new Refusal("DuplicateKey", `${other.line}`);
  }
}

/** Refuses a log and a witness that are one party. */
function refuseSameParty(key: VerifierKey, other: { key: VerifierKey; line: number }): void {
  if (key.name === other.key.name || sameBytes(key.publicBytes, other.key.publicBytes)) {
    throw new Refusal("LogAsWitness", `${other.line}`);
  }
}

/** Parses the keys of sources: one a line; empty lines and those that begin with # are skipped. */
export function parseKeys(text: string): VerifierKey[] {
  const keys: VerifierKey[] = [];
  text.split("\n").forEach((line, at) => {
    const word = line.trim();
    if (word === "" || word.startsWith("#")) return;
    try {
      keys.push(parseKey(word));
    } catch (error) {
      throw error instanceof Refusal ? new Refusal(error.path, ...error.values, `${at + 1}`) : error;
    }
  });
  return keys;
}

/** Whether a text looks like a verifier key, not more. */
export function looksLikeKey(text: string): boolean {
  const [name, id] = text.split("+");
  return name !== undefined && isKeyName(name) && /^[0-9a-f]{8}$/.test(id ?? "");
}
