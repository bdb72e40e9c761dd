/**
 * What is said at the end: a verdict, what it rests on, and what was not checked.
 *
 * Values only, so that it goes from the worker to the page and can be said again in another language.
 * Codes are those of `fiducial --json`; the sentences are in `page/words/`.
 */

import type { Unit } from "./list.ts";

export type Verdict = "verified" | "rejected" | "undecided";

/** One sentence: its code, the values in it, and what stands behind it. */
export interface Said {
  readonly code: string;
  readonly values: readonly string[];
  readonly details: readonly Said[];
}

/** Something to look at before the reasons, and of which units it is said, by the names that people know. */
export interface Look extends Said {
  readonly units: readonly string[];
}

/** A labelled value. The value may be a sentence of its own, such as a time that is one of two. */
export interface Fact {
  readonly code: string;
  readonly value: string;
}

/** A field as it is shown. */
export interface ShownField {
  readonly name: string;
  readonly isKnown: boolean;
  /** The value as text, in hexadecimal behind `0x` if it is none; undefined if absent. */
  readonly value: string | undefined;
}

/** An opened record as it is shown. */
export interface ShownRecord {
  readonly index: string;
  readonly kind: string;
  /** Its statement, where more than one was given: source and sequence. */
  readonly place: string | undefined;
  /** The name of the file that was given and is this record's, if one is. */
  readonly file: string | undefined;
  readonly fields: readonly ShownField[];
}

/** Where bytes lie that a record commits to: a stretch of one of the files that were given. */
export interface Exhibit {
  readonly given: string;
  readonly start: number;
  readonly size: number;
  /** SHA-256 in hexadecimal; whoever reads the bytes later compares it again. */
  readonly sha256: string;
}

/** A record of evidence as the story of a unit needs it. What is hidden or absent is empty. */
export interface Act {
  /** Its statement: source and sequence. */
  readonly place: string;
  readonly index: string;
  readonly kind: string;
  readonly units: readonly string[];
  /** In the order of the units; one for all of them where there is only one. */
  readonly verdicts: readonly string[];
  readonly panel: string;
  readonly claimed: string;
  /** The same as a moment, decimal milliseconds since 1970; empty if its form or zone leaves a doubt. */
  readonly claimedMillis: string;
  /**
   * The moment by which it is put in order; empty also where its zone is not opened. Who leaves that closed hides what
   * an order would rest on, so that sight decides, as for the program.
   */
  readonly orderMillis: string;
  readonly seen: string;
  /** How many defects the machine counts, as it writes that. */
  readonly defects: string;
  /** The how many-th report of its kind on its board it says that it is. */
  readonly attempt: string;
  /** Whether it was stated late, in the agent's words. */
  readonly late: string;
  /** What stood before a review, as the review names it. */
  readonly verdictsBefore: readonly string[];
  /** The hash of the report that a review or a repair is about. */
  readonly about: string;
  /** The hash of the file that was seen before it on the same board. */
  readonly follows: string;
  readonly fileHash: string;
  readonly supersedes: string;
  readonly certificateHash: string;
  /** What the machine calls its program, or the program itself. */
  readonly program: string;
  readonly programHash: string;
  /** Whether it says that it names no file of its program; else that may be hidden. */
  readonly isVersionless: boolean;
  /** The name of what a profile was judged by. */
  readonly window: string;
  /** RFC 3339, by the word of witnesses; empty where nobody's word is there. */
  readonly noEarlier: string;
  readonly noLater: string;
  /** What a timestamp states that dates it, RFC 3339; whose word that is was not checked. Empty without one. */
  readonly stamped: string;
  readonly exhibit: Exhibit | undefined;
}

/** A file that was looked at. */
export interface Input {
  readonly role: string;
  readonly name: string;
  /** Bytes, decimal. */
  readonly size: string;
  /** SHA-256 in hexadecimal. */
  readonly sha256: string;
}

export interface Report {
  readonly verdict: Verdict;
  /** Whether the evidence holds, whatever it shows. Rejected, it is then called "not in order". */
  readonly holds: boolean;
  /** What stands before the reasons. It is no reason itself; some of it is among them or among what was not checked as well. */
  readonly look: readonly Look[];
  readonly reasons: readonly Said[];
  readonly facts: readonly Fact[];
  readonly records: readonly ShownRecord[];
  /** Evidence by record, in the order of the statements. */
  readonly acts: readonly Act[];
  /** What records may call the reader's own units. */
  readonly ownUnits: readonly string[];
  /** Those of the reader's units that are listed with a panel. */
  readonly ownPanels: readonly Unit[];
  /** What records may call the boards of which no report of a machine that inspects is shown. */
  readonly lacking: readonly string[];
  readonly notChecked: readonly Said[];
  readonly inputs: readonly Input[];
  /** Which implementation checked Ed25519: the browser's or the page's own. */
  readonly engine: string;
}

/** Makes a sentence. */
export function say(code: string, ...values: string[]): Said {
  return { code, values, details: [] };
}

/** The same with what stands behind it. */
export function sayWith(said: Said, details: readonly Said[]): Said {
  return { ...said, details };
}

/** Ends a judgement early: the evidence is wrong, or nothing could be decided. */
export class Stop extends Error {
  readonly verdict: Verdict;
  readonly reasons: readonly Said[];

  constructor(verdict: Verdict, ...reasons: Said[]) {
    super(reasons.map((reason) => reason.code).join(" "));
    this.verdict = verdict;
    this.reasons = reasons;
  }
}

/** The evidence is wrong. */
export function rejected(code: string, ...values: string[]): Stop {
  return new Stop("rejected", say(code, ...values));
}

/** Nothing could be decided, and it is no verdict on the evidence. */
export function undecided(code: string, ...values: string[]): Stop {
  return new Stop("undecided", say(code, ...values));
}

/** Collects what is said while a judgement goes well. */
export class Draft {
  readonly look: Look[] = [];
  readonly reasons: Said[] = [];
  readonly facts: Fact[] = [];
  readonly notChecked: Said[] = [];
  records: ShownRecord[] = [];
  acts: Act[] = [];
  /** Those of the reader's units of which something is found; undefined without a list. */
  found: readonly Unit[] | undefined;
  ownUnits: readonly string[] = [];
  ownPanels: readonly Unit[] = [];
  lacking: readonly string[] = [];
  isInOrder = true;

  /** The evidence holds, and what was asked about it is not in order: nobody is accused of a forgery. */
  notInOrder(why: Said): void {
    this.isInOrder = false;
    this.reasons.unshift(why);
  }

  reason(code: string, ...values: string[]): void {
    this.reasons.push(say(code, ...values));
  }

  fact(code: string, value: string): void {
    this.facts.push({ code, value });
  }

  open(code: string, ...values: string[]): void {
    this.notChecked.push(say(code, ...values));
  }
}
