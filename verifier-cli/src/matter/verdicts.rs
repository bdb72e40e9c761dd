//! Whose last word on a board is what: a machine that looked, a person, and the oven apart.
//!
//! They are kept apart because a later record is not a better one: an oven that says `Succeeded` of its run
//! knows nothing of a joint, and must not stand where an inspection has said `Failed`.

use spec::evidence::kind::Kind;

use super::Step;
use crate::reconcile::{in_time, says_bad, says_good};

/// The last verdicts about one board, each as it was stated.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdicts {
    /// That of the last optical inspection; where none says one, that of the last paste inspection.
    pub(crate) machine: Option<String>,
    /// That of the last review or repair, and which of them it was.
    pub(crate) person: Option<(Kind, String)>,
    /// That of the oven on its run.
    pub(crate) oven: Option<String>,
    /// Whether any inspection found something.
    pub(crate) is_failed: bool,
    /// Whether a review left fewer failures than there were.
    pub(crate) is_overridden: bool,
    is_optical: bool,
    failures: usize,
}

impl Verdicts {
    /// Puts together what the records of one board say, given in the order of sight.
    pub(super) fn of(steps: Vec<&Step>) -> Self {
        let mut verdicts = Self::default();
        in_turn(steps).into_iter().for_each(|step| verdicts.add(step));
        verdicts
    }

    /// Takes in the next step, in time.
    fn add(&mut self, step: &Step) {
        let verdict = step.text("verdict");
        match step.kind {
            Kind::AoiReport | Kind::SpiReport => self.look(step, verdict),
            Kind::Review => {
                self.review(step, verdict);
                self.said(step.kind, verdict);
            }
            Kind::Repair => self.said(step.kind, verdict),
            Kind::OvenData if verdict.is_some() => self.oven = verdict.map(str::to_string),
            _ => {}
        }
    }

    fn look(&mut self, step: &Step, verdict: Option<&str>) {
        let count = |text: &str| text.trim().parse::<u64>().is_ok_and(|count| count > 0);
        // Where a machine has no word for it, its count of defects is what it says.
        let failures = match verdict {
            Some(verdict) => failures(verdict),
            None => usize::from(step.text("defects").is_some_and(count)),
        };
        self.is_failed |= failures > 0;
        let is_optical = step.kind == Kind::AoiReport;
        if self.is_optical && !is_optical {
            return;
        }
        if let Some(verdict) = verdict {
            (self.machine, self.is_optical) = (Some(verdict.to_string()), is_optical);
        }
        self.failures = failures;
    }

    /// What stood before is what the review itself names, or else what the machine said last.
    fn review(&mut self, step: &Step, verdict: Option<&str>) {
        let before = step.text("verdict/before").map_or(self.failures, failures);
        let is_fewer = |now: &str| failures(now) < before && now.lines().any(says_good);
        self.is_overridden |= verdict.is_some_and(is_fewer);
        self.is_failed |= before > 0;
    }

    fn said(&mut self, kind: Kind, verdict: Option<&str>) {
        if let Some(verdict) = verdict {
            self.person = Some((kind, verdict.to_string()));
        }
    }
}

/// The steps in time, as `reconcile` takes them. Where people's words claim no times, machines' reports are
/// still in order among themselves.
fn in_turn(steps: Vec<&Step>) -> Vec<&Step> {
    // An oven says nothing of the others, and its pass has a time of its own.
    let (passes, mut others): (Vec<&Step>, Vec<&Step>) =
        steps.into_iter().partition(|step| step.kind == Kind::OvenData);
    in_time(&mut others, |step| step.times());
    let looks = others.iter().copied().filter(|step| step.kind == Kind::AoiReport);
    let mut looks: Vec<&Step> = looks.collect();
    in_time(&mut looks, |step| step.times());
    let mut looks = looks.into_iter();
    let in_place = others.into_iter().map(|step| match step.kind {
        Kind::AoiReport => looks.next().unwrap_or(step),
        _ => step,
    });
    passes.into_iter().chain(in_place).collect()
}

/// How many words of a list say that something is bad.
fn failures(verdict: &str) -> usize {
    verdict.lines().filter(|word| says_bad(word)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(steps: &[(Kind, &[(&'static str, &str)])]) -> Verdicts {
        let steps = steps.iter().zip(1..);
        let steps: Vec<Step> =
            steps.map(|((kind, values), number)| Step::of(*kind, number, values)).collect();
        Verdicts::of(steps.iter().collect())
    }

    #[test]
    fn the_last_word_is_that_of_the_last_time_whatever_was_seen_first() {
        let at = |time| [("claimed/start", time), ("claimed/zone", "Z")];
        let [first, review, second] =
            ["2026-03-02T08:50:00Z", "2026-03-02T08:56:00Z", "2026-03-02T10:05:00Z"].map(at);
        let said = |word, at: [(&'static str, &'static str); 2]| [("verdict", word), at[0], at[1]];
        let failed: &[_] = &said("Failed", first);
        let rejected: &[_] = &said("Failed", review);
        let passed: &[_] = &said("Passed", second);
        let all = [(Kind::AoiReport, passed), (Kind::AoiReport, failed), (Kind::Review, rejected)];
        let verdicts = of(&all);
        assert_eq!(verdicts.machine.as_deref(), Some("Passed"));
        assert!(verdicts.is_failed && !verdicts.is_overridden);
        // A person's word without a time leaves the machine's in order.
        let untimed: &[_] = &[("verdict", "Failed")];
        let verdicts = of(&[all[0], all[1], (Kind::Review, untimed)]);
        assert_eq!(verdicts.machine.as_deref(), Some("Passed"));
    }

    #[test]
    fn a_claimed_time_whose_zone_is_not_opened_puts_nothing_in_order() {
        let claiming = |word, time| [("verdict", word), ("claimed/start", time)];
        let passed = claiming("Passed", "2026-03-02T10:05:00Z");
        let failed = claiming("Failed", "2026-03-02T08:50:00Z");
        // Seen in this order, and made in the other. Each time has an offset of its own.
        let last = |zone: Option<&str>| {
            let passed: &[_] = &[passed[0], passed[1], ("claimed/zone", "Z")];
            let zone = zone.map(|zone| ("claimed/zone", zone));
            let failed: Vec<_> = failed.into_iter().chain(zone).collect();
            of(&[(Kind::AoiReport, passed), (Kind::AoiReport, failed.as_slice())]).machine
        };
        assert_eq!(last(Some("Z")).as_deref(), Some("Passed"));
        assert_eq!(last(None).as_deref(), Some("Failed"));
        assert_eq!(last(Some("")).as_deref(), Some("Failed"));
    }

    #[test]
    fn an_oven_hides_no_failed_inspection() {
        let verdicts = of(&[
            (Kind::SpiReport, &[("verdict", "GOOD")]),
            (Kind::AoiReport, &[("verdict", "Passed\nFailed")]),
            (Kind::OvenData, &[("verdict", "Succeeded")]),
        ]);
        assert_eq!(verdicts.machine.as_deref(), Some("Passed\nFailed"));
        assert_eq!(verdicts.oven.as_deref(), Some("Succeeded"));
        assert!(verdicts.is_failed && !verdicts.is_overridden && verdicts.person.is_none());
    }

    #[test]
    fn a_review_that_overrides_is_marked_and_one_that_confirms_is_not() {
        let aoi: (Kind, &[_]) = (Kind::AoiReport, &[("verdict", "Failed\nFailed")]);
        let review = |word: &str| {
            let verdicts = of(&[aoi, (Kind::Review, &[("verdict", word)])]);
            assert_eq!(verdicts.machine.as_deref(), Some("Failed\nFailed"));
            assert_eq!(verdicts.person, Some((Kind::Review, word.to_string())));
            verdicts.is_overridden
        };
        assert!(review("Passed\nPassed") && review("Passed\nFailed"));
        assert!(!review("Failed\nFailed") && !review("hold\nhold"));
    }

    #[test]
    fn a_second_attempt_forgets_no_first_one_and_crossed_out_boards_did_not_fail() {
        let verdicts = of(&[
            (Kind::AoiReport, &[("defects", "3")]),
            (Kind::AoiReport, &[("verdict", "Passed")]),
        ]);
        assert!(verdicts.is_failed);
        assert_eq!(verdicts.machine.as_deref(), Some("Passed"));
        assert!(!of(&[(Kind::AoiReport, &[("verdict", "Passed\nSkipped")])]).is_failed);
    }
}
