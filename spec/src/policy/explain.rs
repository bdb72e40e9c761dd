//! A policy walked rule by rule over one checkpoint: who counts, who is missing, and why.
//!
//! [`Policy::check`] decides; this only says. It looks at the same lines under the same rules and
//! gives every group below the quorum line with the standing of each of its members, so that a
//! person can be told "factory-side needs 2 of 3: w1 cosigned, w2 has not, w3 does not verify".
//!
//! Danger: an [`Explanation`] in which the quorum is met is no acceptance. The log's own signature
//! is not looked at here, and a bad line of a known key refuses the whole note in `check`.

use alloc::vec;
use alloc::vec::Vec;

use super::check::is_absent;
use super::{Member, Policy, PolicyName, PolicyWitness};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::cosignature::{self, CosignatureError, Timestamp, TimestampError};
use crate::key::Algorithm;
use crate::note::Note;

/// Which cosignatures count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "tlog-policy's count, and ours that outlives Ed25519")]
pub enum Counting {
    /// All of them.
    All,
    /// Those of type `0x06` alone.
    PostQuantum,
}

/// How one key of a witness, or one group, stands to a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "each standing needs words of its own")]
pub enum Standing {
    /// The key has signed, and it counts.
    Cosigned(Timestamp),
    /// A group: so many of its members count.
    Group {
        /// How many members count.
        have: usize,
        /// How many must.
        need: usize,
    },
    /// No line by this key.
    NotCosigned,
    /// The key signs with Ed25519, which this count leaves out.
    NotPostQuantum,
    /// A line names the key and is refused.
    Refused(CosignatureError),
    /// The key has signed, but with time 0, which never counts.
    Timeless,
}

impl Standing {
    /// Whether it counts towards the rule above it.
    #[must_use]
    pub const fn counts(self) -> bool {
        match self {
            Self::Cosigned(_) => true,
            Self::Group { have, need } => have >= need,
            Self::NotCosigned | Self::NotPostQuantum | Self::Refused(_) | Self::Timeless => false,
        }
    }
}

/// A member of a rule, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemberStanding {
    /// Its name in the policy.
    pub name: PolicyName,
    /// How it stands.
    pub standing: Standing,
}

/// A group of the policy, and how its members stand.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rule {
    /// The group's name.
    pub name: PolicyName,
    /// How many members must count.
    pub need: usize,
    /// How many do.
    pub have: usize,
    /// All members, in the order of the policy.
    pub members: Vec<MemberStanding>,
}

impl Rule {
    /// Whether the group counts.
    #[must_use]
    pub const fn is_met(&self) -> bool {
        self.have >= self.need
    }
}

/// A policy's rules over one checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// What the quorum line names, and how it stands; `None` for `quorum none`.
    pub quorum: Option<MemberStanding>,
    /// The groups below the quorum line, from the top down: each behind those that hold it.
    pub rules: Vec<Rule>,
}

impl Explanation {
    /// The unmet groups that keep the quorum from being met, from the top down.
    ///
    /// A group that nobody needs any more, because its parent is met without it, is not among them.
    pub fn unmet(&self) -> impl Iterator<Item = &Rule> {
        let mut needed: Vec<&PolicyName> = Vec::new();
        if let Some(quorum) = self.quorum.as_ref().filter(|quorum| !quorum.standing.counts()) {
            needed.push(&quorum.name);
        }
        self.rules.iter().filter(move |rule| {
            let is_needed = !rule.is_met() && needed.contains(&&rule.name);
            if is_needed {
                needed.extend(rule.members.iter().map(|member| &member.name));
            }
            is_needed
        })
    }
}

impl Policy {
    /// Says how every rule below the quorum stands for this note.
    pub fn explain(&self, note: &Note, counting: Counting) -> Result<Explanation, CheckpointError> {
        let checkpoint = Checkpoint::parse(note.text())?;
        let standing = |witness| standing_of(witness, note, &checkpoint, counting);
        let witnesses: Vec<Standing> = self.witnesses.iter().map(standing).collect();
        // Groups refer backwards only, so one pass in order settles them all.
        let mut groups: Vec<Standing> = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let counts = |member: &&Member| self.standing(**member, &witnesses, &groups).counts();
            let have = group.members().iter().filter(counts).count();
            groups.push(Standing::Group { have, need: group.threshold() });
        }
        let told = |member: Member| MemberStanding {
            name: self.name_of(member).clone(),
            standing: self.standing(member, &witnesses, &groups),
        };
        let rules = self.groups_below_quorum().into_iter().map(|at| {
            let group = &self.groups[at];
            let members: Vec<MemberStanding> = group.members().iter().copied().map(told).collect();
            let have = members.iter().filter(|member| member.standing.counts()).count();
            Rule { name: group.name().clone(), need: group.threshold(), have, members }
        });
        Ok(Explanation { quorum: self.quorum.map(told), rules: rules.collect() })
    }

    fn standing(&self, member: Member, witnesses: &[Standing], groups: &[Standing]) -> Standing {
        match member {
            Member::Group(at) => groups[at],
            Member::Witness(at) => witnesses[at],
        }
    }

    /// The groups that the quorum rests on, later ones first: a group stands behind its parents.
    fn groups_below_quorum(&self) -> Vec<usize> {
        let mut below = vec![false; self.groups.len()];
        if let Some(Member::Group(at)) = self.quorum {
            below[at] = true;
        }
        let mut found = Vec::new();
        for at in (0..self.groups.len()).rev() {
            if !below[at] {
                continue;
            }
            found.push(at);
            for member in self.groups[at].members() {
                if let Member::Group(lower) = member {
                    below[*lower] = true;
                }
            }
        }
        found
    }
}

fn standing_of(
    witness: &PolicyWitness,
    note: &Note,
    checkpoint: &Checkpoint,
    counting: Counting,
) -> Standing {
    let is_post_quantum = witness.key().algorithm() == Algorithm::CosignatureMlDsa44;
    match cosignature::verify(note.signatures(), checkpoint, witness.key()) {
        Ok(_) if counting == Counting::PostQuantum && !is_post_quantum => Standing::NotPostQuantum,
        Ok(time) => Standing::Cosigned(time),
        Err(CosignatureError::Timestamp(TimestampError::Zero)) => Standing::Timeless,
        Err(why) if is_absent(why) && counting == Counting::PostQuantum && !is_post_quantum => {
            Standing::NotPostQuantum
        }
        Err(why) if is_absent(why) => Standing::NotCosigned,
        Err(why) => Standing::Refused(why),
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::tests::{checkpoint, label, ml_dsa_line, note, policy, witness_key};
    use super::*;
    use crate::key::VerifierKey;
    use alloc::format;
    use alloc::string::{String, ToString};

    fn told(rule: &Rule) -> String {
        let members: Vec<String> = rule
            .members
            .iter()
            .map(|member| format!("{} {}", member.name, member.standing.counts()))
            .collect();
        format!("{} {}/{}: {}", rule.name, rule.have, rule.need, members.join(", "))
    }

    const RULES: &str =
        "group X 2 w2 w3 w4\ngroup Y any w5 w6 w7\ngroup both all X Y\nquorum both\n";

    #[test]
    fn each_member_of_a_nested_rule_has_its_standing() {
        let policy = policy(RULES);
        let mut bad = cosignature::sign_ed25519(
            &witness_key(4),
            Timestamp::from_seconds(9).unwrap(),
            &checkpoint(),
        );
        bad.bytes[20] ^= 1;
        let explained = policy.explain(&note(&[(2, 5), (7, 7)], &[bad]), Counting::All).unwrap();
        let rules: Vec<String> = explained.rules.iter().map(told).collect();
        assert_eq!(
            rules,
            [
                "both 1/2: X false, Y true",
                "Y 1/1: w5 false, w6 false, w7 true",
                "X 1/2: w2 true, w3 false, w4 false"
            ]
        );
        let x = explained.unmet().nth(1).unwrap();
        assert!(x.members[0].standing.counts());
        assert_eq!(x.members[1].standing, Standing::NotCosigned);
        assert_eq!(x.members[2].standing, Standing::Refused(CosignatureError::Invalid));
        let unmet: Vec<PolicyName> = explained.unmet().map(|rule| rule.name.clone()).collect();
        assert_eq!(unmet, [label("both"), label("X")]);
        let quorum = explained.quorum.unwrap();
        assert_eq!(quorum.standing, Standing::Group { have: 1, need: 2 });
    }

    #[test]
    fn a_met_rule_is_told_and_nothing_of_it_is_unmet() {
        let explained = policy(RULES).explain(&note(&[(2, 5), (3, 6), (7, 7)], &[]), Counting::All);
        let explained = explained.unwrap();
        assert_eq!(explained.rules.len(), 3);
        assert_eq!(explained.unmet().count(), 0);
        // A short group below a parent that is met without it keeps nothing from anything.
        let any = policy("group X all w2 w3\ngroup q any X w4\nquorum q\n");
        let explained = any.explain(&note(&[(4, 5)], &[]), Counting::All).unwrap();
        assert_eq!(explained.rules.iter().filter(|rule| !rule.is_met()).count(), 1);
        assert_eq!(explained.unmet().count(), 0);
    }

    #[test]
    fn one_witness_or_nobody_as_the_quorum_needs_no_rule() {
        let single = policy("group unused any w2\nquorum w3\n");
        let explained = single.explain(&note(&[(2, 5)], &[]), Counting::All).unwrap();
        assert!(explained.rules.is_empty());
        assert_eq!(explained.quorum.unwrap().standing, Standing::NotCosigned);
        let none = policy("quorum none\n").explain(&note(&[], &[]), Counting::All).unwrap();
        assert_eq!((none.quorum, none.rules.len()), (None, 0));
    }

    #[test]
    fn the_post_quantum_count_names_the_keys_that_it_leaves_out() {
        let key = |public: &VerifierKey| public.to_string();
        let (w9, line) = ml_dsa_line("w9.example", 42, 9);
        let (w8, timeless) = ml_dsa_line("w8.example", 43, 0);
        let text = format!(
            "witness w2 {}\nwitness w8 {}\nwitness w9 {}\ngroup q all w2 w8 w9\nquorum q\n",
            key(witness_key(2).verifier()),
            key(&w8),
            key(&w9),
        );
        let policy = Policy::parse(text.as_bytes()).unwrap();
        let signed = note(&[(2, 5)], &[line, timeless]);
        let standings = |counting| -> Vec<Standing> {
            let explained = policy.explain(&signed, counting).unwrap();
            explained.rules[0].members.iter().map(|member| member.standing).collect()
        };
        let at = |seconds| Standing::Cosigned(Timestamp::from_seconds(seconds).unwrap());
        assert_eq!(standings(Counting::All), [at(5), Standing::Timeless, at(9)]);
        let left = [Standing::NotPostQuantum, Standing::Timeless, at(9)];
        assert_eq!(standings(Counting::PostQuantum), left);
    }
}
