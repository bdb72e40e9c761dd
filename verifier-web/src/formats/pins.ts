/**
 * Pins: what a buyer has learnt of a maker's sources beforehand. Rule: `spec/text/pins.md`.
 */

import { isOrigin } from "./checkpoint.ts";
import {
  compareTexts,
  decodeHash,
  decodeUtf8,
  encodeBase64,
  hasControl,
  parseDecimal,
  sizeOf,
  type Hash,
} from "./encoding.ts";
import { NOTE_ED25519, isKeyName, parseKey, type VerifierKey } from "./key.ts";
import { Refusal } from "./refusal.ts";

export const MAX_PINS_SIZE = 1024 * 1024;
export const PINS_HEADER = "fiducial/pins/v1";

const MAX_PINNED = 4096;
const MAX_KEYS = 16;
const MAX_MACHINE_SIZE = 255;

/** A week, in seconds. */
const MAX_CADENCE = 604_800n;

/** What is known of one source. */
export interface Pin {
  readonly source: string;
  readonly keys: readonly VerifierKey[];
  readonly machine: string;
  /** The statement from which on nothing may be missing. */
  readonly first: { readonly sequence: bigint; readonly leaf: Hash };
  /** Seconds between two statements; undefined for a source that speaks when it is told to. */
  readonly cadence: bigint | undefined;
}

/** The pins of the sources of one log, by their names. */
export interface Pins {
  readonly log: string;
  readonly pins: ReadonlyMap<string, Pin>;
}

/** Parses the file; a refusal's last value is the line. */
export function parsePins(bytes: Uint8Array): Pins {
  if (bytes.length > MAX_PINS_SIZE) throw new Refusal("TooLarge", `${bytes.length}`);
  const text = decodeUtf8(bytes);
  if (!text?.endsWith("\n")) throw new Refusal("Utf8", "1");
  const [header, ...rest] = text.slice(0, -1).split("\n");
  if (header !== PINS_HEADER) throw new Refusal("Header", "1");
  const lines = new Lines(rest);
  const log = lines.value("log", (value) => (isOrigin(value) ? value : undefined));
  const pins = new Map<string, Pin>();
  let before: string | undefined;
  while (pins.size === 0 || lines.hasMore()) {
    if (pins.size === MAX_PINNED) throw new Refusal("TooMany", `${lines.number}`);
    const source = lines.value("source", (value) => (isKeyName(value) ? value : undefined));
    if (before !== undefined && compareTexts(before, source) >= 0) {
      throw new Refusal("Order", `${lines.number}`);
    }
    pins.set(source, readPin(lines, source));
    before = source;
  }
  return { log, pins };
}

/** Writes the file without comments: equal pins are equal texts. */
export function formatPins({ log, pins }: Pins): string {
  const blocks = [...pins.values()].map((pin) => [
    "",
    `source ${pin.source}`,
    ...pin.keys.map((key) => `key ${key.text}`),
    `machine ${pin.machine}`,
    `first ${pin.first.sequence} ${encodeBase64(pin.first.leaf)}`,
    `cadence ${pin.cadence ?? "none"}`,
  ]);
  return [PINS_HEADER, `log ${log}`, ...blocks.flat(), ""].join("\n");
}

function readPin(lines: Lines, source: string): Pin {
  const keys: VerifierKey[] = [];
  while (keys.length === 0 || lines.isNext("key")) {
    const key = lines.value("key", readKey);
    const isKnown = keys.some((other) => other.id === key.id);
    const fits = key.name === source && key.algorithm === NOTE_ED25519 && !isKnown;
    if (!fits || keys.length === MAX_KEYS) throw new Refusal("Key", `${lines.number}`);
    keys.push(key);
  }
  const machine = lines.value("machine", (value) => (isMachine(value) ? value : undefined));
  const first = lines.value("first", readFirst);
  const cadence = lines.value("cadence", readCadence);
  return { source, keys, machine, first, cadence: cadence === "none" ? undefined : cadence };
}

function readKey(text: string): VerifierKey | undefined {
  try {
    return parseKey(text);
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

function readFirst(value: string): Pin["first"] | undefined {
  const [sequenceText, leafText, ...more] = value.split(" ");
  const [sequence, leaf] = [parseDecimal(sequenceText ?? ""), decodeHash(leafText ?? "")];
  return sequence !== undefined && leaf && more.length === 0 ? { sequence, leaf } : undefined;
}

function readCadence(value: string): bigint | "none" | undefined {
  if (value === "none") return value;
  const seconds = parseDecimal(value);
  return seconds !== undefined && seconds >= 1n && seconds <= MAX_CADENCE ? seconds : undefined;
}

function isMachine(text: string): boolean {
  const isSpaced = text.startsWith(" ") || text.endsWith(" ");
  return text !== "" && sizeOf(text) <= MAX_MACHINE_SIZE && !hasControl(text) && !isSpaced;
}

/** The lines that count, with their numbers from 1. */
class Lines {
  readonly #lines: { readonly text: string; readonly number: number }[];
  readonly #end: number;
  #at = 0;
  number = 1;

  constructor(rest: readonly string[]) {
    this.#lines = rest.map((text, at) => ({ text, number: at + 2 }))
      .filter(({ text }) => text !== "" && !text.startsWith("#"));
    this.#end = rest.length + 2;
  }

  hasMore(): boolean {
    return this.#at < this.#lines.length;
  }

  isNext(name: string): boolean {
    return this.#lines[this.#at]?.text.startsWith(`${name} `) ?? false;
  }

  /** The value of the next line, which must begin with this name. */
  value<T>(name: string, read: (value: string) => T | undefined): T {
    const line = this.#lines[this.#at];
    this.#at += 1;
    this.number = line?.number ?? this.#end;
    const isNamed = line?.text.startsWith(`${name} `);
    const value = isNamed ? read(line?.text.slice(name.length + 1) ?? "") : undefined;
    if (value === undefined) throw new Refusal("Line", name, `${this.number}`);
    return value;
  }
}
