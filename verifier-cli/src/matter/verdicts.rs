//! Whose last word on a board is what: a machine that inspects, one that measures paste, a person, and the oven
//! apart.
//!
//! They are kept apart because a later record is not a better one, and none stands for another: an oven that says
//! `Succeeded` of its run knows nothing of a joint, and paste that is `Passed` nothing of what was placed on it. A
//! board that no machine inspected has no word of inspection, and which machine inspects is `reconcile`'s rule.

use spec::evidence::kind::Kind;

use super::Step;
use crate::reconcile::{counts_some, in_time, is_inspection, says_bad, says_good};

/// The last verdicts about one board, each as it was stated.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdicts {
    /// Whether a report of a machine that inspects is among them, whatever of it is opened.
    pub(crate) is_inspected: bool,
    /// That of the last such report.
    pub(crate) machine: Option<String>,
    /// That of the last paste inspection.
    pub(crate) paste: Option<String>,
    /// That of the last review or repair, and which of them it was.
    pub(crate) person: Option<(Kind, String)>,
    /// That of the oven on its run.
    pub(crate) oven: Option<String>,
    /// Whether any inspection found something, or a review names that as what stood before it.
    pub(crate) is_failed: bool,
    /// Whether any paste inspection found something.
    pub(crate) is_paste_failed: bool,
    /// Whether a review left fewer failures than there were.
    pub(crate) is_overridden: bool,
    /// Whether any record at all says that something is bad.
    has_bad: bool,
    failures: usize,
    /// The kind of the last record of an inspection, a review or a repair that has a verdict, and whether that is good.
    last: Option<(Kind, bool)>,
}

/// What became of a board that failed at a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nobody has passed it since.
    Failed,
    /// A machine inspected it again, and it passed.
    Inspected,
    /// It was repaired, and nothing is shown of it since.
    Repaired,
    /// A person passed it.
    Reviewed,
}

impl Outcome {
    /// By the last word on it, and whether that is good throughout.
    pub(crate) const fn of(last: Option<(Kind, bool)>) -> Self {
        match last {
            None | Some((_, false)) => Self::Failed,
            Some((Kind::Repair, true)) => Self::Repaired,
            Some((Kind::Review, true)) => Self::Reviewed,
            Some((_, true)) => Self::Inspected,
        }
    }
}

impl Verdicts {
    /// Puts together what the records of one board say, given in the order of sight.
    pub(super) fn of(steps: Vec<&Step>) -> Self {
        let mut verdicts = Self::default();
        let steps = in_turn(steps, |step| step.kind, Step::times);
        steps.into_iter().for_each(|step| verdicts.add(step));
        verdicts
    }

    /// What became of it, if it failed at a machine that inspects.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        self.is_failed.then(|| Outcome::of(self.last))
    }

    /// Whether anything was found on the board at any time.
    pub(super) const fn has_failed(&self) -> bool {
        self.is_failed || self.is_paste_failed || self.has_bad
    }

    /// Takes in the next step, in time.
    fn add(&mut self, step: &Step) {
        let verdict = step.text("verdict");
        self.has_bad |= verdict.is_some_and(|verdict| failures(verdict) > 0);
        let words: Vec<&str> = verdict.into_iter().flat_map(str::lines).collect();
        if is_inspection(step.kind) || matches!(step.kind, Kind::Repair | Kind::Review) {
            let last = (step.kind, words.iter().all(|word| says_good(word)));
            self.last = Some(last).filter(|_| !words.is_empty()).or(self.last);
        }
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
        // Where a machine has no word for it, its count of defects is what it says.
        let failures = match verdict {
            Some(verdict) => failures(verdict),
            None => usize::from(step.text("defects").is_some_and(counts_some)),
        };
        let word = verdict.map(str::to_string);
        if is_inspection(step.kind) {
            self.is_inspected = true;
            self.is_failed |= failures > 0;
            self.machine = word.or(self.machine.take());
        } else {
            self.is_paste_failed |= failures > 0;
            self.paste = word.or(self.paste.take());
        }
        // What a review is about is no longer the paste, once a machine has inspected the board.
        if is_inspection(step.kind) || !self.is_inspected {
            self.failures = failures;
        }
    }

    /// What stood before is what the review itself names, or else what the machine said last.
    fn review(&mut self, step: &Step, verdict: Option<&str>) {
        let stated = step.text("verdict/before").map(failures);
        let before = stated.unwrap_or(self.failures);
        let is_fewer = |now: &str| failures(now) < before && now.lines().any(says_good);
        self.is_overridden |= verdict.is_some_and(is_fewer);
        self.is_failed |= stated.is_some_and(|count| count > 0);
    }

    fn said(&mut self, kind: Kind, verdict: Option<&str>) {
        if let Some(verdict) = verdict {
            self.person = Some((kind, verdict.to_string()));
        }
    }
}

/// The records in time, as `reconcile` takes them. Where people's words claim no times, machines' reports are
/// still in order among themselves. They are given in the order of sight.
pub(crate) fn in_turn<T: Copy>(
    records: Vec<T>,
    kind: impl Fn(T) -> Kind,
    times: impl Fn(T) -> (Option<u64>, u64),
) -> Vec<T> {
    if records.len() < 2 {
        return records;
    }
    // An oven says nothing of the others, and its pass has a time of its own. Paste comes before all that is placed
    // on it: a report on it that claims no time leaves what people and machines say of the board in order.
    let (passes, others): (Vec<T>, Vec<T>) =
        records.into_iter().partition(|one| kind(*one) == Kind::OvenData);
    let (mut pastes, mut others): (Vec<T>, Vec<T>) =
        others.into_iter().partition(|one| kind(*one) == Kind::SpiReport);
    in_time(&mut pastes, |one| times(*one));
    in_time(&mut others, |one| times(*one));
    let looks = others.iter().copied().filter(|one| is_inspection(kind(*one)));
    let mut looks: Vec<T> = looks.collect();
    in_time(&mut looks, |one| times(*one));
    let mut looks = looks.into_iter();
    let in_place = others.into_iter().map(|one| match is_inspection(kind(one)) {
        true => looks.next().unwrap_or(one),
        false => one,
    });
    passes.into_iter().chain(pastes).chain(in_place).collect()
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
        assert_eq!(verdicts.paste.as_deref(), Some("GOOD"));
        assert!(
            verdicts.is_failed
                && !verdicts.is_paste_failed
                && !verdicts.is_overridden
                && verdicts.person.is_none()
        );
    }

    #[test]
    fn paste_without_a_time_leaves_the_rest_in_order() {
        let at = |word, time| [("verdict", word), ("claimed/start", time), ("claimed/zone", "Z")];
        let failed: &[_] = &at("Failed", "2026-03-02T08:50:00Z");
        let rejected: &[_] = &at("Failed", "2026-03-02T08:56:00Z");
        let passed: &[_] = &at("Passed", "2026-03-02T10:05:00Z");
        let confirmed: &[_] = &at("Passed", "2026-03-02T10:06:00Z");
        let paste: &[_] = &[("verdict", "Passed")];
        // Seen in the order of their names: the last review is the one that claims the last time.
        let verdicts = of(&[
            (Kind::Review, confirmed),
            (Kind::AoiReport, passed),
            (Kind::SpiReport, paste),
            (Kind::Review, rejected),
            (Kind::AoiReport, failed),
        ]);
        assert_eq!(verdicts.person, Some((Kind::Review, "Passed".to_string())));
        assert_eq!(verdicts.machine.as_deref(), Some("Passed"));
    }

    #[test]
    fn paste_says_nothing_of_an_inspection_that_is_not_shown() {
        let paste: (Kind, &[_]) = (Kind::SpiReport, &[("verdict", "Passed")]);
        let oven: (Kind, &[_]) = (Kind::OvenData, &[("verdict", "Succeeded")]);
        let verdicts = of(&[paste, oven]);
        assert!(!verdicts.is_inspected && verdicts.machine.is_none());
        assert_eq!(verdicts.paste.as_deref(), Some("Passed"));
        // Nor does a review stand for one; what it names as before it did find something.
        let review: &[_] = &[("verdict", "Passed"), ("verdict/before", "Failed")];
        let verdicts = of(&[paste, (Kind::Review, review)]);
        assert!(!verdicts.is_inspected && verdicts.is_failed && verdicts.is_overridden);
        // One whose word is not opened is there.
        let verdicts = of(&[paste, (Kind::AoiReport, &[("defects", "0")])]);
        assert!(verdicts.is_inspected && verdicts.machine.is_none() && !verdicts.has_failed());
        // Bad paste is bad paste.
        let bad: (Kind, &[_]) = (Kind::SpiReport, &[("verdict", "NG")]);
        let verdicts = of(&[bad, (Kind::AoiReport, &[("verdict", "OK")])]);
        assert!(verdicts.is_paste_failed && !verdicts.is_failed && verdicts.has_failed());
        assert!(of(&[(Kind::OvenData, &[("verdict", "Aborted")])]).has_failed());
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
    fn what_became_of_a_board_that_failed_is_its_last_word() {
        let aoi = |word| (Kind::AoiReport, [("verdict", word)]);
        let (failed, passed) = (aoi("Passed\nFailed"), aoi("Passed\nPassed"));
        let review = |word| (Kind::Review, [("verdict", word)]);
        let repair = (Kind::Repair, [("verdict", "RepairSuccessful")]);
        let became = |steps: &[(Kind, [(&'static str, &str); 1])]| {
            let steps: Vec<(Kind, &[(&'static str, &str)])> =
                steps.iter().map(|(kind, values)| (*kind, values.as_slice())).collect();
            of(&steps).outcome()
        };
        assert_eq!(became(&[passed, review("Passed")]), None);
        assert_eq!(became(&[failed]), Some(Outcome::Failed));
        assert_eq!(became(&[failed, review("Passed\nFailed")]), Some(Outcome::Failed));
        assert_eq!(became(&[failed, review("hold")]), Some(Outcome::Failed));
        assert_eq!(became(&[failed, review("Passed")]), Some(Outcome::Reviewed));
        assert_eq!(became(&[failed, review("Failed"), repair]), Some(Outcome::Repaired));
        assert_eq!(became(&[failed, repair, passed]), Some(Outcome::Inspected));
        assert_eq!(became(&[failed, review("Passed"), failed]), Some(Outcome::Failed));
        // Paste and oven have no word on it.
        let oven = (Kind::OvenData, [("verdict", "Succeeded")]);
        assert_eq!(became(&[failed, oven]), Some(Outcome::Failed));
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
