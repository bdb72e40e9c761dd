//! Whose last word on a board is what: a machine that looked, a person, and the oven apart.
//!
//! They are kept apart because a later record is not a better one: an oven that says `Succeeded` of its run
//! knows nothing of a joint, and must not stand where an inspection has said `Failed`.

use spec::evidence::kind::Kind;

use super::Step;
use crate::reconcile::{says_bad, says_good};

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
    /// Takes in the next step, in the order of sight.
    pub(super) fn add(&mut self, step: &Step) {
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

/// How many words of a list say that something is bad.
fn failures(verdict: &str) -> usize {
    verdict.lines().filter(|word| says_bad(word)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(steps: &[(Kind, &[(&'static str, &str)])]) -> Verdicts {
        let mut verdicts = Verdicts::default();
        for ((kind, values), number) in steps.iter().zip(1..) {
            verdicts.add(&Step::of(*kind, number, values));
        }
        verdicts
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
