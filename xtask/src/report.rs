//! Counts what passed, failed and was skipped, and ends in one line that says so.
//!
//! Each test counts as one; so does each step that is not made of tests. A skipped step is named
//! with its reason, and where nothing may be skipped (`CI=true`) it counts as failed.

use std::time::{Duration, Instant};

/// How many passed and failed in one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Tally {
    /// A step that is one check.
    pub(crate) const fn one(passed: bool) -> Self {
        if passed { Self { passed: 1, failed: 0 } } else { Self { passed: 0, failed: 1 } }
    }

    /// A step that ran tests. A run that failed without a failed test failed before them.
    pub(crate) const fn of_tests(self, succeeded: bool) -> Self {
        if succeeded || self.failed > 0 { self } else { Self { failed: 1, ..self } }
    }

    /// Both together.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }

    /// Adds what one line of `cargo test`, `cargo nextest` or `node --test` says, if it is a summary.
    pub(crate) fn read_line(&mut self, line: &str) {
        let of_node = |what| line.strip_prefix(what).and_then(|count| count.parse::<u64>().ok());
        self.passed += of_node("\u{2139} pass ").unwrap_or(0);
        self.failed += of_node("\u{2139} fail ").unwrap_or(0);
        let Some((_, counts)) = line
            .split_once("test result: ")
            .or_else(|| line.split_once(" tests run: "))
            .or_else(|| line.split_once(" test run: "))
        else {
            return;
        };
        let words: Vec<&str> = counts.split([' ', ',', ';', '.']).collect();
        for pair in words.windows(2) {
            let &[number, what] = pair else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match what {
                "passed" => self.passed += number,
                "failed" | "timed" => self.failed += number,
                _ => {}
            }
        }
    }
}

/// What became of a step.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Ran(Tally),
    Skipped(String),
}

/// The steps of one run, in order.
pub(crate) struct Report {
    steps: Vec<(&'static str, Outcome, Duration)>,
    remarks: Vec<String>,
    started: Instant,
    may_skip: bool,
}

impl Report {
    /// Starts the clock. In continuous integration (`CI=true`) a skipped step is a failed one.
    pub(crate) fn new() -> Self {
        Self { steps: Vec::new(), remarks: Vec::new(), started: Instant::now(), may_skip: !in_ci() }
    }

    /// Runs one step under a heading.
    pub(crate) fn step(
        &mut self,
        name: &'static str,
        act: impl FnOnce() -> Result<Outcome, String>,
    ) {
        out!("\n=== {name}");
        let started = Instant::now();
        let outcome = act().unwrap_or_else(|why| {
            out!("{why}");
            Outcome::Ran(Tally::one(false))
        });
        if let Outcome::Skipped(why) = &outcome {
            out!("SKIPPED: {why}");
        }
        self.steps.push((name, outcome, started.elapsed()));
    }

    /// Says plainly, now and at the end, what was not run because only somebody else has it. CI
    /// cannot have it either, so this is no failure.
    pub(crate) fn remark(&mut self, text: String) {
        out!("{text}");
        self.remarks.push(text);
    }

    /// Prints the table and the last line; true if nothing failed.
    pub(crate) fn finish(self) -> bool {
        out!("\n=== summary, {:.1} s in all", self.started.elapsed().as_secs_f64());
        let mut total = Tally::default();
        for (name, outcome, took) in &self.steps {
            let (tally, note) = match outcome {
                Outcome::Ran(tally) => (*tally, String::new()),
                Outcome::Skipped(why) if self.may_skip => {
                    (Tally::default(), format!("  skipped: {why}"))
                }
                Outcome::Skipped(why) => {
                    (Tally::one(false), format!("  skipped, which CI refuses: {why}"))
                }
            };
            total.passed += tally.passed;
            total.failed += tally.failed;
            let word = if tally.failed > 0 { "FAILED" } else { "ok" };
            let seconds = took.as_secs_f64();
            out!(
                "{word:<7} {name:<30} {:>5} passed {:>3} failed {seconds:>8.1} s{note}",
                tally.passed,
                tally.failed
            );
        }
        for remark in &self.remarks {
            out!("{remark}");
        }
        out!("{} passed, {} failed", total.passed, total.failed);
        total.failed == 0 && total.passed > 0
    }
}

/// Whether this is continuous integration, where nothing may be skipped.
pub(crate) fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(lines: &[&str]) -> (u64, u64) {
        let mut tally = Tally::default();
        lines.iter().for_each(|line| tally.read_line(line));
        (tally.passed, tally.failed)
    }

    #[test]
    fn summaries_of_all_runners_are_read() {
        let cargo = "test result: ok. 42 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out";
        let nextest =
            "     Summary [   1.310s] 52 tests run: 49 passed (2 slow), 3 failed, 4 skipped";
        let single = "     Summary [   1.310s] 1 test run: 1 passed, 0 skipped";
        let late =
            "     Summary [  61.000s] 5 tests run: 3 passed, 1 failed, 1 timed out, 0 skipped";
        assert_eq!(tally(&[cargo, cargo]), (84, 0));
        assert_eq!(tally(&[nextest]), (49, 3));
        assert_eq!(tally(&[single]), (1, 0));
        assert_eq!(tally(&[late]), (3, 2));
        assert_eq!(tally(&["\u{2139} tests 9", "\u{2139} pass 7", "\u{2139} fail 2"]), (7, 2));
        assert_eq!(tally(&["3 passed, 4 failed", "error: 2 failed", "pass 3"]), (0, 0));
    }

    #[test]
    fn a_run_that_failed_before_its_tests_counts_as_failed() {
        assert_eq!(Tally::default().of_tests(false), Tally { passed: 0, failed: 1 });
        let some = Tally { passed: 4, failed: 2 };
        assert_eq!(
            (some.of_tests(false), Tally::default().of_tests(true)),
            (some, Tally::default())
        );
    }

    #[test]
    fn a_report_passes_only_when_all_of_it_did() {
        let report = |may_skip, outcomes: Vec<Outcome>| {
            let steps = outcomes.into_iter().map(|outcome| ("step", outcome, Duration::ZERO));
            Report { steps: steps.collect(), may_skip, ..Report::new() }.finish()
        };
        let (good, bad) = (Outcome::Ran(Tally::one(true)), Outcome::Ran(Tally::one(false)));
        let skipped = Outcome::Skipped("no tool".to_string());
        assert!(report(false, vec![good.clone()]));
        assert!(!report(false, vec![good.clone(), bad]));
        assert!(report(true, vec![good.clone(), skipped.clone()]));
        assert!(!report(false, vec![good, skipped]));
        assert!(!report(true, vec![]), "a run of nothing is no success");
    }
}
