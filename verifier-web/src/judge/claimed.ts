/**
 * The times that machines write, as moments, where nothing about them has to be guessed.
 * Formats: `spec/text/mapping.md`, "Times". Without a zone there is no moment, only digits.
 */

import { parseMillis } from "./time.ts";

/** Milliseconds since 1970; undefined if the format, the zone or a digit leaves a doubt. */
export function instant(text: string, format: string, zone: string): bigint | undefined {
  return claimOf(text, format, zone)?.millis;
}

/** A moment, and how the machine writes it by its own clock. */
export interface Claim {
  readonly millis: bigint;
  /** `2026-03-02` */
  readonly day: string;
  /** How many seconds that clock is ahead of UTC, less than 0 if it is behind. */
  readonly offset: bigint;
}

/** The same with its day and offset; undefined where there is no moment. */
export function claimOf(text: string, format: string, zone: string): Claim | undefined {
  if (format === "iso") return claimIn(text) ?? claimIn(`${text}${offsetOf(zone) ?? ""}`);
  const parts: Parts = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
  let rest: string | undefined = text;
  for (const token of format.match(/(.)\1*/gsu) ?? []) {
    rest = take(parts, token, rest);
    if (rest === undefined) return undefined;
  }
  const offset = parts.zone ?? offsetOf(zone);
  const hour = hourOf(parts);
  if (rest !== "" || offset === undefined || hour === undefined) return undefined;
  const pad = (number: number, length = 2) => `${number}`.padStart(length, "0");
  const date = `${pad(parts.year, 4)}-${pad(parts.month)}-${pad(parts.day)}`;
  return claimIn(`${date}T${pad(hour)}:${pad(parts.minute)}:${pad(parts.second)}${offset}`);
}

/** The claim of a time that has its offset behind it. */
function claimIn(text: string): Claim | undefined {
  const millis = parseMillis(text);
  if (millis === undefined) return undefined;
  const [, sign = "", hours = "0", minutes = "0"] = /([+-])(\d\d):(\d\d)$/.exec(text) ?? [];
  const ahead = BigInt(hours) * 3600n + BigInt(minutes) * 60n;
  return { millis, day: text.slice(0, "2026-03-02".length), offset: sign === "-" ? -ahead : ahead };
}

/** `+08:00`, also where a mapping says it of the machine's clock. */
function offsetOf(zone: string): string | undefined {
  const plain = zone.endsWith(" (mapping)") ? zone.slice(0, -" (mapping)".length) : zone;
  return plain === "Z" || plain.length === 6 ? plain : undefined;
}

/** What was read so far. */
interface Parts {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  isAfternoon?: boolean;
  zone?: string;
}

/** The parts that are numbers by their letter, with the most digits of each. */
const NUMBERS = { y: ["year", 4], M: ["month", 2], d: ["day", 2], H: ["hour", 2], h: ["hour", 2], m: ["minute", 2], s: ["second", 2] } as const;

/** Reads what a token stands for; gives what follows it. */
function take(parts: Parts, token: string, text: string): string | undefined {
  const letter = token.charAt(0);
  if (letter === "f") return digits(text, 1, 9)?.[1];
  if (letter === "t") {
    const half = text.slice(0, 2).toLowerCase();
    if (half !== "am" && half !== "pm") return undefined;
    parts.isAfternoon = half === "pm";
    return text.slice(2);
  }
  if (letter === "z") {
    if (text.length < 6) return undefined;
    parts.zone = text.slice(0, 6);
    return text.slice(6);
  }
  const known = NUMBERS[letter as keyof typeof NUMBERS];
  if (!known) return text.startsWith(token) ? text.slice(token.length) : undefined;
  const [name, most] = known;
  const isShort = letter === "y" && token.length === 2;
  const least = isShort ? 2 : letter === "y" ? 4 : Math.min(token.length, most);
  const found = digits(text, least, isShort ? 2 : most);
  if (!found) return undefined;
  parts[name] = (isShort ? 2000 : 0) + found[0];
  return found[1];
}

function digits(text: string, least: number, most: number): [number, string] | undefined {
  const [found = ""] = /^[0-9]*/.exec(text.slice(0, most)) ?? [];
  return found.length >= least && found !== "" ? [Number(found), text.slice(found.length)] : undefined;
}

function hourOf({ hour, isAfternoon }: Parts): number | undefined {
  if (isAfternoon === undefined) return hour;
  return hour >= 1 && hour <= 12 ? (hour % 12) + (isAfternoon ? 12 : 0) : undefined;
}
