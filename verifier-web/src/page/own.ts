/** A field of the reader's own: typed, pasted, or read from a file of their choice. */

import { decodeText } from "../judge/list.ts";
import { byId } from "./dom.ts";

/** Why a file is not taken. */
export type Refused = "isEmpty" | "wentAway" | "unreadable";

/** Who is told that something was typed, that a file was chosen, which is then to be read, and that one was refused. */
export interface Told {
  typed(): void;
  chosen(read: () => Promise<void>): void;
  refuse(name: string, why: Refused): void;
}

/**
 * Ties a text field to a button for files. The bytes of a chosen file are kept as they are, since a
 * policy is octets; as soon as somebody types, what is typed counts.
 */
export class OwnField {
  readonly #text: HTMLTextAreaElement;
  #bytes: Uint8Array | undefined;

  constructor(
    name: string,
    limit: number,
    told: Told,
  ) {
    this.#text = byId(name, HTMLTextAreaElement);
    this.#text.addEventListener("input", () => {
      this.#bytes = undefined;
      told.typed();
    });
    const chooser = byId(`${name}-file`, HTMLInputElement);
    chooser.addEventListener("change", () => {
      const file = chooser.files?.[0];
      chooser.value = "";
      if (!file) return;
      // An empty list or policy is none that anybody means: taken for a field left blank, it would say nothing.
      if (file.size === 0) return told.refuse(file.name, "isEmpty");
      if (file.size > limit) return told.refuse(file.name, "wentAway");
      told.chosen(async () => {
        const bytes = await file.arrayBuffer().catch(() => undefined);
        if (bytes) this.set(new Uint8Array(bytes));
        else told.refuse(file.name, "unreadable");
      });
    });
  }

  /** Takes the bytes of a file, as if it had been chosen. */
  set(bytes: Uint8Array): void {
    this.#bytes = bytes;
    // A list may be in GBK or UTF-16; what is no text at all is shown as well as it can be.
    this.#text.value = decodeText(bytes) ?? new TextDecoder().decode(bytes);
  }

  /** What is in the field, with a line break at its end, which a pasted text often lacks. */
  get bytes(): Uint8Array {
    if (this.#bytes) return this.#bytes;
    const text = this.#text.value;
    return new TextEncoder().encode(text === "" || text.endsWith("\n") ? text : `${text}\n`);
  }

  get text(): string {
    return this.#text.value;
  }
}
