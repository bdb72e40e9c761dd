/**
 * The page, or the worker that judges for it: one script is both, since the page is one file.
 */

import { sha256 } from "../crypto/sha256.ts";
import { encodeHex } from "../formats/hex.ts";
import { MAX_POLICY_SIZE } from "../formats/policy.ts";
import { MAX_PINS_SIZE } from "../formats/pins.ts";
import { MAX_LOT_KEYS_SIZE, MAX_UNITS_SIZE } from "../judge/reader.ts";
import { byId } from "./dom.ts";
import { FileList, type OwnFile } from "./files.ts";
import { OwnField } from "./own.ts";
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
  readonly #policy: OwnField;
  readonly #keys: OwnField;
  readonly #pins: OwnField;
  readonly #lotKeys: OwnField;
  readonly #units: OwnField;
  #run: Run | undefined;
  #judging: Judging | undefined;
  #saying = () => "";

  constructor(script: string) {
    this.#script = script;
    const changed = () => this.#forget();
    const refuse = (name: string, why: "isEmpty" | "wentAway") =>
      this.#tell(() => this.#speaker.text(why, printable(name)));
    const places = {
      body: byId("files", HTMLElement),
      remarks: byId("remarks", HTMLElement),
      chooser: byId("choose", HTMLInputElement),
    };
    this.#files = new FileList(places, this.#speaker, {
      changed,
      removed: (left) => this.#tell(() => this.#speaker.text("filesAdded", `${left}`)),
      take: (own) => void this.#takeOwn(own),
    });
    this.#policy = new OwnField("policy", MAX_POLICY_SIZE, changed, refuse);
    this.#keys = new OwnField("keys", MAX_KEYS_SIZE, changed, refuse);
    this.#pins = new OwnField("pins", MAX_PINS_SIZE, changed, refuse);
    this.#lotKeys = new OwnField("lot-keys", MAX_LOT_KEYS_SIZE, changed, refuse);
    this.#units = new OwnField("units", MAX_UNITS_SIZE, changed, refuse);
    this.#check.addEventListener("click", () => void this.#judge());
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
    await this.#files.add(files);
    // What it is checked with should not have to be looked for.
    if (this.#files.files.some(({ role }) => role === "bundle" || role === "receipt")) {
      byId("ranges", HTMLDetailsElement).open = true;
    }
    const { length } = this.#files.files;
    this.#tell(() => this.#speaker.text("filesAdded", `${length}`));
  }

  /** Puts files that the reader says are their own into their fields. */
  async #takeOwn(own: readonly OwnFile[]): Promise<void> {
    const fields = {
      policy: this.#policy,
      pins: this.#pins,
      keys: this.#keys,
      lotKeys: this.#lotKeys,
      units: this.#units,
    };
    for (const { blob, own: kind } of own) fields[kind].set(new Uint8Array(await blob.arrayBuffer()));
    byId("ranges", HTMLDetailsElement).open = true;
    this.#forget();
    this.#tell(() => this.#speaker.text("ownTaken", own.map(({ name }) => printable(name)).join(", ")));
    this.#check.focus();
  }

  async #judge(): Promise<void> {
    if (this.#judging) return;
    this.#forget();
    const policy = this.#policy.bytes;
    const policyHash = policy.length > 0 ? encodeHex(sha256(policy)) : "";
    const given = {
      files: this.#files.files,
      policy,
      keys: this.#keys.text,
      pins: this.#pins.bytes,
      lotKeys: this.#lotKeys.text,
      units: this.#units.bytes,
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
    this.#run = { report, at: new Date().toISOString(), policyHash, files: given.files, view: { unit: undefined } };
    this.#showRun();
    byId("verdict", HTMLElement).focus();
  }

  /** A verdict stands for what was judged and for nothing else: any change takes it away. */
  #forget(): void {
    this.#judging?.stop();
    this.#judging = undefined;
    this.#run = undefined;
    this.#show(false);
    this.#showRun();
    this.#tell(() => "");
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
    this.#status.textContent = saying();
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
