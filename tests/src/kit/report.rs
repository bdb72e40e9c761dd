//! What came out: a line a case for people, one object for machines.

use std::fmt;

use serde_json::{Value, json};

/// What came out of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The witness did what the text forbids.
    Failed(Vec<String>),
    /// The witness did what the text leaves open, or only recommends otherwise.
    Noted(Vec<String>),
    /// The witness did what the text asks.
    Passed,
    /// The case says nothing about the witness.
    Untold(String),
}

impl Outcome {
    /// The word in front of a line.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Failed(_) => "FAIL",
            Self::Noted(_) => "note",
            Self::Passed => "pass",
            Self::Untold(_) => "????",
        }
    }

    fn reasons(&self) -> Vec<&str> {
        match self {
            Self::Failed(reasons) | Self::Noted(reasons) => {
                reasons.iter().map(String::as_str).collect()
            }
            Self::Passed => Vec::new(),
            Self::Untold(why) => vec![why],
        }
    }
}

/// One case and what came out of it.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The case's name.
    pub case: String,
    /// The requirements that it cites.
    pub cites: Vec<String>,
    /// What came out.
    pub outcome: Outcome,
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}  {}", self.outcome.word(), self.case)?;
        let reasons = self.outcome.reasons();
        if !reasons.is_empty() {
            write!(formatter, ": {}", reasons.join("; "))?;
        }
        if matches!(self.outcome, Outcome::Failed(_)) {
            write!(formatter, " [{}]", self.cites.join(" "))?;
        }
        Ok(())
    }
}

/// What came out of all.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// One a case, in the order of play.
    pub verdicts: Vec<Verdict>,
    /// Cases for options that the witness was not said to have.
    pub skipped: usize,
    /// Notes that are not of any one case.
    pub remarks: Vec<String>,
}

impl Report {
    /// How many cases came out with this word.
    #[must_use]
    pub fn count(&self, word: &str) -> usize {
        self.verdicts.iter().filter(|verdict| verdict.outcome.word() == word).count()
    }

    /// 1 if anything failed; else 2 if anything could not be told, or nothing was asked; else 0.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.count("FAIL") > 0 {
            1
        } else if self.count("????") > 0 || self.verdicts.is_empty() {
            2
        } else {
            0
        }
    }

    /// The last line, and the notes of the whole run above it.
    #[must_use]
    pub fn summary(&self) -> String {
        let remarks: String = self.remarks.iter().map(|text| format!("note  {text}\n")).collect();
        let skipped = match self.skipped {
            0 => String::new(),
            count => format!("; {count} not asked, for options that were not named (--with)"),
        };
        format!(
            "{remarks}{} cases: {} passed, {} with notes, {} FAILED, {} not told{skipped}.",
            self.verdicts.len(),
            self.count("pass"),
            self.count("note"),
            self.count("FAIL"),
            self.count("????"),
        )
    }

    /// The same as one object.
    #[must_use]
    pub fn to_json(&self, url: &str) -> Value {
        let cases: Vec<Value> = self
            .verdicts
            .iter()
            .map(|verdict| {
                json!({
                    "case": verdict.case,
                    "cites": verdict.cites,
                    "outcome": match verdict.outcome {
                        Outcome::Failed(_) => "failed",
                        Outcome::Noted(_) => "noted",
                        Outcome::Passed => "passed",
                        Outcome::Untold(_) => "untold",
                    },
                    "reasons": verdict.outcome.reasons(),
                })
            })
            .collect();
        json!({
            "url": url,
            "passed": self.count("pass"),
            "noted": self.count("note"),
            "failed": self.count("FAIL"),
            "untold": self.count("????"),
            "not_asked": self.skipped,
            "remarks": self.remarks,
            "cases": cases,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(outcomes: &[Outcome]) -> Report {
        let verdict = |outcome: &Outcome| Verdict {
            case: "conflict-stale".to_string(),
            cites: vec!["conflict-status".to_string()],
            outcome: outcome.clone(),
        };
        Report { verdicts: outcomes.iter().map(verdict).collect(), ..Report::default() }
    }

    #[test]
    fn a_failure_outweighs_what_was_not_told_and_that_a_pass() {
        let (failed, noted) = (Outcome::Failed(vec!["x".into()]), Outcome::Noted(vec!["y".into()]));
        let untold = Outcome::Untold("z".into());
        assert_eq!(report(&[Outcome::Passed, noted]).exit_code(), 0);
        assert_eq!(report(&[Outcome::Passed, untold.clone()]).exit_code(), 2);
        assert_eq!(report(&[untold, failed]).exit_code(), 1);
        assert_eq!(report(&[]).exit_code(), 2);
    }

    #[test]
    fn a_failure_names_what_it_breaks() {
        let report = report(&[Outcome::Failed(vec!["answered 200, not 409".to_string()])]);
        let line = "FAIL  conflict-stale: answered 200, not 409 [conflict-status]";
        assert_eq!(report.verdicts[0].to_string(), line);
        assert_eq!(report.to_json("u")["cases"][0]["outcome"], "failed");
        assert!(report.summary().contains("1 FAILED"));
    }
}
