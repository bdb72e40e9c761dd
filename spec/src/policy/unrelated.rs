//! The quorum once more, with the demand that somebody in it is independent.
//!
//! A quorum of witnesses that all belong to the two sides of a dispute shows that both sides saw
//! one log, and nothing to anybody else. Who belongs to whom is the verifier's own knowledge and
//! comes in as a predicate over key names: all keys of one name are one witness.
//!
//! Danger: it is not enough that *some* independent witness has cosigned *at some time*. Witnesses
//! of one party could name a time of last year, and the independent one may have come along today.
//! So the times returned here are those of the earliest quorum **that holds** such a witness.

use alloc::vec::Vec;

use super::check::{earliest, order, span, times_of};
use super::{AcceptedCheckpoint, Counting, Member, Policy, Times};
use crate::cosignature::Timestamp;
use crate::key::{Algorithm, KeyName};

/// What a member of the quorum offers: its earliest times, and the earliest ones of a choice of
/// its members in which somebody wanted is included.
#[derive(Clone, Copy)]
struct Offer {
    any: Option<Times>,
    with_wanted: Option<Times>,
}

impl Policy {
    /// The times of the earliest quorum in which at least one witness has a key name that
    /// `is_wanted`; `None` if no quorum holds one, or the policy asks for none at all.
    ///
    /// `accepted` must come from this policy.
    pub fn times_with(
        &self,
        accepted: &AcceptedCheckpoint,
        counting: Counting,
        is_wanted: impl Fn(&KeyName) -> bool,
    ) -> Option<Times> {
        let quorum = self.quorum()?;
        let cosigned: Vec<Option<Timestamp>> = self
            .witnesses()
            .iter()
            .map(|witness| {
                let is_counted = counting == Counting::All
                    || witness.key().algorithm() == Algorithm::CosignatureMlDsa44;
                let mut cosigners = accepted.cosigners().iter();
                let own = cosigners.find(|cosigner| cosigner.witness == *witness.name());
                own.filter(|_| is_counted).map(|cosigner| cosigner.time)
            })
            .collect();
        let mut groups: Vec<Offer> = Vec::with_capacity(self.groups().len());
        for group in self.groups() {
            let offer = |member: &Member| self.offer(*member, &cosigned, &groups, &is_wanted);
            let offers: Vec<Offer> = group.members().iter().map(offer).collect();
            groups.push(choose(&offers, group.threshold()));
        }
        self.offer(quorum, &cosigned, &groups, &is_wanted).with_wanted
    }

    fn offer(
        &self,
        member: Member,
        cosigned: &[Option<Timestamp>],
        groups: &[Offer],
        is_wanted: &impl Fn(&KeyName) -> bool,
    ) -> Offer {
        match member {
            Member::Group(at) => groups[at],
            Member::Witness(at) => {
                let any = times_of(member, cosigned, &[]);
                let wanted = is_wanted(self.witnesses()[at].key().name());
                Offer { any, with_wanted: any.filter(|_| wanted) }
            }
        }
    }
}

/// The best choice of `threshold` members, and the best that includes somebody wanted.
fn choose(offers: &[Offer], threshold: usize) -> Offer {
    let all = offers.iter().filter_map(|offer| offer.any).collect();
    let any = earliest(all, threshold).and_then(|chosen| span(&chosen));
    // One member brings somebody wanted; the rest are the earliest of the others.
    let with = offers.iter().enumerate().filter_map(|(at, offer)| {
        let wanted = offer.with_wanted?;
        let others = offers.iter().enumerate().filter(|(other, _)| *other != at);
        let mut chosen =
            earliest(others.filter_map(|(_, offer)| offer.any).collect(), threshold - 1)?;
        chosen.push(wanted);
        span(&chosen)
    });
    Offer { any, with_wanted: with.min_by_key(order) }
}

#[cfg(test)]
mod tests {
    use super::super::check::tests::{note, policy};
    use super::*;

    /// The times of the earliest quorum with `w<wanted>` in it.
    fn times(rules: &str, witnesses: &[(u8, u64)], wanted: &[u8]) -> Option<(u64, u64)> {
        let policy = policy(rules);
        let accepted = policy.check(&note(witnesses, &[])).unwrap();
        let names: Vec<alloc::string::String> =
            wanted.iter().map(|seed| alloc::format!("w{seed}.example")).collect();
        let is_wanted = |name: &KeyName| names.iter().any(|wanted| wanted == name.as_str());
        let found = policy.times_with(&accepted, Counting::All, is_wanted)?;
        Some((found.earliest.as_seconds(), found.latest.as_seconds()))
    }

    const TWO_OF_THREE: &str = "group q 2 w2 w3 w4\nquorum q\n";

    #[test]
    fn a_late_independent_witness_moves_the_time_to_its_own() {
        let all = [(2, 10), (3, 20), (4, 5_000)];
        assert_eq!(times(TWO_OF_THREE, &all, &[2, 3, 4]), Some((10, 20)));
        assert_eq!(times(TWO_OF_THREE, &all, &[2]), Some((10, 20)));
        assert_eq!(times(TWO_OF_THREE, &all, &[4]), Some((10, 5_000)));
        assert_eq!(times(TWO_OF_THREE, &all, &[]), None);
    }

    #[test]
    fn somebody_outside_the_quorum_does_not_make_it_independent() {
        let all = [(2, 10), (3, 20), (5, 6)];
        assert_eq!(times(TWO_OF_THREE, &all, &[5]), None);
        // Nor does a member of a group that is itself not met.
        let rules = "group pair all w5 w6\ngroup q any w2 pair\nquorum q\n";
        assert_eq!(times(rules, &[(2, 10), (5, 6)], &[5]), None);
        assert_eq!(times(rules, &[(2, 10), (5, 6), (6, 30)], &[5]), Some((6, 30)));
    }

    #[test]
    fn nested_groups_pass_the_demand_on() {
        let rules = "group a any w2 w3\ngroup b any w4 w5\ngroup q all a b\nquorum q\n";
        let all = [(2, 10), (3, 90), (4, 20), (5, 70)];
        assert_eq!(times(rules, &all, &[2, 5]), Some((10, 20)));
        assert_eq!(times(rules, &all, &[3, 5]), Some((10, 70)));
        assert_eq!(times(rules, &all, &[3]), Some((20, 90)));
    }

    #[test]
    fn one_witness_alone_and_no_quorum_at_all() {
        assert_eq!(times("quorum w2\n", &[(2, 10)], &[2]), Some((10, 10)));
        assert_eq!(times("quorum w2\n", &[(2, 10)], &[3]), None);
        assert_eq!(times("quorum none\n", &[(2, 10)], &[2]), None);
    }

    #[test]
    fn an_ed25519_key_is_no_post_quantum_witness() {
        let policy = policy("quorum w2\n");
        let accepted = policy.check(&note(&[(2, 10)], &[])).unwrap();
        assert_eq!(policy.times_with(&accepted, Counting::PostQuantum, |_| true), None);
    }
}
