/** The vectors of the C2SP formats, judged by this implementation, which has read the pages only. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { formatCheckpoint, parseCheckpoint } from "../../src/formats/checkpoint.ts";
import { verifyCosignatures } from "../../src/formats/cosignature.ts";
import { decodeUtf8, encodeUtf8 } from "../../src/formats/encoding.ts";
import { parseKey } from "../../src/formats/key.ts";
import { formatNote, parseNote, verifyNote } from "../../src/formats/note.ts";
import { parsePolicy, shownName } from "../../src/formats/policy.ts";
import { formatProof, parseProof } from "../../src/formats/proof.ts";
import { Refusal, within } from "../../src/formats/refusal.ts";
import {
  leafHash,
  makeTree,
  rootOfLeaves,
  verifyConsistency,
  verifyInclusion,
} from "../../src/formats/tree.ts";
import { NotAccepted, checkPolicy } from "../../src/judge/policy.ts";
import { missingWitnesses } from "../../src/judge/quorum.ts";
import { Vector, namesIn, outcome, vectors } from "../vector.ts";

const READ_HERE = ["checkpoint", "cosignature", "key", "note", "policy", "proof", "tree"];
const READ_BESIDE = ["bundle", "evidence", "pins", "split"];

/** Formats that the page does not read: a witness, a log and its operator do. */
const NOT_READ = ["enrolment", "succession", "tile", "witness"];
const NO_VECTORS = ["README.md", "generate"];

test("every folder of vectors is known, and none that is read is empty", () => {
  const known = new Set([...READ_HERE, ...READ_BESIDE, ...NOT_READ, ...NO_VECTORS]);
  assert.deepEqual(namesIn().filter((name) => !known.has(name)), []);
  READ_HERE.forEach((group) => assert.ok(vectors(group).length > 0));
});

test("keys", async () => {
  for (const vector of vectors("key")) {
    vector.expect(await outcome(() => parseKey(vector.one("vkey"))));
  }
});

test("notes", async () => {
  for (const vector of vectors("note")) {
    const key = parseKey(vector.one("key"));
    vector.expect(await outcome(async () => {
      const note = parseNote(vector.body);
      assert.deepEqual(formatNote(note), vector.body, vector.path);
      const signed = await verifyNote(note, key);
      if (signed !== "valid") throw new Refusal(signed === "missing" ? "Missing" : "Invalid");
    }));
  }
});

test("checkpoints", async () => {
  for (const vector of vectors("checkpoint")) {
    const text = decodeUtf8(vector.body) ?? "";
    vector.expect(await outcome(() => {
      assert.equal(formatCheckpoint(parseCheckpoint(text)), text, vector.path);
    }));
  }
});

test("trees", async () => {
  for (const vector of vectors("tree")) vector.expect(await outcome(() => checkTree(vector)));
});

function checkTree(vector: Vector): void {
  const tree = (size: string, root: string) => {
    const made = makeTree(BigInt(vector.one(size)), vector.hash(root));
    assert.ok(made, vector.path);
    return made;
  };
  if (vector.has("leaf")) {
    const index = BigInt(vector.one("index"));
    verifyInclusion(vector.hash("leaf"), index, tree("size", "root"), vector.hashes("hash"));
  } else if (vector.has("old")) {
    const [older, newer] = [tree("old", "old-root"), tree("new", "new-root")];
    verifyConsistency(older, newer, vector.hashes("hash"));
  } else {
    const count = Number(vector.one("size"));
    const leaves = Array.from({ length: count }, (_, at) => leafHash(encodeUtf8(`entry ${at}`)));
    assert.deepEqual(rootOfLeaves(leaves), vector.hash("root"), vector.path);
  }
}

const COSIGNATURE_NAMES = {
  missing: ["Missing"],
  invalid: ["Invalid"],
  "time-zero": ["Timestamp", "Zero"],
  "time-beyond": ["Timestamp", "Beyond"],
  "wrong-type": ["WrongType"],
};

test("cosignatures", async () => {
  for (const vector of vectors("cosignature")) {
    const key = parseKey(vector.one("key"));
    const note = parseNote(vector.body);
    const said = await verifyCosignatures(note.signatures, parseCheckpoint(note.text), key);
    vector.expect("time" in said ? "ok" : COSIGNATURE_NAMES[said.none].join(" "));
    if ("time" in said) assert.equal(`${said.time}`, vector.one("time"), vector.path);
  }
});

test("policies", async () => {
  for (const vector of vectors("policy")) {
    const refused = await refusalOf(() => parsePolicy(vector.body));
    if (refused) {
      vector.expect(refused.path.join(" "));
      assert.equal(refused.values.at(-1), vector.one("line"), vector.path);
    } else if (vector.has("note")) {
      await checkJudged(vector);
    } else {
      vector.expect("ok");
    }
  }
});

async function checkJudged(vector: Vector): Promise<void> {
  const policy = parsePolicy(vector.body);
  const note = parseNote(vector.bytes("note"));
  const refused = await refusalOf(() => checkPolicy(policy, note));
  if (refused) {
    vector.expect(refused.path.join(" "));
    if (refused instanceof NotAccepted && refused.path[0] === "Quorum" && policy.quorum) {
      const missing = missingWitnesses(policy.quorum, refused.standings);
      assert.deepEqual(missing.map((one) => shownName(one.name)), vector.all("missing"));
    }
    return;
  }
  vector.expect("ok");
  const accepted = await checkPolicy(policy, note);
  const { times } = accepted;
  const shown = times ? `${times.earliest} ${times.latest}` : "none";
  assert.equal(shown, vector.one("times"), vector.path);
  const names = { accepted: "Accepted", "log-signature": "LogSignature", quorum: "Quorum" };
  assert.equal(names[accepted.postQuantum.state], vector.one("post-quantum"), vector.path);
}

test("proofs", async () => {
  for (const vector of vectors("proof")) {
    const policy = parsePolicy(vector.bytes("policy"));
    vector.expect(await outcome(async () => {
      const proof = parseProof(vector.body);
      assert.deepEqual(formatProof(proof), vector.body, vector.path);
      const judged = await refusalOf(() => checkPolicy(policy, proof.note));
      if (judged) throw judged.within("Policy");
      const leaf = vector.hash("leaf");
      const { tree } = proof.checkpoint;
      within("Inclusion", () => verifyInclusion(leaf, proof.index, tree, proof.hashes));
    }));
  }
});

async function refusalOf(act: () => unknown): Promise<Refusal | undefined> {
  try {
    await act();
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}
