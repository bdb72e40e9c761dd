/** The vectors of the evidence formats, judged by this implementation. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { encodeBase64, decodeHash, decodeBase64, type Hash } from "../../src/formats/encoding.ts";
import { sameBytes } from "../../src/crypto/bytes.ts";
import { parseDisclosure } from "../../src/formats/disclosure.ts";
import { parseKey } from "../../src/formats/key.ts";
import { TABLES } from "../../src/formats/kinds.ts";
import { rootOfMultiproof } from "../../src/formats/multiproof.ts";
import { verifyNote } from "../../src/formats/note.ts";
import { Refusal } from "../../src/formats/refusal.ts";
import { parseStatement } from "../../src/formats/statement.ts";
import { rootOfLeaves } from "../../src/formats/tree.ts";
import { batchCommitment, fieldLeaf, recordLeaf } from "../../src/judge/commitment.ts";
import { openBatch } from "../../src/judge/opened.ts";
import { ROOT, Vector, namesIn, outcome, vectors } from "../vector.ts";

test("the folders of evidence are these", () => {
  const known = ["commitment", "disclosure", "multiproof", "statement"];
  assert.deepEqual(namesIn("evidence"), known);
});

test("statements", async () => {
  for (const vector of vectors("evidence/statement")) {
    const key = parseKey(vector.one("key"));
    vector.expect(await outcome(async () => {
      const statement = parseStatement(vector.body);
      const signed = await verifyNote(statement.note, key);
      if (signed !== "valid") throw new Refusal(signed === "missing" ? "Missing" : "Invalid");
      assert.deepEqual(statement.leaf, vector.hash("leaf"), vector.path);
    }, 1));
  }
});

test("multi-proofs", async () => {
  for (const vector of vectors("evidence/multiproof")) {
    const leaves = vector.all("leaf").map((line) => {
      const [index, hash] = line.split(" ");
      return { index: BigInt(index ?? ""), hash: decodeHash(hash ?? "") as Hash };
    });
    vector.expect(await outcome(() => {
      const root = rootOfMultiproof(leaves, BigInt(vector.one("size")), vector.hashes("proof"));
      if (!sameBytes(root, vector.hash("root"))) throw new Refusal("another root");
    }));
  }
});

test("disclosures", async () => {
  for (const vector of vectors("evidence/disclosure")) {
    vector.expect(await outcome(() => {
      const disclosure = parseDisclosure(vector.body);
      const opened = openBatch(disclosure, placeOf(vector), vector.hash("commitment"));
      const shown = opened.records.flatMap((record) =>
        record.fields.map((field) => {
          const value = field.value ? encodeBase64(field.value) : "absent";
          return `${record.index} ${field.index} ${field.name} ${value}`;
        })
      );
      assert.deepEqual(shown, vector.all("shown"), vector.path);
    }, 1));
  }
});

function placeOf(vector: Vector) {
  const [log, source] = [vector.one("log"), vector.one("source")];
  return { log, source, sequence: BigInt(vector.one("sequence")) };
}

test("commitments", () => {
  for (const vector of vectors("evidence/commitment")) {
    const records: Hash[][] = [];
    for (const line of vector.all("field")) {
      const [record, salt, name, value] = line.split(" ");
      const bytes = value === "-" ? undefined : decodeBase64(value ?? "");
      const leaf = fieldLeaf(decodeHash(salt ?? "") as Hash, name === "-" ? undefined : name, bytes);
      (records[Number(record)] ??= []).push(leaf);
    }
    assert.deepEqual(records.flat(), vector.hashes("field-leaf"), vector.path);
    const leaves = records.map((fields) => recordLeaf(BigInt(fields.length), rootOfLeaves(fields)));
    assert.deepEqual(leaves, vector.hashes("record-leaf"), vector.path);
    const tree = { size: BigInt(leaves.length), root: rootOfLeaves(leaves) };
    const commitment = batchCommitment(placeOf(vector), tree);
    assert.deepEqual(commitment, vector.hash("commitment"), vector.path);
  }
});

test("the tables of fields are those of the page", () => {
  const page = readFileSync(join(ROOT, "spec/text/evidence.md"), "utf8");
  const section = page.split("### Kinds and their fields")[1]?.split("\n\nA table")[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("| `"));
  const read = rows.map((row) => {
    const [kind, ...fields] = [...row.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "");
    return [kind ?? "", fields] as const;
  });
  assert.deepEqual(new Map(read), new Map(TABLES));
});
