/**
 * Pictures of evidence: the bytes are read from what was given, their hash is compared with the record's
 * once more, and then they are drawn by whichever reader knows their form.
 */

import { hashBlob } from "../../crypto/sha256.ts";
import { inspectionOf, sakiInspectionOf, type Inspection } from "../../evidence/inspection.ts";
import { ovenOf, traceOf, type Profile } from "../../evidence/profile.ts";
import { programOf, windowNamed, windowOf, type Program, type Window } from "../../evidence/program.ts";
import { tableInspectionOf } from "../../evidence/table.ts";
import { MAX_PICTURED_SIZE, textOf } from "../../evidence/text.ts";
import { list, parseEvidence } from "../../evidence/values.ts";
import { encodeHex } from "../../formats/hex.ts";
import type { NamedFile } from "../../judge/given.ts";
import type { Act } from "../../judge/report.ts";
import { element } from "../dom.ts";
import { formatSize } from "../size.ts";
import type { Speaker } from "../speaker.ts";
import type { Row } from "../story.ts";
import type { StoryName } from "../words/story.ts";
import { drawInspection } from "./board.ts";
import { drawProfile } from "./curve.ts";

/** How many enclosed programs are searched for a window. */
const MAX_RECIPES = 256;

/** The bytes cannot be drawn; the reason is a text of the story. */
class NotDrawn extends Error {
  readonly why: StoryName;
  readonly value: string;

  constructor(why: StoryName, value = "") {
    super(why);
    [this.why, this.value] = [why, value];
  }
}

/** Makes pictures from the files of one run. */
export class Gallery {
  readonly #acts: readonly Act[];
  readonly #files: readonly NamedFile[];
  readonly #speaker: Speaker;

  constructor(acts: readonly Act[], files: readonly NamedFile[], speaker: Speaker) {
    [this.#acts, this.#files, this.#speaker] = [acts, files, speaker];
  }

  /** A picture that fills itself once its bytes are read. */
  picture({ number, act, title }: Row, unit: string): HTMLElement {
    const heading = element("h5", {}, this.#speaker.story("pictureOf", `${number}`, title));
    const waiting = element("p", { class: "help", "aria-busy": "true" }, this.#speaker.story("drawing"));
    const picture = element("div", { class: "picture" }, heading, waiting);
    void this.#draw(act, unit).then(
      (made) => waiting.replaceWith(...made),
      (error: unknown) => {
        const { why, value } = error instanceof NotDrawn ? error : new NotDrawn("notDrawn");
        waiting.replaceWith(element("p", { class: "help" }, this.#speaker.story(why, value)));
      },
    );
    return picture;
  }

  async #draw(act: Act, unit: string): Promise<HTMLElement[]> {
    const text = await this.#textOf(act);
    const found = readEvidence(text);
    if (found?.kind === "inspection") {
      const program = await this.#programFor(act);
      return drawInspection(found.inspection, program, unit, this.#speaker, act.programHash === "");
    }
    if (found?.kind === "profile") return drawProfile(found.profile, await this.#windowFor(act), this.#speaker);
    throw new NotDrawn("notDrawn");
  }

  /** The evidence of a record, if its bytes are still those that it commits to. */
  async #textOf({ exhibit }: Act): Promise<string> {
    const file = this.#files.find(({ name }) => name === exhibit?.given);
    if (!exhibit || !file) throw new NotDrawn("changed");
    if (exhibit.size > MAX_PICTURED_SIZE) throw new NotDrawn("tooLarge", formatSize(exhibit.size));
    const stretch = file.blob.slice(exhibit.start, exhibit.start + exhibit.size);
    const hash = await hashBlob(stretch).catch(() => undefined);
    if (!hash || encodeHex(hash) !== exhibit.sha256) throw new NotDrawn("changed");
    const text = await textOf(new Uint8Array(await stretch.arrayBuffer()));
    if (text === undefined) throw new NotDrawn("notDrawn");
    return text;
  }

  async #programFor(act: Act): Promise<Program | undefined> {
    const meant = programMeant(act, this.#acts);
    return meant && programOf(await this.#textOf(meant).catch(() => ""));
  }

  /** The window that the record names, if a recipe with it is enclosed. */
  async #windowFor({ window }: Act): Promise<Window | undefined> {
    if (window === "") return undefined;
    const recipes = this.#acts.filter(({ kind, exhibit }) => kind === "program" && exhibit).slice(0, MAX_RECIPES);
    const windows: Window[] = [];
    for (const recipe of recipes) {
      const found = windowOf(await this.#textOf(recipe).catch(() => ""));
      if (found) windows.push(found);
    }
    return windowNamed(window, windows);
  }
}

/**
 * The program that a record names by its hash, if it is enclosed. Where it says that it names none, a name alone could be
 * another revision's: then the one of this name, if its source shows no other.
 */
export function programMeant(act: Act, acts: readonly Act[]): Act | undefined {
  const programs = acts.filter(({ kind }) => kind === "program");
  const { programHash, program } = act;
  if (programHash !== "") return programs.find(({ exhibit, fileHash }) => exhibit && fileHash === programHash);
  if (!act.isVersionless || program === "") return undefined;
  const named = programs.filter((one) => one.program === program && sourceOf(one) === sourceOf(act));
  const [hash, ...others] = new Set(named.map(({ fileHash }) => fileHash));
  return hash === "" || others.length > 0 ? undefined : named.find(({ exhibit }) => exhibit);
}

function sourceOf({ place }: Act): string | undefined {
  return place.split(" ")[0];
}

/** What a text is, by its form and not by its name. */
export function readEvidence(
  text: string,
):
  | { readonly kind: "inspection"; readonly inspection: Inspection }
  | { readonly kind: "profile"; readonly profile: Profile }
  | undefined {
  const start = text.trimStart()[0];
  const json = start === "{" || start === "[" ? parseEvidence(text) : undefined;
  const messages = list(json);
  // An array of one message is that message; of several it is not one record's file.
  const message = messages.length === 1 ? messages[0] : json;
  const isTable = json === undefined && start !== "<";
  const inspection = isTable
    ? tableInspectionOf(text)
    : start === "<" ? sakiInspectionOf(text) : inspectionOf(message);
  if (inspection) return { kind: "inspection", inspection };
  const profile = isTable ? traceOf(text) : ovenOf(message);
  return profile && { kind: "profile", profile };
}
