/** Seconds since 1970 as people write them, in UTC: whose time zone would it be? */

/** The last second of the year 9999. */
const LAST = 253_402_300_799n;

/** Writes `2026-11-23T20:15:10Z`; beyond the year 9999 the bare number of seconds. */
export function formatUtc(seconds: bigint): string {
  if (seconds > LAST) return `${seconds} s`;
  return new Date(Number(seconds) * 1000).toISOString().replace(".000Z", "Z");
}

const RFC_3339 =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;

/**
 * Milliseconds since 1970 of a time as sources write it; undefined if the text is no such time or
 * lies before 1970. A leap second counts as the second before it.
 */
export function parseMillis(text: string): bigint | undefined {
  const found = RFC_3339.exec(text);
  if (!found) return undefined;
  const number = (at: number) => Number(found[at] ?? 0);
  const [year, month, day, hour, minute] = [1, 2, 3, 4, 5].map(number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const second = number(6);
  const isTime = hour < 24 && minute < 60 && second <= 60 && number(9) < 24 && number(10) < 60;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isDate = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1;
  if (!isTime || !isDate || day !== date.getUTCDate()) return undefined;
  date.setUTCHours(hour, minute, Math.min(second, 59), Number((found[7] ?? "").padEnd(3, "0").slice(0, 3)));
  const offset = (found[8] === "-" ? -1 : 1) * (number(9) * 60 + number(10)) * 60_000;
  const millis = date.getTime() - offset;
  return millis >= 0 ? BigInt(millis) : undefined;
}
