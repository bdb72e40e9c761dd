/** What an accepted checkpoint says, and why one was not accepted. Rule: `spec/text/policy.md`. */

import {
  COSIGNATURE_ML_DSA_44,
  nameOfAlgorithm,
} from "../formats/key.ts";
import { encodeBase64 } from "../formats/encoding.ts";
import { isGroup, shownName, type Member, type Policy } from "../formats/policy.ts";
import type { Refusal } from "../formats/refusal.ts";
import { NotAccepted, onlyPostQuantum, type Accepted } from "./policy.ts";
import { countOf, unmetRules, type Standings, type Times } from "./quorum.ts";
import { Stop, say, sayWith, type Draft, type Said } from "./report.ts";
import { formatUtc } from "./time.ts";

/** Adds the log, the tree, who signed and when, and what the policy leaves open. */
export function describeAccepted(draft: Draft, policy: Policy, accepted: Accepted): void {
  const { checkpoint, logAlgorithms, cosigners, times } = accepted;
  draft.fact("origin", checkpoint.origin);
  draft.fact("tree-size", `${checkpoint.tree.size}`);
  draft.fact("root", encodeBase64(checkpoint.tree.root));
  draft.fact("log-signed", logAlgorithms.map(nameOfAlgorithm).join(", "));
  for (const { witness, time } of cosigners) {
    const kind = nameOfAlgorithm(witness.key.algorithm);
    draft.fact("cosigned", `${shownName(witness.name)} (${kind}) ${formatUtc(time)}`);
  }
  if (times) {
    draft.fact("times", span(times));
  } else {
    draft.open("open-no-witness");
  }
  describePostQuantum(draft, policy, accepted);
}

/** What still stands when Ed25519 has fallen. */
function describePostQuantum(draft: Draft, policy: Policy, accepted: Accepted): void {
  const { postQuantum, standings } = accepted;
  const { origin } = accepted.checkpoint;
  switch (postQuantum.state) {
    case "accepted":
      if (postQuantum.times) draft.fact("post-quantum-times", span(postQuantum.times));
      else draft.fact("post-quantum", "ML-DSA-44");
      return;
    case "log-signature": {
      const isListed = policy.logs.some(
        ({ key }) => key.name === origin && key.algorithm === COSIGNATURE_ML_DSA_44,
      );
      draft.open(isListed ? "open-post-quantum-log" : "open-post-quantum-no-key");
      return;
    }
    case "quorum": {
      const quorum = policy.quorum ? shownName(policy.quorum.name) : "";
      const rules = unmet(policy, onlyPostQuantum(standings), standings);
      draft.notChecked.push(sayWith(say("open-post-quantum-quorum", quorum), rules));
    }
  }
}

/** Says why a policy does not accept a note: the reason, and each rule that it breaks. */
export function refusalOf(policy: Policy, refused: Refusal): Stop {
  const [name] = refused.path;
  const standings = refused instanceof NotAccepted ? refused.standings : new Map();
  const values = [...refused.values];
  switch (name) {
    case "BadSignatures": {
      const lines = refused instanceof NotAccepted ? refused.badLines : [];
      const told = lines.map(({ key, why }) => {
        const detail = say(why === "invalid" ? "detail-invalid" : "detail-timestamp");
        return sayWith(say("bad-signature-line", key.name, key.id), [detail]);
      });
      const rules = unmet(policy, standings, standings);
      return new Stop("rejected", sayWith(say("bad-signatures"), told), ...rules);
    }
    case "LogSignature":
      return new Stop("rejected", say("log-has-not-signed", ...values));
    case "Quorum": {
      const quorum = policy.quorum ? shownName(policy.quorum.name) : "";
      const rules = unmet(policy, standings, standings);
      return new Stop("rejected", say("quorum-not-met", quorum), ...rules);
    }
    case "UnknownLog":
      return new Stop("rejected", unknownLog(policy, values[0] ?? ""));
    default:
      return new Stop("rejected", say("not-a-checkpoint", refused.path.join(" ")));
  }
}

/** A policy without any log was not finished; one that lists others is of another log. */
export function unknownLog(policy: Policy, origin: string): Said {
  return policy.logs.length === 0 ? say("unknown-log-none-listed", origin) : say("unknown-log", origin);
}

/**
 * The rules that keep the quorum from being met; of a single witness, its standing. `counted` are
 * the standings that count, `all` what is known of every witness.
 */
function unmet(policy: Policy, counted: Standings, all: Standings): Said[] {
  const { quorum } = policy;
  if (!quorum) return [];
  const rules = unmetRules(quorum, counted).map(({ group, have, members }) => {
    const numbers = [group.threshold, members.length, have].map(String);
    const told = members.map((member) => standingOf(member, counted, all));
    const name = shownName(group.name);
    const rule = members.some(isGroup) ? say("rule-short-groups", name, ...numbers) : say("rule-short", name, ...numbers);
    return sayWith(rule, told);
  });
  const isShort = !isGroup(quorum) && !("time" in (counted.get(quorum) ?? {}));
  return isShort ? [standingOf(quorum, counted, all)] : rules;
}

function standingOf(member: Member, counted: Standings, all: Standings): Said {
  const name = shownName(member.name);
  if (isGroup(member)) {
    const have = countOf(member, counted);
    const code = have >= member.threshold ? "member-group-met" : "member-group-short";
    return say(code, name, `${have}`, `${member.threshold}`);
  }
  const said = all.get(member);
  if (said && !counted.has(member)) return say("member-not-post-quantum", name);
  if (!said || ("none" in said && said.none === "missing")) return say("member-not-cosigned", name);
  if ("time" in said) return say("member-cosigned", name, formatUtc(said.time));
  return say(said.none === "time-zero" ? "member-timeless" : "member-refused", name);
}

/** From the first time to the last. */
export function span(times: Times): string {
  const [earliest, latest] = [formatUtc(times.earliest), formatUtc(times.latest)];
  return earliest === latest ? latest : `${earliest} .. ${latest}`;
}
