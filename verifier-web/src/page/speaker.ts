/** Says everything in the language that was chosen. */

import type { Look, Said } from "../judge/report.ts";
import { FIELDS } from "./words/fields.ts";
import { FACTS, OWN_NAMES, OWN_ROLES, ROLE_NAMES, TEXTS, type TextName } from "./words/labels.ts";
import { fill, plainDays, plainTimes, printable, span, type Language, type Words } from "./words/language.ts";
import { explained } from "./words/refusals.ts";
import { KINDS, STORY, type StoryName } from "./words/story.ts";
import { LATE_UP_TO } from "./words/look.ts";
import { ALL_FOUND, MEANINGS, SENTENCES, VERDICTS } from "./words/verdicts.ts";

/** Sentences whose second value is a length of time in seconds. */
const TIMED = ["claimed-after-logged", "logged-after-claim", "sealed-after-claim"];

/** How many units are named before the reasons; the others are counted. */
export const MAX_NAMED = 10;

/** Sentences about a text in another's field, which they name. */
const MISTAKEN = /^(?:given-bundle|looks-.*)$/;

/** Facts about a statement or a record, and how their values begin: its place, and for a record its number. */
const PLACED = ["after-bound", "not-before", "own-record", "statement-witnessed"];
const PLACE = /^(\S+ \d+)(?:, (\d+))?(: [^]*)$/;

/** The agent's two sentences about how late a record is. */
const LATE = /^(?:seen (\d{1,19}) s after the time that it claims|sealed (\d{1,19}) s after it was seen)$/;

export class Speaker {
  language: Language;

  constructor(language: Language) {
    this.language = language;
  }

  /** A text of the page. */
  text(name: TextName, ...values: string[]): string {
    return fill(TEXTS[name], this.language, values);
  }

  /** What is still missing, behind the number of files where that is told; nothing where nothing is missing and no file is. */
  missing(names: readonly TextName[], files?: number): string {
    if (names.includes("unpacked")) {
      const said = this.text("unpacked");
      return files === undefined ? said : this.text("filesUnpacked", `${files}`, said);
    }
    const list = names.map((name) => this.text(name)).join(this.language === "zh" ? "；" : "; ");
    if (files === undefined) return list === "" ? "" : this.text("missing", list);
    return list === "" ? this.text("filesAdded", `${files}`) : this.text("filesMissing", `${files}`, list);
  }

  /** A sentence about evidence, without what stands behind it. */
  sentence(said: Said): string {
    const values = said.values.map((value, at) => {
      if (said.code === "several-files") return this.role(value);
      if (MISTAKEN.test(said.code)) return this.#field(value);
      if (said.code === "own-in-list" && at === 1) return this.#field(value);
      if (said.code === "open-claims-some" && at === 1) return this.#kinds(value);
      return TIMED.includes(said.code) && at === 1 ? span(value, this.language) : value;
    });
    const isAll = said.code === "own-sound" && said.values[2] === said.values[3];
    const shown = explained(said.code, values.map((value) => plainTimes(printable(value))), this.language);
    return isAll ? fill(ALL_FOUND, this.language, shown) : this.#of(SENTENCES, said.code, shown);
  }

  /** What is to be looked at, with the first units by name. */
  look(look: Look): string {
    if (!look.code.startsWith("look-")) return this.sentence(look);
    const isLate = look.code === "look-late";
    const values = look.values.map((value) => printable(isLate ? plainDays(value, this.language) : value));
    if (isLate && look.values.some((value) => value.includes(" .. "))) return fill(LATE_UP_TO, this.language, values);
    return this.#of(SENTENCES, look.code, [...values, ...(look.units.length > 0 ? [this.#named(look.units)] : [])]);
  }

  /** The first names, and how many there are besides: in Chinese, how many in all. */
  #named(units: readonly string[]): string {
    const isChinese = this.language === "zh";
    const names = units.slice(0, MAX_NAMED).map(printable).join(isChinese ? "、" : ", ");
    const more = units.length - MAX_NAMED;
    if (more <= 0) return names;
    return isChinese ? this.text("namesMore", names, `${units.length}`) : this.text("namesMore", names, `${more}`);
  }

  /** A text of the pictures and of the story of a unit. */
  story(name: StoryName, ...values: string[]): string {
    return fill(STORY[name], this.language, values);
  }

  /** How late a record is: the agent's own sentences said anew, and anything else as it is. */
  lateness(late: string): string {
    const parts = late.split("; ").map((part) => {
      const [, seen, sealed] = LATE.exec(part) ?? [];
      if (seen !== undefined) return this.story("lateSeen", span(seen, this.language));
      return sealed === undefined ? part : this.story("lateSealed", span(sealed, this.language));
    });
    return parts.join(this.language === "zh" ? "；" : "; ");
  }

  /** A kind of record in plain words. */
  kind(name: string): string {
    return this.#of(KINDS, name);
  }

  /** A list of kinds, each with a number behind it: `spi-report 27, repair 1`. */
  #kinds(list: string): string {
    const items = list.split(", ").map((item) => {
      const [name = "", ...number] = item.split(" ");
      return [KINDS[name] ? this.kind(name) : name, ...number].join(" ");
    });
    return items.join(this.language === "zh" ? "、" : ", ");
  }

  verdict(code: string): string {
    return this.#of(VERDICTS, code);
  }

  meaning(code: string): string {
    return this.#of(MEANINGS, code);
  }

  fact(code: string): string {
    return this.#of(FACTS, code);
  }

  /** A statement by its source and its number, as `judge/` puts them: `line-4.example/aoi 12`. */
  statement(place: string): string {
    const [source = "", sequence] = place.split(" ");
    return sequence === undefined ? place : this.text("statementOf", source, sequence);
  }

  /** The value of a fact. What it says of a statement, or of a record of one, begins with its place. */
  value(code: string, value: string): string {
    const [, place, record, rest] = PLACED.includes(code) ? (PLACE.exec(value) ?? []) : [];
    if (place === undefined || rest === undefined) return value;
    const statement = this.statement(place);
    return (record === undefined ? statement : this.text("recordOf", statement, record)) + rest;
  }

  /** A field of a record: a known one in plain words, any other by its own name. */
  field(name: string, isKnown: boolean): string {
    const words = isKnown ? FIELDS[name] : undefined;
    return words ? fill(words, this.language) : `${printable(name)}${isKnown ? "" : " *"}`;
  }

  role(code: string): string {
    return this.#of({ ...ROLE_NAMES, ...OWN_ROLES }, code);
  }

  /** The reader's own file that a field is for. */
  #field(name: string): string {
    const [known] = Object.entries(OWN_NAMES).filter(([field]) => field === name);
    return known ? this.text(known[1]) : name;
  }

  #of(all: Readonly<Record<string, Words>>, code: string, values: readonly string[] = []): string {
    const words = all[code];
    return words ? fill(words, this.language, values) : `${code} ${values.join(", ")}`;
  }
}
