/**
 * Judging a checkpoint under a policy. Rule: `spec/text/policy.md`, "Judging a checkpoint".
 *
 * Every line that names a key of the policy must verify, needed or not. The quorum is counted
 * twice: over all cosignatures, and over those of type 0x06 alone.
 */

import { parseCheckpoint, type Checkpoint } from "../formats/checkpoint.ts";
import { verifyCosignatures, type Cosigned } from "../formats/cosignature.ts";
import {
  COSIGNATURE_ML_DSA_44,
  NOTE_ED25519,
  type Algorithm,
  type VerifierKey,
} from "../formats/key.ts";
import { verifyNote, type Note } from "../formats/note.ts";
import type { Policy, PolicyWitness } from "../formats/policy.ts";
import { Refusal, within } from "../formats/refusal.ts";
import { countQuorum, type Standings, type Times } from "./quorum.ts";

/** A line that names a known key and does not verify. */
export interface BadLine {
  readonly key: VerifierKey;
  readonly why: "invalid" | "time-beyond";
}

/** What the ML-DSA-44 signatures alone amount to. */
export type PostQuantum =
  | { readonly state: "accepted"; readonly times: Times | undefined }
  | { readonly state: "log-signature" }
  | { readonly state: "quorum" };

/** A checkpoint that a policy accepts. Extension lines are not part of it. */
export interface Accepted {
  readonly checkpoint: Checkpoint;
  readonly logAlgorithms: readonly Algorithm[];
  readonly cosigners: readonly { readonly witness: PolicyWitness; readonly time: bigint }[];
  /** The times of the quorum that was complete first; undefined under `quorum none`. */
  readonly times: Times | undefined;
  readonly postQuantum: PostQuantum;
  readonly standings: Standings;
}

/** Why a policy does not accept a note, with what is known of each witness. */
export class NotAccepted extends Refusal {
  readonly badLines: readonly BadLine[];
  readonly standings: Standings;

  constructor(why: Refusal, standings: Standings, badLines: readonly BadLine[] = []) {
    super(why.path, ...why.values);
    this.standings = standings;
    this.badLines = badLines;
  }
}

/** Judges a note. */
export async function checkPolicy(policy: Policy, note: Note): Promise<Accepted> {
  const checkpoint = within("Checkpoint", () => parseCheckpoint(note.text));
  const logs = await Promise.all(
    policy.logs.map(async ({ key }) => ({ key, said: await logSigned(note, checkpoint, key) })),
  );
  const standings: Standings = new Map();
  for (const witness of policy.witnesses) {
    standings.set(witness, await verifyCosignatures(note.signatures, checkpoint, witness.key));
  }
  const told = [
    ...logs,
    ...[...standings].map(([witness, said]) => ({ key: witness.key, said })),
  ];
  const badLines = told.flatMap(({ key, said }) => badLine(key, said));
  const refuse = (name: string, ...values: string[]) =>
    new NotAccepted(new Refusal(name, ...values), standings, badLines);
  if (badLines.length > 0) throw refuse("BadSignatures");

  const { origin } = checkpoint;
  const own = logs.filter(({ key }) => key.name === origin);
  if (own.length === 0) throw refuse("UnknownLog", origin);
  const logAlgorithms = own.filter(({ said }) => "time" in said).map(({ key }) => key.algorithm);
  if (logAlgorithms.length === 0) throw refuse("LogSignature", origin);
  const counted = countQuorum(policy, standings);
  if (!counted.isMet) throw refuse("Quorum");
  return {
    checkpoint,
    logAlgorithms,
    cosigners: [...standings].flatMap(([witness, said]) =>
      "time" in said ? [{ witness, time: said.time }] : []
    ),
    times: counted.times,
    postQuantum: judgePostQuantum(policy, standings, logAlgorithms),
    standings,
  };
}

/** The standings of which only ML-DSA-44 counts. */
export function onlyPostQuantum(standings: Standings): Standings {
  const isPostQuantum = (witness: PolicyWitness) => witness.key.algorithm === COSIGNATURE_ML_DSA_44;
  return new Map([...standings].filter(([witness]) => isPostQuantum(witness)));
}

function judgePostQuantum(
  policy: Policy,
  standings: Standings,
  logAlgorithms: readonly Algorithm[],
): PostQuantum {
  if (!logAlgorithms.includes(COSIGNATURE_ML_DSA_44)) return { state: "log-signature" };
  const counted = countQuorum(policy, onlyPostQuantum(standings));
  return counted.isMet ? { state: "accepted", times: counted.times } : { state: "quorum" };
}

/** What a key of a log says; one of type 0x01 names no time, which is 1 here. */
async function logSigned(note: Note, checkpoint: Checkpoint, key: VerifierKey): Promise<Cosigned> {
  if (key.algorithm !== NOTE_ED25519) {
    return verifyCosignatures(note.signatures, checkpoint, key);
  }
  const signed = await verifyNote(note, key);
  return signed === "valid" ? { time: 1n } : { none: signed };
}

/** A key that has not signed, or only without a time, is absent; anything else is a bad line. */
function badLine(key: VerifierKey, said: Cosigned): BadLine[] {
  if ("time" in said || said.none === "missing" || said.none === "time-zero") return [];
  return [{ key, why: said.none === "time-beyond" ? "time-beyond" : "invalid" }];
}
