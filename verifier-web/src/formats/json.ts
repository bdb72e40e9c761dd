/**
 * A JSON reader that sees all there is to see.
 *
 * Danger: `JSON.parse` keeps the last of two equal members in silence and rounds integers above
 * 2^53, so two readers can see two files. This one refuses a repeated member, reads integers as
 * `bigint`, and refuses every other number. Nesting is bounded, so that no input overflows the
 * stack.
 */

import { Refusal } from "./refusal.ts";

export type Json = string | bigint | number | boolean | null | Json[] | Map<string, Json>;

/** What else is read. Formats of our own have neither fractions nor deep nesting; evidence may. */
export interface JsonLimits {
  readonly maxDepth: number;
  readonly allowsFractions: boolean;
}

/** How deep values may be nested: twice what any format here needs. */
const MAX_DEPTH = 16;

/** Parses a text that is one value; a refusal's values are line and column. */
export function parseJson(text: string, limits: JsonLimits = OURS): Json {
  return new JsonReader(text, limits).readWhole();
}

const OURS: JsonLimits = { maxDepth: MAX_DEPTH, allowsFractions: false };

const SPACE = /[ \t\n\r]*/y;
const INTEGER = /-?(?:0|[1-9][0-9]*)(?![0-9.eE])/y;
const FRACTION = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?(?![0-9.eE])/y;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const FIRST_PRINTABLE = 0x20;
const WORD = /true|false|null/y;
const MAX_DIGITS = 20;

class JsonReader {
  readonly #text: string;
  readonly #limits: JsonLimits;
  #at = 0;

  constructor(text: string, limits: JsonLimits) {
    this.#text = text;
    this.#limits = limits;
  }

  readWhole(): Json {
    const value = this.#value(0);
    this.#skipSpace();
    if (this.#at !== this.#text.length) this.#refuse();
    return value;
  }

  #value(depth: number): Json {
    if (depth > this.#limits.maxDepth) this.#refuse();
    this.#skipSpace();
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object(depth);
      case "[":
        return this.#list(depth);
      case '"':
        return this.#string();
      case "t":
      case "f":
      case "n":
        return this.#word();
      default:
        return this.#limits.allowsFractions ? this.#number() : this.#integer();
    }
  }

  #object(depth: number): Map<string, Json> {
    const members = new Map<string, Json>();
    this.#each("}", () => {
      const name = this.#string();
      if (members.has(name)) this.#refuse();
      this.#skipSpace();
      if (!this.#take(":")) this.#refuse();
      members.set(name, this.#value(depth + 1));
    });
    return members;
  }

  #list(depth: number): Json[] {
    const items: Json[] = [];
    this.#each("]", () => items.push(this.#value(depth + 1)));
    return items;
  }

  /** Reads what stands between two brackets, with commas between the items. */
  #each(end: string, readItem: () => void): void {
    this.#at += 1;
    this.#skipSpace();
    if (this.#take(end)) return;
    for (;;) {
      this.#skipSpace();
      readItem();
      this.#skipSpace();
      if (this.#take(end)) return;
      if (!this.#take(",")) this.#refuse();
    }
  }

  #string(): string {
    const start = this.#at;
    if (!this.#take('"')) this.#refuse();
    for (let code = this.#code(); code !== QUOTE; code = this.#code()) {
      // A control character, or the end of the text, which has no code.
      if (!(code >= FIRST_PRINTABLE)) this.#refuse();
      this.#at += code === BACKSLASH ? 2 : 1;
    }
    this.#at += 1;
    const text = unescape(this.#text.slice(start, this.#at));
    return text ?? this.#refuse();
  }

  #code(): number {
    return this.#text.charCodeAt(this.#at);
  }

  #integer(): bigint {
    const written = this.#match(INTEGER);
    if (written === "-0" || written.length > MAX_DIGITS) this.#refuse();
    return BigInt(written);
  }

  /** A whole number as it is; any other as near as the machine's own program had it. */
  #number(): bigint | number {
    const written = this.#match(FRACTION);
    if (/^-?[0-9]{1,20}$/.test(written)) return BigInt(written);
    const value = Number(written);
    return Number.isFinite(value) ? value : this.#refuse();
  }

  #word(): boolean | null {
    const word = this.#match(WORD);
    return word === "null" ? null : word === "true";
  }

  #skipSpace(): void {
    this.#match(SPACE);
  }

  #take(letter: string): boolean {
    const isThere = this.#text[this.#at] === letter;
    if (isThere) this.#at += 1;
    return isThere;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) return this.#refuse();
    this.#at += found.length;
    return found;
  }

  #refuse(): never {
    const before = this.#text.slice(0, this.#at).split("\n");
    const column = (before[before.length - 1]?.length ?? 0) + 1;
    throw new Refusal("Json", `${before.length}`, `${column}`);
  }
}

/** Reads a text between quotes; undefined for an unknown escape or half of a surrogate pair. */
function unescape(quoted: string): string | undefined {
  try {
    const text: unknown = JSON.parse(quoted);
    return typeof text === "string" && !/\p{Cs}/u.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
