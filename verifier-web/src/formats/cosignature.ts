/**
 * Cosignatures: who saw which tree, and when.
 *
 * Rule: `spec/text/cosignature.md`; vectors: `spec/vectors/cosignature/`.
 *
 *     behind the key ID    u64 time || signature
 *     0x04 signs           "cosignature/v1\ntime <time>\n" || the checkpoint's whole text
 *     0x06 signs           "subtree/v1\n\0" || u8 length || name || u64 time || u8 length || origin
 *                          || u64 0 || u64 size || root
 */

import { bigEndian, concat, readBigEndian } from "../crypto/bytes.ts";
import { verifyEd25519 } from "../crypto/ed25519.ts";
import { ed25519Engine } from "../crypto/engine.ts";
import { verifyMlDsa44 } from "../crypto/mldsa.ts";
import { formatCheckpoint, type Checkpoint } from "./checkpoint.ts";
import { encodeUtf8 } from "./encoding.ts";
import { COSIGNATURE_ED25519, NOTE_ED25519, type VerifierKey } from "./key.ts";
import { claims, type Signature } from "./note.ts";

const TIME_SIZE = 8;
const MAX_TIME = 2n ** 63n - 1n;
const LABEL = encodeUtf8("subtree/v1\n\0");

/** What a key says of a checkpoint: the earliest time in seconds since 1970, or why none counts. */
export type Cosigned =
  | { readonly time: bigint }
  | { readonly none: "missing" | "invalid" | "time-zero" | "time-beyond" | "wrong-type" };

/** Checks all lines that claim a key; each of them must verify. */
export async function verifyCosignatures(
  signatures: readonly Signature[],
  checkpoint: Checkpoint,
  key: VerifierKey,
): Promise<Cosigned> {
  let earliest: Cosigned = { none: "missing" };
  for (const signature of signatures.filter((line) => claims(key, line))) {
    const one = await verifyLine(signature, checkpoint, key);
    if ("time" in one) {
      const isEarlier = !("time" in earliest) || one.time < earliest.time;
      if (isEarlier) earliest = one;
    } else if (one.none === "time-zero") {
      if (!("time" in earliest)) earliest = one;
    } else {
      return one;
    }
  }
  return earliest;
}

async function verifyLine(
  signature: Signature,
  checkpoint: Checkpoint,
  key: VerifierKey,
): Promise<Cosigned> {
  if (key.algorithm === NOTE_ED25519) return { none: "wrong-type" };
  if (signature.bytes.length < TIME_SIZE) return { none: "invalid" };
  const time = readBigEndian(signature.bytes.subarray(0, TIME_SIZE));
  const bytes = signature.bytes.subarray(TIME_SIZE);
  const isValid = key.algorithm === COSIGNATURE_ED25519
    ? await verifyEd25519(
      key.publicBytes,
      ed25519Message(time, checkpoint),
      bytes,
      await ed25519Engine(),
    )
    : verifyMlDsa44(key.publicBytes, mlDsaMessage(key.name, time, checkpoint), bytes);
  if (!isValid) return { none: "invalid" };
  // The time is looked at last: before the signature is checked it is anybody's.
  if (time === 0n) return { none: "time-zero" };
  return time <= MAX_TIME ? { time } : { none: "time-beyond" };
}

function ed25519Message(time: bigint, checkpoint: Checkpoint): Uint8Array {
  return encodeUtf8(`cosignature/v1\ntime ${time}\n${formatCheckpoint(checkpoint)}`);
}

function mlDsaMessage(name: string, time: bigint, checkpoint: Checkpoint): Uint8Array {
  const { origin, tree } = checkpoint;
  return concat(
    LABEL,
    short(name),
    bigEndian(time, 8),
    short(origin),
    bigEndian(0n, 8),
    bigEndian(tree.size, 8),
    tree.root,
  );
}

/** A text of at most 255 bytes behind its length. */
function short(text: string): Uint8Array {
  const bytes = encodeUtf8(text);
  return concat(bigEndian(BigInt(bytes.length), 1), bytes);
}
