/** Seconds since 1970 as people write them, in UTC: whose time zone would it be? */

/** The last second of the year 9999. */
const LAST = 253_402_300_799n;

/** Writes `2026-11-23T20:15:10Z`; beyond the year 9999 the bare number of seconds. */
export function formatUtc(seconds: bigint): string {
  if (seconds > LAST) return `${seconds} s`;
  return new Date(Number(seconds) * 1000).toISOString().replace(".000Z", "Z");
}
