/** How long after the times that they claim records were logged. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { encodeUtf8 } from "../../src/formats/encoding.ts";
import { claimOf, instant } from "../../src/judge/claimed.ts";
import { sayLateness } from "../../src/judge/lateness.ts";
import type { OpenedBatch } from "../../src/judge/opened.ts";
import { Draft, say } from "../../src/judge/report.ts";
import { Speaker } from "../../src/page/speaker.ts";
import { span } from "../../src/page/words/language.ts";

test("a time is a moment where format and zone leave no doubt", () => {
  const noon = 1_772_424_000_000n; // 2026-03-02T04:00:00Z
  for (const [text, format, zone] of [
    ["2026-03-02T12:00:00.1234567+08:00", "iso", "+08:00"],
    ["2026-03-02T12:00:00", "iso", "+08:00 (mapping)"],
    ["03/02/2026 12:00:00", "MM/dd/yyyy HH:mm:ss", "+08:00 (mapping)"],
    ["02.03.2026 12:00:00", "dd.MM.yyyy HH:mm:ss", "+08:00"],
    ["20260302120000", "yyyyMMddHHmmss", "+08:00"],
    ["3/2/26 12:00:00 PM", "M/d/yy h:mm:ss tt", "+08:00"],
    ["2026-03-02 04:00:00.5 +00:00", "yyyy-MM-dd HH:mm:ss.f zzz", "unknown"],
  ] as const) {
    assert.equal((instant(text, format, zone) ?? 0n) / 1000n * 1000n, noon, text);
  }
  for (const [text, format, zone] of [
    ["03/02/2026 12:00:00", "MM/dd/yyyy HH:mm:ss", "unknown"],
    ["13/32/2026 12:00:00", "MM/dd/yyyy HH:mm:ss", "+08:00"],
    ["03/02/2026 12:00", "MM/dd/yyyy HH:mm:ss", "+08:00"],
    ["03/02/2026 12:00:00x", "MM/dd/yyyy HH:mm:ss", "+08:00"],
    ["13:00:00 PM 2026-03-02", "hh:mm:ss tt yyyy-MM-dd", "+08:00"],
    ["", "yyyy", "Z"],
  ] as const) {
    assert.equal(instant(text, format, zone), undefined, text);
  }
});

/** A statement of which records of one kind open the times that they claim. */
function opened(kind: string, ...claims: string[]): OpenedBatch {
  const records = claims.map((claim, at) => ({
    index: BigInt(at + 1),
    kind,
    fieldCount: 1n,
    fields: [{ index: 6n, name: "claimed/start", isKnown: true, value: encodeUtf8(claim) }],
  }));
  return { records, recordCount: BigInt(claims.length + 1) };
}

test("the furthest is told, by the witnesses where there are any", () => {
  const draft = new Draft();
  const notAfter = 1_767_323_045n; // 2026-01-02T03:04:05Z
  const one = (sequence: bigint, kind: string, ...claims: string[]) =>
    ({ source: "aoi", sequence, notAfter, opened: opened(kind, ...claims) });
  const is = sayLateness(draft, [
    one(4n, "aoi-report", "2026-01-02T03:04:01Z"),
    one(5n, "repair", "2026-01-02T03:04:00Z", "2025-04-06T09:04:05Z", "2027-01-01T00:00:00Z"),
    one(6n, "closing", "2020-01-01T00:00:00Z"),
    one(7n, "aoi-report", "01/02/2020"),
  ]);
  assert.ok(is);
  assert.deepEqual(draft.reasons.map(({ code, values }) => [code, ...values]), [
    ["logged-after-claim", "2", "23392800"],
    ["claimed-after-logged", "1", "31438555"],
  ]);
  assert.deepEqual(draft.notChecked.map(({ code, values }) => [code, ...values]), [["open-claims-some", "1", "aoi-report 1"]]);
  assert.deepEqual(draft.reasons[0]?.details[0]?.values, ["aoi", "5", "2"]);
  // What is a day late, or is still to come, is looked at before the reasons; only the days of what is late count.
  assert.deepEqual(draft.look.map(({ code, values }) => [code, ...values]), [
    ["look-late", "2025-04-06", "2026-01-02", "271"],
    ["claimed-after-logged", "1", "31438555"],
  ]);
  const [said] = draft.reasons;
  assert.ok(said && new Speaker("en").sentence(said).includes("up to 270 d 18 h after"));
  assert.ok(said && new Speaker("zh").sentence(said).includes("270 天 18 小时"));
  assert.ok(!sayLateness(draft, [one(8n, "aoi-report", "01/02/2020")]));
});

test("both days of what was logged late are those of the claimed zone, and as many days lie between them", () => {
  const late = (hours: number, ...claims: string[]) => {
    const draft = new Draft();
    const [first = ""] = claims;
    const notAfter = BigInt(Date.parse(first) / 1000 + hours * 3600);
    sayLateness(draft, [{ source: "aoi", sequence: 1n, notAfter, opened: opened("aoi-report", ...claims) }]);
    return draft.look.filter(({ code }) => code === "look-late").map((look) => new Speaker("en").look(look).replaceAll("\u00a0", " "));
  };
  const said = (claimed: string, logged: string, days: string) =>
    [`The files whose time can be read say ${claimed}; by the same clock they were logged only on ${logged}, ${days} later. Before that they could have been altered.`];
  // In UTC these days are others: the claim is of 1 March there.
  assert.deepEqual(late(24, "2026-03-02T00:30:00+08:00"), said("2 March 2026", "3 March 2026", "1 day"));
  assert.deepEqual(late(47, "2026-03-02T00:30:00+08:00"), said("2 March 2026", "3 March 2026", "1 day"));
  // Fewer hours, and yet two midnights.
  assert.deepEqual(late(26, "2026-03-02T23:00:00+08:00"), said("2 March 2026", "4 March 2026", "2 days"));
  assert.deepEqual(late(24, "2026-03-02T23:30:00-08:00"), said("2 March 2026", "3 March 2026", "1 day"));
  assert.deepEqual(late(25, "2026-03-02T23:30:00-08:00"), said("2 March 2026", "4 March 2026", "2 days"));
  assert.deepEqual(late(24, "2026-03-02T00:30:00+14:00"), said("2 March 2026", "3 March 2026", "1 day"));
  assert.deepEqual(late(48, "2026-03-02T23:59:59+14:00"), said("2 March 2026", "4 March 2026", "2 days"));
  assert.deepEqual(late(23, "2026-03-02T00:30:00+08:00"), []);
  // Of several records the most days are meant, which need not be those of the longest time: here 47 hours, and 26.5.
  assert.deepEqual(
    late(47, "2026-03-02T00:30:00Z", "2026-03-02T23:00:00+02:00"),
    said("2 March 2026", "3 March 2026 to 4 March 2026", "up to 2 days"),
  );
  // Behind UTC the first day of all is none of 1970.
  assert.deepEqual(late(24, "1969-12-31T23:30:00-08:00"), said("31 December 1969", "1 January 1970", "1 day"));
});

test("a claim has the offset of the clock that wrote it", () => {
  const offset = (text: string, format: string, zone: string) => claimOf(text, format, zone)?.offset;
  assert.equal(offset("2026-03-02T01:00:00", "iso", "+08:00 (mapping)"), 28_800n);
  assert.equal(offset("2026-03-02T01:00:00.5-03:30", "iso", "+08:00"), -12_600n);
  assert.equal(offset("2026-03-02T01:00:00Z", "iso", "+08:00"), 0n);
  assert.equal(offset("02.03.2026 01:00:00 +14:00", "dd.MM.yyyy HH:mm:ss zzz", "unknown"), 50_400n);
  assert.equal(offset("02.03.2026 01:00:00", "dd.MM.yyyy HH:mm:ss", "Z"), 0n);
});

test("of which kinds the records are whose claimed time is not known is said in words", () => {
  const said = (language: "en" | "zh", ...values: string[]) => new Speaker(language).sentence(say("open-claims-some", ...values));
  assert.match(said("en", "1", "spi-report 1"), /the work 1 record was logged \(Solder paste inspection \(SPI\) 1\)/);
  assert.match(said("en", "3", "repair 2, something 1"), /3 records were logged \(Repair 2, something 1\)/);
  assert.match(said("zh", "3", "repair 2, spi-report 1"), /^3 条记录（维修 2、锡膏检测（SPI） 1）/);
});

test("a length of time is said in its two largest units", () => {
  const cases = [["0", "0 s"], ["12", "12 s"], ["60", "1 min 0 s"], ["7265", "2 h 1 min"], ["86400", "1 d 0 h"]] as const;
  for (const [seconds, text] of cases) assert.equal(span(seconds, "en"), text);
  assert.equal(span("x", "en"), "x");
});
