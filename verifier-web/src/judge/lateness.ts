/**
 * How long after the times that they claim records were logged.
 *
 * What was made up last week and claims the spring verifies like anything else: a log proves when a record
 * was there, and nothing of when it was made. So a verdict says how far the two lie apart, where a record
 * opens the time that it claims. Rule: `spec/text/bundle.md`, "Claimed times".
 */

import { decodeUtf8 } from "../formats/encoding.ts";
import { claimOf, type Claim } from "./claimed.ts";
import { knownText, type OpenedBatch, type OpenedRecord } from "./opened.ts";
import { say, sayWith, type Draft, type Said } from "./report.ts";
import { formatUtc, parseMillis } from "./time.ts";

/** What happened on a board, in an oven or at a bench: `verifier-cli/src/lateness.rs` says why no other. */
const KINDS = ["aoi-report", "oven-data", "reflow-certificate", "repair", "review", "spi-report"];

/** Seconds that clocks may lie apart before a claimed time counts as one to come. */
const AHEAD = 60n;

const DAY = 86_400n;

/** From so many seconds on what was logged late is to be looked at before the reasons. */
const LATE = DAY;

/** A statement that holds. */
export interface Logged {
  readonly source: string;
  readonly sequence: bigint;
  /** By the witnesses, seconds since 1970; undefined if none is asked for or no receipt is there. */
  readonly notAfter: bigint | undefined;
  readonly opened: OpenedBatch;
}

/** The longest way between a claimed time and a time that is known, and of how many it is the longest. */
interface Furthest {
  readonly count: number;
  readonly seconds: bigint;
  readonly place: Said;
}

/** The first and the last of some days, `2026-03-02`; by their letters they are in order. */
type Days = readonly [string, string];

/**
 * Of what was logged a day late or more: the days that it claims, those on which it was logged, and the most days that lie
 * between both of a record. All are days of the clock that the record claims its time by: days of two zones would lie a day
 * nearer or further than the sentence says.
 */
interface LateDays {
  readonly claimed: Days;
  readonly logged: Days;
  readonly most: bigint;
}

/** What is known of some statements. */
interface Found {
  /** Counts statements. */
  readonly late: Furthest | undefined;
  readonly days: LateDays | undefined;
  /** Counts records that claim a time to come. */
  readonly ahead: Furthest | undefined;
  /** The kinds of the records that open no time that can be compared. */
  readonly untold: readonly string[];
}

/** Says it of all statements together. Gives whether any record opens the time that it claims. */
export function sayLateness(draft: Draft, statements: readonly Logged[]): boolean {
  const witnessed = find(statements.filter(({ notAfter }) => notAfter !== undefined));
  const sealed = find(statements.filter(({ notAfter }) => notAfter === undefined));
  const ahead = both(witnessed.ahead, sealed.ahead);
  const told = [
    witnessed.late && tell(say("logged-after-claim", ...valuesOf(witnessed.late)), witnessed.late),
    sealed.late && tell(say("sealed-after-claim", ...valuesOf(sealed.late)), sealed.late),
    ahead && tell(say("claimed-after-logged", ...valuesOf(ahead)), ahead),
  ].filter((said) => said !== undefined);
  draft.reasons.push(...told);
  const { days } = witnessed;
  if (days) draft.look.push({ ...say("look-late", spanOf(days.claimed), spanOf(days.logged), `${days.most}`), units: [] });
  // By its source's own clock nobody knows when it was there, and a time to come is no time.
  const isSealedLate = sealed.late !== undefined && sealed.late.seconds >= LATE;
  const others = told.filter(({ code }) => code === "claimed-after-logged" || (code === "sealed-after-claim" && isSealedLate));
  for (const said of others) draft.look.push({ ...said, units: [] });
  const isAny = told.length > 0;
  const untold = [...witnessed.untold, ...sealed.untold];
  if (isAny && untold.length > 0) draft.open("open-claims-some", `${untold.length}`, countsOf(untold));
  return isAny;
}

/** How many there are of each, by the names. */
function countsOf(kinds: readonly string[]): string {
  const names = [...new Set(kinds)].sort();
  return names.map((name) => `${name} ${kinds.filter((kind) => kind === name).length}`).join(", ");
}

function valuesOf({ count, seconds }: Furthest): string[] {
  return [`${count}`, `${seconds}`];
}

function tell(said: Said, { place }: Furthest): Said {
  return sayWith(said, [place]);
}

/** One day, or the first and the last. */
function spanOf([first, last]: Days): string {
  return first === last ? first : `${first} .. ${last}`;
}

/** The same days with one more. */
function withDay(days: Days | undefined, day: string): Days {
  const all = [...(days ?? []), day].sort();
  return [all[0] ?? day, all.at(-1) ?? day];
}

/** The same days with those of one more record, which was logged then. */
function withLate(days: LateDays | undefined, { millis, day, offset }: Claim, until: bigint): LateDays {
  const here = (moment: bigint) => moment / 1000n + offset;
  const logged = formatUtc(here(until)).slice(0, day.length);
  const between = daysTo(here(until)) - daysTo(here(millis));
  const most = days === undefined || between > days.most ? between : days.most;
  return { claimed: withDay(days?.claimed, day), logged: withDay(days?.logged, logged), most };
}

/** How many days are over, of seconds since 1970 by some clock; behind UTC they may be less than 0. */
function daysTo(seconds: bigint): bigint {
  return seconds < 0n ? (seconds + 1n) / DAY - 1n : seconds / DAY;
}

function find(statements: readonly Logged[]): Found {
  let [late, ahead]: (Furthest | undefined)[] = [];
  let days: LateDays | undefined;
  const untold: string[] = [];
  for (const one of statements) {
    let isCounted = false;
    const [header] = one.opened.records;
    const closed = header?.index === 0n ? parseMillis(knownText(header, "closed") ?? "") : undefined;
    const known = one.notAfter === undefined ? closed : one.notAfter * 1000n;
    for (const record of one.opened.records.filter(({ kind }) => KINDS.includes(kind))) {
      const claim = claimedOf(record);
      const until = known ?? parseMillis(textOf(record, "seen") ?? "");
      if (claim === undefined || until === undefined) {
        untold.push(record.kind);
        continue;
      }
      const claimed = claim.millis;
      const place = say("at-record", one.source, `${one.sequence}`, `${record.index}`);
      const before = claimed > until ? (claimed - until) / 1000n : 0n;
      if (before > AHEAD) {
        ahead = both(ahead, { count: 1, seconds: before, place });
        continue;
      }
      const seconds = until > claimed ? (until - claimed) / 1000n : 0n;
      late = both(late, { count: isCounted ? 0 : 1, seconds, place });
      if (seconds >= LATE) days = withLate(days, claim, until);
      isCounted = true;
    }
  }
  return { late, days, ahead, untold };
}

/** Of both the longer, the first where they are alike. */
function both(one: Furthest | undefined, other: Furthest | undefined): Furthest | undefined {
  if (!one || !other) return one ?? other;
  const { seconds, place } = other.seconds > one.seconds ? other : one;
  return { count: one.count + other.count, seconds, place };
}

/** The value of a field as text, whoever named it. */
function textOf(record: OpenedRecord, name: string): string | undefined {
  const value = record.fields.find((field) => field.name === name)?.value;
  return value && decodeUtf8(value);
}

/** The moment that a record claims; undefined if it opens none, or one that leaves a doubt. */
function claimedOf(record: OpenedRecord): Claim | undefined {
  const start = textOf(record, "claimed/start");
  if (start === undefined) return undefined;
  return claimOf(start, textOf(record, "claimed/format") ?? "iso", textOf(record, "claimed/zone") ?? "unknown");
}
