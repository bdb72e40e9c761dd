/** Everything that can be said has its sentence in both languages, with the same values. */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { TABLES } from "../../src/formats/kinds.ts";
import { ROLES } from "../../src/judge/given.ts";
import { say } from "../../src/judge/report.ts";
import { Speaker } from "../../src/page/speaker.ts";
import { FIELDS } from "../../src/page/words/fields.ts";
import { FACTS, OWN_ROLES, ROLE_NAMES, TEXTS } from "../../src/page/words/labels.ts";
import { fill, plainTimes, preferredLanguage, printable, type Words } from "../../src/page/words/language.ts";
import { REFUSALS, WITHIN, explain, explained } from "../../src/page/words/refusals.ts";
import { KINDS, STORY } from "../../src/page/words/story.ts";
import { ALL_FOUND, MEANINGS, SENTENCES, VERDICTS } from "../../src/page/words/verdicts.ts";
import { ROOT } from "../vector.ts";

const JUDGE = join(ROOT, "verifier-web/src/judge");

/** Every text between quotes in the judgement that looks like a code. */
function codesIn(pattern: RegExp): Set<string> {
  const sources = readdirSync(JUDGE).map((name) => readFileSync(join(JUDGE, name), "utf8"));
  return new Set(sources.flatMap((text) => [...text.matchAll(pattern)].map((match) => match[1] ?? "")));
}

test("every code of the judgement has its sentence, and no sentence is left over", () => {
  const said = codesIn(/(?:say|rejected|undecided|\.reason|\.open)\(\s*"([a-z-]+)"/g);
  const chosen = codesIn(/"((?:detail|open-post|member)-[a-z-]+)"/g);
  const chosenWhy = codesIn(/\? "((?:member|detail)-[a-z-]+)"/g);
  const all = new Set([...said, ...chosen, ...chosenWhy]);
  assert.deepEqual([...all].filter((code) => !SENTENCES[code]), []);
  assert.deepEqual(Object.keys(SENTENCES).filter((code) => !all.has(code)), []);
  const facts = codesIn(/\.fact\(\s*"([a-z-]+)"/g);
  assert.deepEqual([...facts].filter((code) => !FACTS[code]), []);
});

test("both languages take the same values, and Chinese is not English", () => {
  const all: [string, Words][] = [SENTENCES, VERDICTS, MEANINGS, FACTS, ROLE_NAMES, TEXTS, FIELDS, KINDS, STORY, REFUSALS, WITHIN]
    .flatMap((words) => Object.entries(words));
  for (const [code, { en, zh, one = en }] of all) {
    const values = (text: string) => [...text.matchAll(/\{\d\}/g)].map(String).sort();
    for (const other of [zh, one]) assert.deepEqual(values(other), values(en), code);
    if (code !== "detail-other") assert.match(zh, /\p{Script=Han}/u, code);
    assert.ok(!/\p{Script=Han}/u.test(en), code);
  }
});

test("why bytes are refused is said in words, and never by the name of an error", () => {
  const folders = ["formats", "judge"].map((name) => join(ROOT, "verifier-web/src", name));
  // Of a timestamp only the structure is said, by its name in the standards.
  const stamps = ["certificate.ts", "der.ts", "timestamp.ts"];
  const sources = folders.flatMap((folder) =>
    readdirSync(folder).filter((name) => !stamps.includes(name))
      .map((name) => readFileSync(join(folder, name), "utf8"))
  );
  const pattern = /new Refusal\(\s*(?:"([A-Za-z0-9]+)"|\[(?:"([A-Za-z]+)"|which), "([A-Za-z0-9]+)"\])/g;
  const paths = sources.flatMap((text) => [...text.matchAll(pattern)].map(([, one, outer, inner]) =>
    one ?? `${outer ?? "Older"} ${inner}`
  ));
  assert.ok(paths.includes("Zip Header") && paths.includes("Older NotSigned") && paths.length > 120);
  for (const path of paths) {
    for (const language of ["en", "zh"] as const) {
      assert.notEqual(explain(path, language), path, path);
    }
  }
  const outer = sources.flatMap((text) => [...text.matchAll(/within\("([A-Za-z]+)"/g)].map(([, name]) => name ?? ""));
  assert.deepEqual(outer.filter((name) => !WITHIN[name]), []);
  assert.match(explained("bundle-altered", ["Zip End", "Zip Header, 0"], "en").join("|"), /^Zip End\|a header in the zip .* \(0\)$/);
  assert.match(explain("Note Utf8", "zh"), /^在签名文本中：/);
  // A part has its path or its place, and never the number of a programmer.
  assert.match(explain("Zip Header, #1", "en"), /\(part 1, counted from one\)$/);
  assert.match(explain("Zip Header, #1", "zh"), /（第 1 个部分）$/);
  assert.match(explain("Zip Header, bundle.json", "en"), /\(bundle\.json\)$/);
  assert.equal(explain("Strange Error, 1", "en"), "Strange Error, 1");
});

test("every role and every known field has its label", () => {
  assert.deepEqual(Object.keys(ROLE_NAMES).sort(), [...ROLES].sort());
  const names = new Set([...TABLES.values()].flat());
  assert.deepEqual([...names].filter((name) => !FIELDS[name]), []);
  assert.deepEqual(Object.keys(FIELDS).filter((name) => !names.has(name)), []);
});

test("values are put in as they are, and text from outside cannot turn the line", () => {
  assert.equal(fill({ en: "{0} and {1}, {0}", zh: "" }, "en", ["{1}", "b"]), "{1} and b, {1}");
  assert.equal(printable("\u202ea\u0007\u2028产线"), "\\u{202e}a\\u{7}\\u{2028}产线");
});

test("of a log that the policy does not list, nobody is told to take the supplier's word", () => {
  for (const code of ["unknown-log", "unknown-log-none-listed"]) {
    const { en, zh } = SENTENCES[code] ?? { en: "", zh: "" };
    assert.ok(en.includes("the supplier") && zh.includes("供货方"), code);
  }
});

test("docs/buyer.md has a row for each verdict, in both languages and with its exit code", () => {
  const text = readFileSync(join(ROOT, "docs/buyer.md"), "utf8");
  const rows = [...text.matchAll(/^\| `([^`]+)` \| (\d) \|/gm)].map(([, word, code]) => `${word} ${code}`);
  const codes: Readonly<Record<string, number>> = { verified: 0, rejected: 1, "not-in-order": 1, undecided: 2 };
  const want = (language: "en" | "zh") => Object.entries(codes).map(([name, code]) => `${VERDICTS[name]?.[language]} ${code}`);
  assert.deepEqual(rows, [...want("en"), ...want("zh")]);
  assert.deepEqual(Object.keys(VERDICTS).sort(), Object.keys(codes).sort());
});

test("docs/buyer.md begins with the page's steps, as the page calls them, and says where the page comes from", () => {
  const text = readFileSync(join(ROOT, "docs/buyer.md"), "utf8");
  const [english = "", chinese = ""] = text.split("\n## 中文\n");
  for (const [part, language, need] of [[english, "en", "## What you need"], [chinese, "zh", "### 您需要什么"]] as const) {
    const [first = "", behind] = part.split(need);
    assert.ok(behind, need);
    for (const step of [TEXTS.step1, TEXTS.step2, TEXTS.check]) assert.ok(first.includes(`**${step[language]}**`), step[language]);
    assert.ok(first.includes("SHA-256") && first.includes("fiducial-verify.html.sha256"));
  }
});

test("one is not many", () => {
  const said = (code: string, ...values: string[]) => fill(SENTENCES[code] ?? { en: "", zh: "" }, "en", values);
  assert.match(said("range-sound", "aoi", "1", "1", "1", "1"), /^aoi: statements 1 to 1 are here without a gap: 1 statement with all of its 1 record\.$/);
  const many = fill(SENTENCES["range-sound"] ?? { en: "", zh: "" }, "zh", ["aoi", "3", "5", "3", "9"]);
  assert.equal(many, "aoi：第 3 至 5 号声明连续，没有缺号：共 3 份声明，连同其全部 9 条记录。");
  assert.equal(said("range-sound", "aoi", "3", "5", "3", "9"), "aoi: statements 3 to 5 are here without a gap: 3 statements with all of their 9 records.");
  assert.equal(said("evidence-vouched", "1"), "1 file is here, unchanged since it was logged.");
  assert.equal(said("evidence-vouched", "11"), "11 files are here, unchanged since they were logged.");
  assert.match(said("open-unnamed", "aoi", "1"), /1 record that carries no tags and names no unit: which unit it belongs to, and what is in its file\./);
  const told = (language: "en" | "zh", ...values: string[]) => new Speaker(language).sentence(say("own-sound", ...values));
  assert.equal(told("en", "43", "aoi", "13", "13"), "aoi: records (of any kind, not each an inspection) were found for all 13 of your units: 43. Each of them is shown.");
  assert.equal(told("zh", "43", "aoi", "13", "13"), "aoi：您的 13 个单元都找到了记录（任何种类，未必是检测），共 43 条，均已出示。");
  assert.match(told("zh", "2", "aoi", "11", "21"), /有 11 个找到了记录（任何种类，未必是检测），共 2 条/);
  assert.match(told("en", "2", "aoi", "11", "21"), /^aoi: records \(of any kind, not each an inspection\) were found for 11 of your 21 units: 2\./);
  assert.match(said("open-none-named", "1"), /^For 1 entry no earliest .*: it names/);
  assert.match(said("open-none-named", "2"), /^For 2 entries no earliest .*: they name/);
  assert.match(said("rule-short", "g", "2", "3", "1"), /wants 2 of 3 witnesses \(g\); only 1 has signed/);
  assert.equal(fill({ en: "{0} recordsets", zh: "" }, "en", ["1"]), "1 recordsets");
});

test("the browser's language decides, Chinese in any of its forms", () => {
  const cases = [[["zh-TW", "en"], "zh"], [["ZH"], "zh"], [["de", "zh"], "en"], [[], "en"]] as const;
  for (const [asked, want] of cases) assert.equal(preferredLanguage(asked), want);
});

test("a statement is called one, and a record by its number", () => {
  const cases = [
    ["statement-witnessed", "plant-8.example/aoi 4: 2026-11-27T22:14:10Z", "plant-8.example/aoi, statement 4: 2026-11-27T22:14:10Z"],
    ["own-record", "aoi 4, 3: SN1 (PN1)", "aoi, statement 4, record 3: SN1 (PN1)"],
    ["origin", "log.example 4: x", "log.example 4: x"],
  ] as const;
  for (const [code, value, want] of cases) assert.equal(new Speaker("en").value(code, value), want);
  assert.equal(new Speaker("zh").value("own-record", "aoi 4, 3: SN1"), "aoi 第 4 号声明第 3 号记录: SN1");
  assert.equal(new Speaker("en").statement("aoi"), "aoi");
});

test("letters of another size are said to be other letters, and what is to be asked for is said of one board and of many", () => {
  const { en, zh } = SENTENCES["own-none-found"] ?? { en: "", zh: "" };
  assert.ok(en.includes("capital and small letters are not the same") && zh.includes("区分大小写"));
  const asked = (language: "en" | "zh", count: string) => new Speaker(language).sentence(say("look-ask-report", count));
  assert.equal(asked("en", "1"), "Ask the maker for it.");
  assert.equal(asked("en", "2"), "Ask the maker for them.");
  for (const count of ["1", "2"]) assert.equal(asked("zh", count), "请向工厂索要。");
  // Of units that are nowhere the reader looks first at what they have themselves.
  const nowhere = (language: "en" | "zh") => new Speaker(language).sentence(say("look-ask-records"));
  assert.equal(nowhere("en"), "In no record. Compare the spelling first; then ask the maker for their records.");
  assert.equal(nowhere("zh"), "任何记录中都没有。请先核对写法，再向工厂索取其记录。");
});

test("who is found by the panel of the list is said of one unit and of many, and of which panel it is found by", () => {
  const told = (language: "en" | "zh", ...values: string[]) => new Speaker(language).sentence(say("own-by-listed-panel", ...values));
  assert.equal(told("en", "2", "14"), "2 of your 14 units are found by the panel that your list gives for them, not by their serials.");
  assert.equal(told("en", "1", "14"), "1 of your 14 units is found by the panel that your list gives for it, not by its serial.");
  assert.equal(told("en", "1", "1"), "1 of your 1 unit is found by the panel that your list gives for it, not by its serial.");
  assert.equal(told("zh", "2", "14"), "您的 14 个单元中有 2 个是按您清单所给的拼板找到的，而非按序列号。");
});

test("in Chinese whoever gives the evidence has one name, wherever the reader is asked to act", () => {
  const all = [SENTENCES, VERDICTS, MEANINGS, FACTS, ROLE_NAMES, OWN_ROLES, TEXTS, FIELDS, KINDS, STORY, REFUSALS, WITHIN, { ALL_FOUND }]
    .flatMap((words) => Object.entries<Words>(words)).map(([code, { zh }]) => [code, zh] as const);
  assert.deepEqual(all.filter(([, text]) => /厂家|制造方|制造商/.test(text)), []);
  const texts = new Map(all);
  for (const code of ["look-ask-records", "look-ask-report", "own-not-inspected", "own-none-found", "open-scan"]) {
    assert.ok(texts.get(code)?.includes("工厂"), code);
  }
});

test("no line ends between a time and its zone, and deposits of which none is bad are not counted as such", () => {
  assert.equal(plainTimes("2026-11-27T22:14:10Z"), "2026-11-27 22:14:10\u00a0UTC");
  assert.equal(plainTimes("2026-11-27T22:14:10.5+08:00"), "2026-11-27 22:14:10\u00a0+08:00");
  assert.equal(fill(STORY.depositsGood, "en", ["4"]), "Deposits of solder paste measured: 4; the file's own word is good for all of them.");
});
