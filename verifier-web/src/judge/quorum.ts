/**
 * Counting a quorum, and saying which of its rules are not met. Rule: `spec/text/policy.md`.
 *
 * Where a group needs k members, the k that were complete first are taken, so that one witness with
 * a wrong clock cannot move the latest time while enough others have signed.
 */

import type { Cosigned } from "../formats/cosignature.ts";
import {
  isGroup,
  type Member,
  type Policy,
  type PolicyGroup,
  type PolicyWitness,
} from "../formats/policy.ts";

/** What each witness has said of a checkpoint; one that is left out does not count. */
export type Standings = Map<PolicyWitness, Cosigned>;

/** The span of times that a quorum named, in seconds since 1970. */
export interface Times {
  readonly earliest: bigint;
  readonly latest: bigint;
}

/** Whether a quorum is met, and when it was. */
export type Counted =
  | { readonly isMet: true; readonly times: Times | undefined }
  | { readonly isMet: false };

/** A rule that is not met: the group, and how each of its members stands. */
export interface UnmetRule {
  readonly group: PolicyGroup;
  readonly have: number;
  readonly members: readonly Member[];
}

/** Counts the quorum of a policy. */
export function countQuorum(policy: Policy, standings: Standings): Counted {
  if (!policy.quorum) return { isMet: true, times: undefined };
  const times = timesOf(policy.quorum, standings);
  return times ? { isMet: true, times } : { isMet: false };
}

/** The groups that keep the quorum from being met, from the top down. */
export function unmetRules(member: Member, standings: Standings): UnmetRule[] {
  if (!isGroup(member) || timesOf(member, standings)) return [];
  const have = countOf(member, standings);
  const below = member.members.flatMap((one) => unmetRules(one, standings));
  return [{ group: member, have, members: member.members }, ...below];
}

/** The witnesses that a group which is not met lacks, or the witness itself. */
export function missingWitnesses(member: Member, standings: Standings): PolicyWitness[] {
  if (timesOf(member, standings)) return [];
  if (!isGroup(member)) return [member];
  return member.members.flatMap((one) => missingWitnesses(one, standings));
}

/** How many members of a group count. */
export function countOf(group: PolicyGroup, standings: Standings): number {
  return group.members.filter((one) => timesOf(one, standings)).length;
}

/** When a member was complete; undefined if it is not. Groups are at most 256, one below another. */
export function timesOf(member: Member, standings: Standings): Times | undefined {
  if (!isGroup(member)) {
    const said = standings.get(member);
    return said && "time" in said ? { earliest: said.time, latest: said.time } : undefined;
  }
  const complete = member.members.flatMap((one) => timesOf(one, standings) ?? []);
  if (complete.length < member.threshold) return undefined;
  const first = complete.sort(byCompletion).slice(0, member.threshold);
  return {
    earliest: first.map((one) => one.earliest).reduce((a, b) => (a < b ? a : b)),
    latest: first.map((one) => one.latest).reduce((a, b) => (a > b ? a : b)),
  };
}

function byCompletion(one: Times, other: Times): number {
  return compare(one.latest, other.latest) || compare(one.earliest, other.earliest);
}

function compare(one: bigint, other: bigint): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
