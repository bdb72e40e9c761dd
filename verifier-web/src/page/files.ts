/** The list of files that were given, and what each is taken as. */

import { ROLES, type NamedFile, type Role, type RoledFile } from "../judge/given.ts";
import type { OwnKind } from "../judge/mistaken.ts";
import { element } from "./dom.ts";
import { guessRole } from "./roles.ts";
import { formatSize } from "./size.ts";
import { OWN_NAMES } from "./words/labels.ts";
import { printable } from "./words/language.ts";
import type { Speaker } from "./speaker.ts";

/** A file of the list. */
interface Entry extends NamedFile {
  role: Role;
  /** Which of the reader's own files it looks like. */
  readonly own: OwnKind | undefined;
}

/** A file that the reader says is their own. */
export interface OwnFile extends NamedFile {
  readonly own: OwnKind;
}

/** Where the list is shown. */
export interface Places {
  readonly body: HTMLElement;
  readonly remarks: HTMLElement;
  /** What files are chosen with: whoever has removed the last one is led there. */
  readonly chooser: HTMLElement;
}

/** Who is told what. */
export interface Told {
  changed(): void;
  /** A file was removed; so many are left. */
  removed(left: number): void;
  /** The reader says that these are their own. */
  take(own: readonly OwnFile[]): void;
}

/** Keeps the files and shows them. */
export class FileList {
  readonly #places: Places;
  readonly #speaker: Speaker;
  readonly #told: Told;
  #entries: Entry[] = [];
  /** The button of each row. */
  #removes: HTMLElement[] = [];

  constructor(places: Places, speaker: Speaker, told: Told) {
    [this.#places, this.#speaker, this.#told] = [places, speaker, told];
  }

  /** The files with their roles. */
  get files(): RoledFile[] {
    return this.#entries.map(({ name, blob, role }) => ({ name, blob, role }));
  }

  /** Adds files; one of the same name takes the place of the one before. */
  async add(files: readonly File[]): Promise<void> {
    for (const file of files) {
      const named = { name: file.name, blob: file };
      const guess = await guessRole(named).catch(
        () => ({ role: "file", own: undefined }) as const,
      );
      const others = this.#entries.filter((entry) => entry.name !== file.name);
      this.#entries = [...others, { ...named, ...guess }];
    }
    // Nothing lies beside a bundle but what it is read with.
    if (this.#entries.some(({ role }) => role === "bundle")) {
      for (const entry of this.#entries) if (entry.own && entry.role === "file") entry.role = "unused";
    }
    this.show();
    this.#told.changed();
  }

  /** Shows the list in the language of the page. */
  show(): void {
    this.#removes = [];
    const rows = this.#entries.map((entry) => this.#row(entry));
    const none = element("tr", {}, element("td", { colspan: "4", class: "none" }, this.#say("noFiles")));
    this.#places.body.replaceChildren(...(rows.length > 0 ? rows : [none]));
    this.#showOwn();
  }

  /** What looks like the reader's own came among these files: only the reader knows whose it is. */
  #showOwn(): void {
    const own = this.#entries.flatMap((entry): OwnFile[] =>
      entry.own && entry.role === "unused" ? [{ name: entry.name, blob: entry.blob, own: entry.own }] : []
    );
    const lines = own.map(({ name, own: kind }) =>
      element("p", {}, this.#say("looksLikeOwn", printable(name), this.#say(OWN_NAMES[kind])))
    );
    if (own.length === 0) return this.#places.remarks.replaceChildren();
    const use = element("button", { type: "button", id: "use-own" }, this.#say("useOwn"));
    use.addEventListener("click", () => {
      const names = own.map(({ name }) => name);
      this.#entries = this.#entries.filter(({ name }) => !names.includes(name));
      this.show();
      this.#told.take(own);
    });
    this.#places.remarks.replaceChildren(...lines, element("p", {}, this.#say("ownWarning")), use);
  }

  #row(entry: Entry): HTMLElement {
    const name = printable(entry.name);
    const remove = element(
      "button",
      { type: "button", class: "plain", "aria-label": this.#say("removeFile", name) },
      this.#say("remove"),
    );
    remove.addEventListener("click", () => this.#remove(entry));
    this.#removes.push(remove);
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, name),
      element("td", { class: "number" }, formatSize(entry.blob.size)),
      element("td", {}, this.#roleChoice(entry, name)),
      element("td", {}, remove),
    );
  }

  /** The button goes with its row, so the focus is led to what has come into its place. */
  #remove(entry: Entry): void {
    const at = this.#entries.indexOf(entry);
    this.#entries = this.#entries.filter((other) => other !== entry);
    this.show();
    this.#told.changed();
    this.#told.removed(this.#entries.length);
    (this.#removes[Math.min(at, this.#removes.length - 1)] ?? this.#places.chooser).focus();
  }

  #roleChoice(entry: Entry, name: string): HTMLElement {
    const choice = element("select", { "aria-label": this.#say("roleOf", name) });
    for (const role of ROLES) {
      const option = element("option", { value: role }, this.#speaker.role(role));
      option.selected = role === entry.role;
      choice.append(option);
    }
    choice.addEventListener("change", () => {
      entry.role = ROLES.find((role) => role === choice.value) ?? entry.role;
      this.#told.changed();
    });
    return choice;
  }

  #say(name: Parameters<Speaker["text"]>[0], ...values: string[]): string {
    return this.#speaker.text(name, ...values);
  }
}
