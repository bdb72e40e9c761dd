/** The two languages of the page. A sentence that lacks one does not compile. */

export type Language = "en" | "zh";

/** A sentence in both languages; `{0}` stands for the first value. */
export interface Words {
  readonly en: string;
  readonly zh: string;
  /** English where the first value is 1, if a word that does not stand right behind it changes too. */
  readonly one?: string;
}

/** The language that a browser asks for: Chinese in any of its forms, else English. */
export function preferredLanguage(languages: readonly string[]): Language {
  return languages[0]?.toLowerCase().startsWith("zh") ? "zh" : "en";
}

/** What follows a number in English, where it is of many and where it is of one; longer ones first. */
const NUMBERS: readonly (readonly [string, string])[] = [
  [" files to which opened records commit: they are", " file to which opened records commit: it is"],
  [
    " statements were not made long before: the checkpoints they name, or the proofs from these on, are",
    " statement was not made long before: the checkpoint it names, or the proof from this on, is",
  ],
  [
    " records that carry no tags and name no unit: which units they belong to, and what is in their files",
    " record that carries no tags and names no unit: which unit it belongs to, and what is in its file",
  ],
  [" statements with all of their", " statement with all of its"],
  [" have signed", " has signed"],
  [" records were logged", " record was logged"],
  [" statements were made long before they were logged", " statement was made long before it was logged"],
  [" statements were not made", " statement was not made"],
  [" days later", " day later"],
  [" records are", " record is"],
  [" units are", " unit is"],
  [" files", " file"],
  [" records", " record"],
  [" entries", " entry"],
  [" statements", " statement"],
  [" units", " unit"],
  [" hashes", " hash"],
  [" bytes", " byte"],
  [" seconds", " second"],
  [" thermocouples", " thermocouple"],
];

/** Puts values into a sentence. */
export function fill(words: Words, language: Language, values: readonly string[] = []): string {
  const ofOne = language === "en" && values[0] === "1" ? words.one : undefined;
  const text = ofOne ?? words[language];
  // With what follows it, so that a value that itself holds `{1}` stays as it is.
  return text.replace(/\{(\d)\}([^{]*)/g, (_, place: string, behind: string) => {
    const value = values[Number(place)] ?? "";
    const isOne = value === "1" && language === "en";
    const found = isOne ? NUMBERS.find(([many]) => new RegExp(`^${many}\\b`).test(behind)) : undefined;
    return value + (found ? found[1] + behind.slice(found[0].length) : behind);
  });
}

/** A number of seconds in its two largest units; anything else as it is. */
export function span(text: string, language: Language): string {
  if (!/^\d+$/.test(text)) return text;
  const seconds = BigInt(text);
  const units = language === "zh"
    ? ([["天", 86_400n], ["小时", 3600n], ["分钟", 60n], ["秒", 1n]] as const)
    : ([["d", 86_400n], ["h", 3600n], ["min", 60n], ["s", 1n]] as const);
  const first = Math.max(units.findIndex(([, size]) => seconds >= size), 0);
  const from = seconds === 0n ? units.length - 1 : first;
  const shown = units.slice(from, from + 2).map(([name, size], at) => {
    const before = units[from + at - 1]?.[1];
    return `${at === 0 || before === undefined ? seconds / size : (seconds % before) / size} ${name}`;
  });
  return shown.join(" ");
}

/**
 * Text from outside as it may be shown: nothing that reverses the reading order or hides itself, so
 * that evidence cannot dress up as a verdict.
 */
export function printable(text: string): string {
  const hidden = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;
  return text.replace(hidden, (letter) => `\\u{${(letter.codePointAt(0) ?? 0).toString(16)}}`);
}

const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
  "November", "December"];

/** Days as people read them, of `2026-03-02` or `2026-03-02 .. 2026-03-05`: 2 March 2026. */
export function plainDays(text: string, language: Language): string {
  if (language === "zh") return text.replace(" .. ", " 至 ");
  const days = text.replace(/(\d{4})-(\d\d)-(\d\d)/g, (day, year: string, month: string, date: string) => {
    const name = MONTHS[Number(month) - 1];
    return name === undefined ? day : `${Number(date)}\u00a0${name}\u00a0${year}`;
  });
  return days.replace(" .. ", " to ");
}

/** Times as people read them: `2026-11-23 20:15:10 UTC`, and with another zone's offset as that. No line ends before the zone. */
export function plainTimes(text: string): string {
  const time = /(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)/g;
  return text.replace(time, (_, date: string, clock: string, zone: string) =>
    `${date} ${clock}\u00a0${zone === "Z" ? "UTC" : zone}`
  );
}
