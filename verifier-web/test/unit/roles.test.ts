/** What a file seems to be, by its form: the reader's own files are told from evidence. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { sha256 } from "../../src/crypto/sha256.ts";
import { encodeUtf8 } from "../../src/formats/encoding.ts";
import { guessRole } from "../../src/page/roles.ts";
import { makeBundle, partsOf, pinsFrom } from "../maker-bundle.ts";
import { POLICY, SIGNERS, anchor } from "../maker.ts";

test("each of the reader's own files is known by its form, and none is taken as evidence unasked", async () => {
  const made = anchor("report.json", sha256(encodeUtf8("{}")));
  const guess = async (name: string, text: string | Uint8Array) => {
    const bytes = typeof text === "string" ? encodeUtf8(text) : text;
    return guessRole({ name, blob: new Blob([new Uint8Array(bytes)]) });
  };
  const bundle = makeBundle(partsOf("records", made));
  const damaged = bundle.map((byte, at) => (at === 0 || at === 30 ? byte ^ 1 : byte));
  const crlf = (text: string) => text.replaceAll("\n", "\r\n");
  const wide = (text: string) => new Uint8Array(Buffer.from(`\ufeff${text}`, "utf16le"));
  const cases = [
    ["our.policy", POLICY, "policy", "unused"],
    ["pins", pinsFrom(made), "pins", "unused"],
    // As an editor may have left them: still the reader's own, and none of the evidence.
    ["crlf.pins", crlf(pinsFrom(made)), "pins", "unused"],
    ["bom.pins", `\ufeff${crlf(pinsFrom(made))}`, "pins", "unused"],
    ["utf-16.pins", wide(pinsFrom(made)), "pins", "unused"],
    ["unended.pins", pinsFrom(made).trimEnd(), "pins", "unused"],
    ["crlf.policy", crlf(POLICY), "policy", "unused"],
    ["bom.policy", `\ufeff${POLICY}`, "policy", "unused"],
    ["LOT.KEY", `\ufeff${"96DC".repeat(16)}\r\n`, "lotKeys", "file"],
    ["aoi.vkey", SIGNERS.source.vkey, "keys", "unused"],
    ["lot.key", "96dc".repeat(16), "lotKeys", "file"],
    ["shipped.csv", "序列号;批次\r\nSN1;L7\r\n", "units", "file"],
    ["shipped.txt", "SN1\nSN2", "units", "file"],
    // A list is one under the name of a key as well; a damaged key of any kind, which would be shown, is none.
    ["lot.key", "serial,panel\nSN1,PN1\n", "units", "file"],
    ["LOT.KEY", "SN1\r\nSN2\r\n", "units", "file"],
    ["utf-16.key", wide("SN1\nSN2\n"), "units", "file"],
    ["gbk.key", Uint8Array.of(0xd0, 0xf2, 0xc1, 0xd0, 0xba, 0xc5, 0x0a, 0x53, 0x31, 0x0a), "units", "file"],
    ["words.key", "of our lot\n", undefined, "file"],
    ["one.key", "SN1\n", undefined, "file"],
    ["short.key", `${"96dc".repeat(16)}\n${"96dc".repeat(15)}96d\n`, undefined, "file"],
    ["halves.key", `${"96dc".repeat(8)}\n${"96dc".repeat(8)}\n`, undefined, "file"],
    ["quarters.key", `${"96dc".repeat(4)}\n`.repeat(4), undefined, "file"],
    ["private.key", `PRIVATE+KEY+a+12345678+${"Ab1+".repeat(11)}\n`.repeat(2), undefined, "file"],
    ["shipped", "serial,panel\nSN1,PN1\n", undefined, "file"],
    ["picks.txt", "fiducial/challenge/v1\nlog a\n", undefined, "challenge"],
    ["picks-crlf.txt", "fiducial/challenge/v1\r\nlog a\r\n", undefined, "challenge"],
    ["report.json", '{"board": "SN1"}\n', undefined, "file"],
    ["a.tlog-proof", made.receipt, undefined, "receipt"],
    ["b.zip", bundle, undefined, "bundle"],
    ["damaged.zip", damaged, undefined, "bundle"],
    ["other.zip", bundle.subarray(0, 30), undefined, "file"],
  ] as const;
  for (const [name, text, own, role] of cases) {
    assert.deepEqual(await guess(name, text), { role, own }, name);
  }
});
