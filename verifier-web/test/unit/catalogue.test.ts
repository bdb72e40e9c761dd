/**
 * The program's sentences and the page's, code by code: what the program can say of a receipt, a bundle or a split, the
 * page says by the same code, or it is written here, and in ARCHITECTURE.md, why it does not.
 */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { FACTS } from "../../src/page/words/labels.ts";
import { SENTENCES, VERDICTS } from "../../src/page/words/verdicts.ts";
import { ROOT } from "../vector.ts";

const MESSAGES = join(ROOT, "verifier-cli/src/messages");

/** Files of sentences that belong to what the page does not do at all, or says in words of its own. */
const OTHER_FILES = {
  "html.rs": "the report for people: the page's own words are in page/words/story.ts",
  "reconcile.rs": "a delivery is compared unit by unit by `reconcile` alone",
  "succession.rs": "entry 0 of a log is read by `audit` and `inspect` alone",
};

/** Codes that the page does not have, by the reason. */
const WITHOUT: Readonly<Record<string, string>> = {
  "commands that read or follow a log: audit, watch, prove, verify consistency":
    "audit-sound watch-agrees consistent fork leaf-not-found not-consistent not-the-trusted-tree rolled-back watch-ahead " +
    "watch-log-tiles watch-not-signed watch-own-line watch-shrunk watch-split watch-unreachable watch-witness-back " +
    "watch-witness-forgot problems problems-unsaid chain-after-back chain-broken chain-gap chain-twice could-not-read " +
    "entry-bad-signature entry-no-statement entry-of-another-log entry-unknown-source entry-wrong-after leaf-mismatch " +
    "root-mismatch root-unknown tile-mismatch too-many-sources index-beyond log-unreadable no-proof no-such-log no-threads " +
    "state-of-other-tree two-logs wrong-order no-origin witness-unknown hint-log-unreadable hint-keys hint-state " +
    "hint-watch-state open-before-start open-chains-before-start open-entries open-first-look open-no-witness-address " +
    "open-never-cosigned open-opaque-log open-signatures open-statement audited evidence sources witness proved-root " +
    "proved-size",
  "a range beside the log's entries (--log), which the page does not read and says so (open-scan, open-range-start)":
    "scan-sound range-not-in-log scan-needs-range log-copy-short behind-range no-range",
  "parties (--unrelated-to): the page knows none":
    "only-related party-outside-quorum party-runs no-unrelated party-unknown party-unknown-witness hint-parties " +
    "open-post-quantum-unrelated unrelated",
  "challenges: a file of picks is known, and that it is not judged is said (open-challenge)":
    "challenge-answered challenge-other challenge-open challenge-statement challenge-without-evidence note-not-later " +
    "challenge-one-range open-unpicked",
  "inspect and explain, which verify nothing":
    "nothing-verified unknown-format batch claimed-signature extension extra-size key kind line path-length policy-group " +
    "policy-log policy-quorum policy-witness previous record-count statement-log checkpoint verifier-key note statement " +
    "claim-range claim-records evidence-count maker-says statement-records opened disclosure policy receipt split " +
    "pins pin-cadence pin-first",
  "folders and files that are written, and the command line":
    "file-unwritable written bytes sha256 no-note-name not-a-part ignored hint-dossier output-no-file output-is-input " +
    "output-in-input output-twice file-there use-bundle-verify hint-lot-key own-files-unreadable hint-file-missing",
  "timestamp requests and lists of authorities: the page takes none and says so (open-stamp-authority)":
    "stamp-sound stamp-how-to-ask stamp-authority stamp-claimed stamp-other-nonce stamp-other-request stamp-untrusted " +
    "stamp-bad-authorities stamp-bad-request stamp-no-random stamp-nowhere open-stamp-checkpoint open-stamp-request " +
    "open-stamp-revocation",
  "papers for courts":
    "template-unknown hint-templates template template-not-lawyer template-about-operator template-about-witnesses " +
    "template-about-902-13 template-about-902-14 template-about-china template-blank template-unchecked template-nobody " +
    "template-none",
  "said by the page in other words: undecided, the heading of open points, reader-incomplete, and within the sentence itself":
    "no-policy-nor-pins hint-part-of-bundle could-not-tell not-checked not-accepted lot-key-needs-units hint-lot-key-finds-nothing hint-units-alone hint-policy " +
    "hint-no-policy hint-pins hint-source-key hint-list look-late-up-to",
  "headings and facts for machines, where the page shows the units themselves":
    "own-records own-by-panel-unit",
};

/** Every code of a file of the program's catalogue. */
function codesIn(path: string): string[] {
  return [...readFileSync(path, "utf8").matchAll(/^ +[A-Z]\w+ =\s+"([a-z0-9-]+)",/gm)].map(([, code]) => code ?? "");
}

test("what the program says, the page says by the same code, or it is known why not", () => {
  const folder = join(MESSAGES, "catalogue");
  const files = readdirSync(folder).filter((name) => name.endsWith(".rs") && !Object.hasOwn(OTHER_FILES, name));
  const all = [join(MESSAGES, "catalogue.rs"), ...files.map((name) => join(folder, name))].flatMap(codesIn);
  assert.ok(all.length > 300 && new Set(all).size === all.length);
  const without = Object.values(WITHOUT).flatMap((codes) => codes.split(" "));
  const page = [SENTENCES, FACTS, VERDICTS].flatMap((words) => Object.keys(words));
  const isKnown = (code: string) => page.includes(code) || without.includes(code);
  assert.deepEqual(all.filter((code) => !isKnown(code)), [], "new in the program: say it on the page, or say here why not");
  assert.deepEqual(without.filter((code) => !all.includes(code)), [], "no longer in the program");
  assert.deepEqual(without.filter((code) => page.includes(code)), [], "the page says it");
  assert.equal(new Set(without).size, without.length);
});

test("ARCHITECTURE.md says what the page leaves out", () => {
  const text = readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8");
  const section = text.split("### verifier-web")[1]?.split("\n### ")[0] ?? "";
  for (const word of ["`--log`", "`--unrelated-to`", "challenge", "authorities", "`reconcile`", "`open-challenge`", "papers"]) {
    assert.ok(section.includes(word), word);
  }
});
