/**
 * The page, or the worker that judges for it: one script is both, since the page is one file.
 */

import { sha256 } from "../crypto/sha256.ts";
import { encodeHex } from "../formats/hex.ts";
import { MAX_POLICY_SIZE } from "../formats/policy.ts";
import { MAX_PINS_SIZE } from "../formats/pins.ts";
import type { NamedFile } from "../judge/given.ts";
import type { OwnKind } from "../judge/mistaken.ts";
import { MAX_LOT_KEYS_SIZE, MAX_UNITS_SIZE } from "../judge/reader.ts";
import { byId } from "./dom.ts";
import { FileList } from "./files.ts";
import { missingFor } from "./missing.ts";
import { OwnField, type Refused } from "./own.ts";
import { showRun, wordOf, type Run } from "./result.ts";
import { formatSize, stepOf } from "./size.ts";
import { Speaker } from "./speaker.ts";
import { TEXTS, type TextName } from "./words/labels.ts";
import { preferredLanguage, printable, type Language } from "./words/language.ts";
import { judgeInWorker, serve, type Judging } from "./worker.ts";

/** The version in `package.json`, put in by the build. */
declare const VERSION: string;

const MAX_KEYS_SIZE = 4096 * 360;

class Page {
  readonly #speaker = new Speaker(preferredLanguage(navigator.languages));
  readonly #script: string;
  readonly #result = byId("result", HTMLElement);
  readonly #status = byId("status", HTMLElement);
  readonly #progress = byId("progress", HTMLProgressElement);
  readonly #check = byId("check", HTMLButtonElement);
  readonly #stop = byId("stop", HTMLButtonElement);
  readonly #print = byId("print", HTMLButtonElement);
  readonly #files: FileList;
  readonly #own: Readonly<Record<OwnKind, OwnField>>;
  /** The fields that hold what was dropped, and not what was typed or chosen for them. */
  readonly #dropped = new Set<OwnKind>();
  /** How often files were taken for each. */
  readonly #turns = new Map<OwnKind, number>();
  #run: Run | undefined;
  #judging: Judging | undefined;
  /** How many readings of files are under way, and what comes behind them: whether something was added, whether the button
   * was pressed meanwhile, and what could not be read. */
  #reading = 0;
  #isAdded = false;
  #isAwaited = false;
  #refused: (() => string) | undefined;
  /** Ends when all that was dropped so far is taken in. */
  #adding: Promise<void> = Promise.resolve();
  #saying = () => "";

  constructor(script: string) {
    this.#script = script;
    const changed = () => this.#forget();
    const refuse = (name: string, why: Refused) => this.#refuse(() => this.#speaker.text(why, printable(name)));
    const places = {
      table: byId("file-table", HTMLElement),
      body: byId("files", HTMLElement),
      remarks: byId("remarks", HTMLElement),
      chooser: byId("choose", HTMLInputElement),
    };
    this.#files = new FileList(places, this.#speaker, {
      changed,
      removed: (left) => this.#tell(() => this.#speaker.missing(this.#missing(), left)),
      take: (kind, own) => this.#takeOwn(kind, own),
      // Of what is removed or taken as something else nobody says yet that it is all.
      reading: (read) => void this.#whileReading(read, false),
      isTyped: (kind) => this.#own[kind].text !== "" && !this.#dropped.has(kind),
    });
    const field = (kind: OwnKind, id: string, limit: number) => {
      const typed = () => {
        if (this.#dropped.delete(kind)) this.#files.release(kind);
        // Who types has not finished, whatever was asked for before.
        this.#isAwaited = false;
        this.#forget();
      };
      const chosen = (read: () => Promise<void>) => {
        typed();
        void this.#whileReading(read);
      };
      return new OwnField(id, limit, { typed, chosen, refuse });
    };
    this.#own = {
      policy: field("policy", "policy", MAX_POLICY_SIZE),
      keys: field("keys", "keys", MAX_KEYS_SIZE),
      pins: field("pins", "pins", MAX_PINS_SIZE),
      lotKeys: field("lotKeys", "lot-keys", MAX_LOT_KEYS_SIZE),
      units: field("units", "units", MAX_UNITS_SIZE),
    };
    this.#check.addEventListener("click", () => void this.#judge(true));
    this.#stop.addEventListener("click", () => {
      this.#forget();
      // The button is gone, and the focus with it.
      this.#check.focus();
    });
    this.#print.addEventListener("click", () => print());
    this.#listenForFiles();
    for (const language of ["en", "zh"] as const) {
      byId(language, HTMLButtonElement).addEventListener("click", () => this.#speak(language));
    }
    addEventListener("beforeprint", openAll);
    this.#speak(this.#speaker.language);
  }

  #listenForFiles(): void {
    const chooser = byId("choose", HTMLInputElement);
    chooser.addEventListener("change", () => {
      const files = [...(chooser.files ?? [])];
      chooser.value = "";
      void this.#add(files);
    });
    const zone = byId("drop", HTMLElement);
    addEventListener("dragover", (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
    addEventListener("dragleave", () => zone.classList.remove("over"));
    addEventListener("drop", (event) => {
      event.preventDefault();
      zone.classList.remove("over");
      void this.#add([...(event.dataTransfer?.files ?? [])]);
    });
  }

  async #add(files: readonly File[]): Promise<void> {
    if (files.length === 0) return;
    // A slow disk reads for seconds, in which the verdict on the files before would stand beside these.
    this.#forget();
    // In turn: of two files of one name that which was dropped last counts, however slowly the other is read.
    const before = this.#adding;
    const adding = this.#whileReading(async () => {
      await before;
      await this.#files.add(files);
    });
    this.#adding = adding.catch(() => {});
    await adding;
  }

  /** Until files are read nothing is judged; what was asked for meanwhile comes behind it. */
  async #whileReading(read: () => Promise<void>, isAdded = true): Promise<void> {
    this.#reading += 1;
    this.#isAdded ||= isAdded;
    byId("file-table", HTMLElement).setAttribute("aria-busy", "true");
    this.#tell(() => this.#speaker.text("reading"));
    try {
      await read();
    } finally {
      this.#reading -= 1;
      if (this.#reading === 0) this.#settle();
    }
  }

  /** All that was given is there. */
  #settle(): void {
    const [isAdded, isAwaited, refused] = [this.#isAdded, this.#isAwaited, this.#refused];
    [this.#isAdded, this.#isAwaited, this.#refused] = [false, false, undefined];
    byId("file-table", HTMLElement).removeAttribute("aria-busy");
    // That none is left is said where the last was removed.
    const count = this.#files.count === 0 && isAdded ? undefined : this.#files.count;
    this.#tell(refused ?? (() => this.#speaker.missing(this.#missing(), count)));
    // Dozens of parts push what is said of them off the screen.
    if (this.#files.areParts) this.#status.scrollIntoView({ block: "center" });
    // Without what could not be read it would be another question.
    if (refused) return;
    if (isAwaited) void this.#judge(true);
    else if (isAdded) this.#start();
  }

  /** Says that a file is not taken; while others are read, once they are. */
  #refuse(saying: () => string): void {
    if (this.#reading > 0) this.#refused = saying;
    else this.#tell(saying);
  }

  /** Puts what the reader has dropped into its field, where it can be seen; without files the field is empty again. */
  async #takeOwn(kind: OwnKind, own: readonly NamedFile[]): Promise<void> {
    const turn = (this.#turns.get(kind) ?? 0) + 1;
    this.#turns.set(kind, turn);
    const reads = own.map(async ({ blob }) => new Uint8Array(await blob.arrayBuffer()));
    const texts = await Promise.all(reads).catch(() => undefined);
    // What was read slowly does not take the place of what came after it.
    if (this.#turns.get(kind) !== turn) return;
    if (!texts) {
      this.#files.release(kind);
      const names = own.map(({ name }) => printable(name)).join(", ");
      this.#refuse(() => this.#speaker.text("unreadable", names));
    }
    if (own.length > 0 && texts) this.#dropped.add(kind);
    else this.#dropped.delete(kind);
    this.#own[kind].set(texts?.length === 1 ? (texts[0] ?? new Uint8Array()) : joined(texts ?? []));
    if (this.#run || this.#judging) this.#forget();
  }

  /** What no verdict is without and is not there; of a page to which nothing was given nothing is said. */
  #missing(): TextName[] {
    if (this.#files.count === 0) return [];
    // What was just dropped is not yet in its field.
    const has = (kind: OwnKind) => this.#files.has(kind) || this.#own[kind].text.trim() !== "";
    const roles = this.#files.files.map(({ role }) => role);
    const hasSources = has("pins") || has("keys");
    return missingFor({ roles, hasPolicy: has("policy"), hasSources, areParts: this.#files.areParts });
  }

  /** Begins by itself once there is something to be judged and a policy, unless it is in doubt what is meant. */
  #start(): void {
    const roles = this.#files.files.map(({ role }) => role);
    const isThere = roles.includes("bundle") || (roles.includes("receipt") && roles.includes("disclosure"));
    const isClear = !this.#files.isInDoubt && !this.#files.areParts;
    if (isThere && this.#own.policy.text !== "" && isClear) void this.#judge(false);
  }

  /** `isAsked`: whether the reader has pressed the button, and waits for the verdict. */
  async #judge(isAsked: boolean): Promise<void> {
    if (this.#judging) return;
    if (this.#reading > 0) {
      // Now it would be judged without what is on its way.
      this.#isAwaited ||= isAsked;
      this.#tell(() => this.#speaker.text("reading"));
      return;
    }
    this.#isAwaited = false;
    this.#forget();
    const policy = this.#own.policy.bytes;
    const { areOwnDropped } = this.#files;
    const policyHash = policy.length > 0 ? encodeHex(sha256(policy)) : "";
    const given = {
      files: this.#files.files,
      policy,
      keys: this.#own.keys.text,
      pins: this.#own.pins.bytes,
      lotKeys: this.#own.lotKeys.text,
      units: this.#own.units.bytes,
    };
    this.#show(true);
    let told = -1;
    const judging = judgeInWorker(this.#script, given, (done, total) => {
      this.#progress.max = Math.max(total, 1);
      this.#progress.value = done;
      const percent = stepOf(done, total);
      if (percent === told) return;
      told = percent;
      this.#tell(() => this.#speaker.text("checking", `${percent}`, formatSize(total)));
    });
    this.#judging = judging;
    const report = await judging.report.catch((error: unknown) => ({
      verdict: "undecided" as const,
      holds: false,
      look: [],
      reasons: [{ code: "own-fault", values: [String(error)], details: [] }],
      facts: [],
      records: [],
      acts: [],
      ownUnits: [],
      ownPanels: [],
      lacking: [],
      notChecked: [],
      inputs: [],
      engine: "own",
    }));
    // Another judgement, or a change of what is judged, has taken its place.
    if (this.#judging !== judging) return;
    this.#judging = undefined;
    this.#show(false);
    const at = new Date().toISOString();
    this.#run = { report, at, policyHash, files: given.files, areOwnDropped, view: { unit: undefined } };
    this.#showRun();
    // Whoever is typing by now hears the verdict, and stays there.
    if (isAsked || !this.#isElsewhere()) byId("verdict", HTMLElement).focus();
  }

  /** Whether the reader has gone on to something else than giving files. */
  #isElsewhere(): boolean {
    const at = document.activeElement;
    return at instanceof HTMLElement && at !== document.body && at.id !== "choose" && at !== this.#stop;
  }

  /** A verdict stands for what was judged and for nothing else: any change takes it away. */
  #forget(): void {
    this.#judging?.stop();
    this.#judging = undefined;
    this.#run = undefined;
    this.#show(false);
    this.#showRun();
    this.#tell(() => this.#reading > 0 ? this.#speaker.text("reading") : this.#speaker.missing(this.#missing()));
  }

  #show(isBusy: boolean): void {
    this.#progress.hidden = !isBusy;
    this.#stop.hidden = !isBusy;
    // Not `disabled`, which would take the focus away from whoever pressed it.
    this.#check.setAttribute("aria-disabled", `${isBusy}`);
    this.#progress.removeAttribute("value");
  }

  #showRun(): void {
    this.#result.hidden = !this.#run;
    this.#print.hidden = !this.#run;
    this.#result.replaceChildren(...(this.#run ? showRun(this.#run, this.#speaker, VERSION) : []));
    const report = this.#run?.report;
    if (report) this.#tell(() => this.#speaker.verdict(wordOf(report)));
  }

  /** Says something to those who see and to those who hear the page, and says it again in another language. */
  #tell(saying: () => string): void {
    this.#saying = saying;
    const text = saying();
    // Said once is enough: whoever types would hear it with each letter.
    if (this.#status.textContent !== text) this.#status.textContent = text;
  }

  #speak(language: Language): void {
    this.#speaker.language = language;
    document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
    document.title = this.#speaker.text("title");
    for (const place of document.querySelectorAll<HTMLElement>("[data-say]")) {
      const name = place.dataset["say"] ?? "";
      if (isTextName(name)) place.textContent = this.#speaker.text(name);
    }
    for (const one of ["en", "zh"]) {
      byId(one, HTMLButtonElement).setAttribute("aria-pressed", `${one === language}`);
    }
    byId("languages", HTMLElement).setAttribute("aria-label", this.#speaker.text("languages"));
    this.#files.show();
    this.#status.textContent = this.#saying();
    const open = this.#foldings().map((details) => details.open);
    this.#showRun();
    this.#foldings().forEach((details, at) => (details.open = open[at] ?? details.open));
  }

  /** What can be folded of a result, but for pictures, which draw themselves later. */
  #foldings(): HTMLDetailsElement[] {
    return [...this.#result.querySelectorAll<HTMLDetailsElement>(":scope > details, .records details")];
  }
}

function isTextName(name: string): name is TextName {
  return Object.hasOwn(TEXTS, name);
}

/** Texts of lines one behind the other. */
function joined(texts: readonly Uint8Array[]): Uint8Array {
  const decoder = new TextDecoder();
  const lines = texts.map((bytes) => decoder.decode(bytes)).map((text) => (text.endsWith("\n") ? text : `${text}\n`));
  return new TextEncoder().encode(lines.join(""));
}

/** Paper cannot be unfolded. */
function openAll(): void {
  document.querySelectorAll("details").forEach((details) => (details.open = true));
}

if (typeof document === "undefined") {
  serve();
} else {
  const script = document.currentScript?.textContent ?? "";
  addEventListener("DOMContentLoaded", () => new Page(script));
}
