/**
 * Kinds of records and the table of fields of each. Rule: `spec/text/evidence.md`, "Kinds and their
 * fields". A test reads the table of that page and compares.
 */

const EVIDENCE = [
  "kind", "file/sha256", "file/name", "file/size", "media-type", "interpreted", "claimed/start",
  "claimed/end", "claimed/zone", "seen", "machine", "program", "program/sha256", "verdict",
  "units", "tags", "panel", "lot", "supersedes",
] as const;

const SPAN = ["kind", "claimed/start", "claimed/end", "claimed/zone"] as const;

/** The names of the fields at index 0, 1, 2 and so on. Other names come after them. */
export const TABLES: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ["aoi-report", [...EVIDENCE, "operator", "inspected", "defects", "certificate"]],
  ["attachment", [...EVIDENCE, "description"]],
  ["batch", [
    "kind", "record/first", "record/count", "opened", "closed", "boot", "clock", "note",
    "outage/reason",
  ]],
  ["closing", [...SPAN, "records", "units", "note"]],
  ["outage", [...SPAN, "reason", "lost", "note"]],
  ["oven-data", [...EVIDENCE, "operator", "lane", "certificate"]],
  ["program", [...EVIDENCE, "revision", "operator"]],
  ["reflow-certificate", [
    ...EVIDENCE, "operator", "lane", "certificate", "window", "pwi", "trace/sha256", "valid/from",
    "valid/until",
  ]],
  ["repair", [...EVIDENCE, "operator", "repairs"]],
  ["review", [...EVIDENCE, "operator", "reviewed", "verdict/before"]],
  ["spi-report", [...EVIDENCE, "operator", "inspected", "defects", "certificate"]],
]);

/** The kind of record 0, and of no other. */
export const HEADER_KIND = "batch";

/** Kinds of records that are about boards. */
export const ABOUT_BOARDS: readonly string[] = ["aoi-report", "oven-data", "repair", "review", "spi-report"];

/** Whether records of a kind are evidence, about units and with tags; else the agent's own words. */
export function isEvidence(kind: string): boolean {
  return TABLES.get(kind)?.includes("tags") ?? false;
}

const MAX_NAME_LETTERS = 64;

/** Whether a text is a field name: lower-case words joined by slashes. */
export function isFieldName(text: string): boolean {
  return text.length <= MAX_NAME_LETTERS && /^[a-z0-9-]+(\/[a-z0-9-]+)*$/.test(text);
}
