/**
 * The text of an evidence file: its bytes in the encoding that they are in.
 *
 * Machines write UTF-8 with and without a mark, Windows-1252 and GBK, and mostly do not say which. Figures
 * and designators are ASCII in all of them; the choice below decides only how labels are spelled.
 * Compressed files are opened within a limit.
 */

import { decodeUtf8 } from "../formats/encoding.ts";

/** The most bytes of a file that a picture is made from, compressed or not. */
export const MAX_PICTURED_SIZE = 16 * 1024 * 1024;

/** The text; undefined if it is too long or no text in any encoding that is known here. */
export async function textOf(bytes: Uint8Array): Promise<string | undefined> {
  const isCompressed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const plain = isCompressed ? await unzipped(bytes) : bytes;
  if (!plain || plain.length > MAX_PICTURED_SIZE || plain.includes(0)) return undefined;
  const text = decodeUtf8(plain) ?? decoded(plain);
  return text?.replace(/^\ufeff/, "");
}

/** Opens gzip; undefined if it is damaged or too long. */
async function unzipped(bytes: Uint8Array): Promise<Uint8Array | undefined> {
  if (typeof DecompressionStream === "undefined") return undefined;
  const stream = new Blob([new Uint8Array(bytes)]).stream();
  const reader = stream.pipeThrough(new DecompressionStream("gzip")).getReader();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
      if (size > MAX_PICTURED_SIZE) {
        await reader.cancel();
        return undefined;
      }
      pieces.push(value);
    }
  } catch {
    return undefined;
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

/** A declared encoding, or the one in which the bytes above ASCII come in pairs, or the one that is left. */
function decoded(bytes: Uint8Array): string | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, 120));
  const declared = /^<\?xml[^>]*encoding="([A-Za-z0-9_-]{1,20})"/.exec(head)?.[1];
  const encoding = declared ?? (arePairs(bytes) ? "gb18030" : "windows-1252");
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function arePairs(bytes: Uint8Array): boolean {
  let run = 0;
  for (const byte of bytes) {
    if (byte >= 0xa1) run += 1;
    else if (run % 2 === 1) return false;
    else run = 0;
  }
  return run % 2 === 0;
}
