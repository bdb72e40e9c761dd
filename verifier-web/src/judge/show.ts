/** Opened records as values that the page can show. */

import { decodeUtf8 } from "../formats/encoding.ts";
import { encodeHex } from "../formats/hex.ts";
import type { OpenedRecord } from "./opened.ts";
import type { ShownRecord } from "./report.ts";

/** Shows a record; `file` is the name of its file where that was given, `place` its statement. */
export function showRecord(
  record: OpenedRecord,
  file: string | undefined,
  place: string | undefined,
): ShownRecord {
  const fields = record.fields.map(({ name, isKnown, value }) => {
    const text = value && (decodeUtf8(value) ?? `0x${encodeHex(value)}`);
    return { name, isKnown, value: text };
  });
  return { index: `${record.index}`, kind: record.kind, place, file, fields };
}
