/** Small damage of many kinds, from a seed. */

import { concat } from "../../src/crypto/bytes.ts";

/** Numbers that look random and are the same for the same seed (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 to `limit` - 1. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let value = this.#state;
    value = Math.imul(value ^ (value >>> 15), value | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return Math.floor((((value ^ (value >>> 14)) >>> 0) / 2 ** 32) * limit);
  }
}

/** What was done, and what came of it. */
export interface Mutation {
  readonly what: string;
  readonly bytes: Uint8Array;
}

const LETTERS = new TextEncoder().encode("AZaz09+/= \n\t{}[]\",:.-_\u0000\u007f");

/** Damages bytes once. */
export function mutate(bytes: Uint8Array, dice: Dice): Mutation {
  const at = dice.below(bytes.length);
  const letter = LETTERS[dice.below(LETTERS.length)] ?? 0;
  const before = bytes.subarray(0, at);
  const from = bytes.subarray(at);
  switch (dice.below(8)) {
    case 0:
    case 1:
    case 2: {
      const bit = dice.below(8);
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ (1 << bit);
      return { what: `bit ${bit} of byte ${at} flipped`, bytes: changed };
    }
    case 3: {
      const changed = bytes.slice();
      changed[at] = letter;
      return { what: `byte ${at} is now ${letter}`, bytes: changed };
    }
    case 4:
      return { what: `${letter} before byte ${at}`, bytes: concat(before, Uint8Array.of(letter), from) };
    case 5:
      return { what: `byte ${at} left out`, bytes: concat(before, from.subarray(1)) };
    case 6:
      return { what: `cut at byte ${at}`, bytes: before.slice() };
    default:
      return mutateLines(bytes, dice);
  }
}

/** Repeats a line, leaves one out, or swaps two neighbours. */
function mutateLines(bytes: Uint8Array, dice: Dice): Mutation {
  const lines = splitLines(bytes);
  const at = dice.below(lines.length);
  const line = lines[at] ?? new Uint8Array();
  switch (dice.below(3)) {
    case 0:
      return { what: `line ${at} twice`, bytes: concat(...lines.slice(0, at), line, ...lines.slice(at)) };
    case 1:
      return { what: `line ${at} left out`, bytes: concat(...lines.filter((_, place) => place !== at)) };
    default: {
      const next = lines[at + 1] ?? new Uint8Array();
      const swapped = [...lines.slice(0, at), next, line, ...lines.slice(at + 2)];
      return { what: `lines ${at} and ${at + 1} swapped`, bytes: concat(...swapped) };
    }
  }
}

function splitLines(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let start = 0;
  while (start < bytes.length) {
    const end = bytes.indexOf(0x0a, start);
    const stop = end < 0 ? bytes.length : end + 1;
    lines.push(bytes.subarray(start, stop));
    start = stop;
  }
  return lines;
}
