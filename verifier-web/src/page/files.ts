/** The list of files that were given, and what each is taken as. */

import { ROLES, type NamedFile, type Role, type RoledFile } from "../judge/given.ts";
import { element } from "./dom.ts";
import { guessRole } from "./roles.ts";
import { formatSize } from "./size.ts";
import { printable } from "./words/language.ts";
import type { Speaker } from "./speaker.ts";

/** A file of the list. */
interface Entry extends NamedFile {
  role: Role;
  readonly looksLikePolicy: boolean;
}

/** Keeps the files and shows them. */
export class FileList {
  readonly #body: HTMLElement;
  readonly #remarks: HTMLElement;
  readonly #speaker: Speaker;
  readonly #changed: () => void;
  #entries: Entry[] = [];

  constructor(body: HTMLElement, remarks: HTMLElement, speaker: Speaker, changed: () => void) {
    this.#body = body;
    this.#remarks = remarks;
    this.#speaker = speaker;
    this.#changed = changed;
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
        () => ({ role: "file", looksLikePolicy: false }) as const,
      );
      const others = this.#entries.filter((entry) => entry.name !== file.name);
      this.#entries = [...others, { ...named, ...guess }];
    }
    this.show();
    this.#changed();
  }

  /** Shows the list in the language of the page. */
  show(): void {
    const rows = this.#entries.map((entry) => this.#row(entry));
    const none = element("tr", {}, element("td", { colspan: "4", class: "none" }, this.#say("noFiles")));
    this.#body.replaceChildren(...(rows.length > 0 ? rows : [none]));
    const policies = this.#entries.filter((entry) => entry.looksLikePolicy && entry.role === "unused");
    this.#remarks.replaceChildren(
      ...policies.map((entry) =>
        element("p", {}, this.#say("looksLikePolicy", printable(entry.name)))
      ),
    );
  }

  #row(entry: Entry): HTMLElement {
    const name = printable(entry.name);
    const remove = element(
      "button",
      { type: "button", class: "plain", "aria-label": this.#say("removeFile", name) },
      this.#say("remove"),
    );
    remove.addEventListener("click", () => {
      this.#entries = this.#entries.filter((other) => other !== entry);
      this.show();
      this.#changed();
    });
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, name),
      element("td", { class: "number" }, formatSize(entry.blob.size)),
      element("td", {}, this.#roleChoice(entry, name)),
      element("td", {}, remove),
    );
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
      this.#changed();
    });
    return choice;
  }

  #say(name: Parameters<Speaker["text"]>[0], ...values: string[]): string {
    return this.#speaker.text(name, ...values);
  }
}
