/** The list of files that were given, and what each is taken as. */

import { ROLES, type NamedFile, type Role, type RoledFile } from "../judge/given.ts";
import type { OwnKind } from "../judge/mistaken.ts";
import { areParts, haveListing, isCopy, isListing } from "../judge/unpacked.ts";
import { element } from "./dom.ts";
import { guessRole } from "./roles.ts";
import { formatSize } from "./size.ts";
import { OWN_NAMES } from "./words/labels.ts";
import { printable } from "./words/language.ts";
import type { Speaker } from "./speaker.ts";

/** What a file can be taken as: evidence, or what the reader has of their own. */
type Taken = Role | OwnKind;

/** The reader's own files, in the order in which they can be chosen. */
export const OWN_KINDS = ["policy", "pins", "keys", "lotKeys", "units"] as const satisfies readonly OwnKind[];

/** Of these there may be several, each with lines of its own. */
const MANY: readonly OwnKind[] = ["keys", "lotKeys"];

/** What the reader trusts: whose it is, decides what a verdict is worth. */
const TRUSTED: readonly OwnKind[] = ["policy", "pins", "keys"];

/** A file of the list. */
interface Entry extends NamedFile {
  taken: Taken;
  /** Which of the reader's own files it looks like. */
  readonly own: OwnKind | undefined;
  /** Whether it begins as a bundle's list of parts. */
  readonly isListing: boolean;
}

/** Where the list is shown. */
export interface Places {
  readonly table: HTMLElement;
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
  /** These are now the reader's own files of a kind; none if there are none any more. */
  take(kind: OwnKind, files: readonly NamedFile[]): Promise<void>;
  /** Something is read now. */
  reading(read: () => Promise<void>): void;
  /** Whether the reader has typed or chosen something of this kind elsewhere: that stays. */
  isTyped(kind: OwnKind): boolean;
}

/** Keeps the files and shows them. */
export class FileList {
  readonly #places: Places;
  readonly #speaker: Speaker;
  readonly #told: Told;
  #entries: Entry[] = [];
  /** The button and the choice of each row. */
  #removes: HTMLElement[] = [];
  #choices: HTMLElement[] = [];
  /** What was told last of each kind. */
  readonly #taken = new Map<OwnKind, readonly Blob[]>();

  constructor(places: Places, speaker: Speaker, told: Told) {
    [this.#places, this.#speaker, this.#told] = [places, speaker, told];
  }

  /** The files that are evidence, with their roles. */
  get files(): RoledFile[] {
    return this.#evidence.map(({ name, blob, role }) => ({ name, blob, role }));
  }

  /** Whether they are parts of an unpacked bundle, and no bundle is there. */
  get areParts(): boolean {
    return areParts(this.#evidence);
  }

  get count(): number {
    return this.#entries.length;
  }

  /** Whether what the reader trusts is among the files. */
  get areOwnDropped(): boolean {
    return this.#entries.some(({ taken }) => isOwn(taken) && TRUSTED.includes(taken));
  }

  /** Whether one of the reader's own files is not used, since another one is: then nobody but the reader knows which is meant. */
  get isInDoubt(): boolean {
    return this.#left.length > 0;
  }

  /** Whether a file is taken as this one of the reader's own. */
  has(kind: OwnKind): boolean {
    return this.#entries.some(({ taken }) => taken === kind);
  }

  /** Adds files; one of the same name takes the place of the one before. */
  async add(files: readonly File[]): Promise<void> {
    const dropped: (NamedFile & { role: Role; own: OwnKind | undefined; isListing: boolean })[] = [];
    for (const file of files) {
      const named = { name: file.name, blob: file };
      const guess = await guessRole(named).catch(() => ({ role: "file", own: undefined }) as const);
      dropped.push({ ...named, ...guess, isListing: await isListing(named).catch(() => false) });
    }
    const areOfBundle = haveListing(dropped);
    for (const { role, own, ...file } of dropped) {
      // What comes along with a bundle's list of parts is the sender's copy, and takes no place of the reader's own.
      const isSenders = areOfBundle && isCopy(file);
      this.#entries = this.#entries.filter((entry) => entry.name !== file.name || (isSenders && isOwn(entry.taken)));
      const taken = own && role === "unused" && !isSenders ? this.#ifFree(own) : role;
      this.#entries.push({ ...file, taken, own: isSenders ? undefined : own });
    }
    // Nothing lies beside a bundle but what it is read with.
    if (this.#entries.some(({ taken }) => taken === "bundle")) {
      for (const entry of this.#entries) if (entry.own && entry.taken === "file") entry.taken = this.#ifFree(entry.own);
    }
    await this.#changed();
  }

  /** What the reader has typed takes the place of files of its kind. */
  release(kind: OwnKind): void {
    for (const entry of this.#entries) if (entry.taken === kind) entry.taken = "unused";
    this.#taken.delete(kind);
    this.show();
  }

  /** Shows the list in the language of the page. */
  show(): void {
    [this.#removes, this.#choices] = [[], []];
    this.#places.body.replaceChildren(...this.#entries.map((entry) => this.#row(entry)));
    this.#places.table.hidden = this.#entries.length === 0;
    this.#remark();
  }

  /** Says what is not used. */
  #remark(): void {
    const remarks = this.#left.map(({ name, own }) => this.#say("oneIsUsed", printable(name), this.#say(OWN_NAMES[own])));
    this.#places.remarks.replaceChildren(...remarks.map((text) => element("p", {}, text)));
  }

  /** The reader's own files that are not used although one of their kind is. */
  get #left(): { readonly name: string; readonly own: OwnKind }[] {
    return this.#entries.flatMap(({ name, own, taken }) =>
      own && taken === "unused" && (this.#told.isTyped(own) || this.has(own)) ? [{ name, own }] : []
    );
  }

  /** A second policy is not taken: the one that is there may be the reader's, and the other the sender's. */
  #ifFree(kind: OwnKind): Taken {
    const isFree = !this.#told.isTyped(kind) && (MANY.includes(kind) || !this.has(kind));
    return isFree ? kind : "unused";
  }

  get #evidence(): (Entry & { readonly role: Role })[] {
    return this.#entries.flatMap((entry) => (isOwn(entry.taken) ? [] : [{ ...entry, role: entry.taken }]));
  }

  /** Tells what has become other, and shows it. */
  async #changed(): Promise<void> {
    this.show();
    this.#told.changed();
    for (const kind of OWN_KINDS) {
      const files = this.#entries.filter(({ taken }) => taken === kind);
      const before = this.#taken.get(kind) ?? [];
      const isSame = files.length === before.length && files.every(({ blob }, at) => blob === before[at]);
      if (isSame) continue;
      this.#taken.set(kind, files.map(({ blob }) => blob));
      await this.#told.take(kind, files);
    }
    this.#remark();
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
      element("td", {}, this.#choice(entry, name)),
      element("td", {}, remove),
    );
  }

  /** The button goes with its row, so the focus is led to what has come into its place. */
  #remove(entry: Entry): void {
    const at = this.#entries.indexOf(entry);
    this.#entries = this.#entries.filter((other) => other !== entry);
    this.#told.reading(() => this.#changed());
    this.#told.removed(this.#entries.length);
    (this.#removes[Math.min(at, this.#removes.length - 1)] ?? this.#places.chooser).focus();
  }

  #choice(entry: Entry, name: string): HTMLElement {
    const choice = element("select", { "aria-label": this.#say("roleOf", name) });
    for (const taken of [...ROLES, ...OWN_KINDS]) {
      const option = element("option", { value: taken }, this.#speaker.role(taken));
      option.selected = taken === entry.taken;
      choice.append(option);
    }
    this.#choices.push(choice);
    choice.addEventListener("change", () => this.#take(entry, choice.value));
    return choice;
  }

  /** What the reader chooses counts: another of this kind makes room. */
  #take(entry: Entry, chosen: string): void {
    const taken = [...ROLES, ...OWN_KINDS].find((one) => one === chosen) ?? entry.taken;
    if (isOwn(taken) && !MANY.includes(taken)) {
      for (const other of this.#entries) if (other.taken === taken) other.taken = "unused";
    }
    entry.taken = taken;
    this.#told.reading(() => this.#changed());
    // The rows were made anew, and the focus went with the old one.
    this.#choices[this.#entries.indexOf(entry)]?.focus();
  }

  #say(name: Parameters<Speaker["text"]>[0], ...values: string[]): string {
    return this.#speaker.text(name, ...values);
  }
}

function isOwn(taken: Taken): taken is OwnKind {
  return OWN_KINDS.some((kind) => kind === taken);
}
