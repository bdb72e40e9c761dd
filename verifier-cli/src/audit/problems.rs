//! All that an audit found: every problem counted, the first ones kept in words.

use super::bundle::Finding;
use crate::messages::{Message, Said};
use crate::report::{Report, Verdict};

/// How many problems are kept in words.
const KEPT: usize = 200;

#[derive(Default)]
pub(super) struct Problems {
    faults: u64,
    missing: u64,
    kept: Vec<Said>,
}

impl Problems {
    pub(super) fn take(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            let said = match finding {
                Finding::Fault(said) => {
                    self.faults += 1;
                    said
                }
                Finding::Missing(said) => {
                    self.missing += 1;
                    said
                }
            };
            if self.kept.len() < KEPT {
                self.kept.push(said);
            }
        }
    }

    /// A fault is proof of something wrong; what could not be had proves nothing.
    pub(super) const fn verdict(&self) -> Verdict {
        match (self.faults, self.missing) {
            (0, 0) => Verdict::Verified,
            (0, _) => Verdict::Undecided,
            _ => Verdict::Rejected,
        }
    }

    pub(super) fn describe(&self, report: &mut Report) {
        let all = self.faults + self.missing;
        if all == 0 {
            return;
        }
        let counts = [self.faults.to_string(), self.missing.to_string()];
        report.reason(Said::new(Message::ProblemCount, &[&counts[0], &counts[1]]));
        for said in &self.kept {
            report.reason(said.clone());
        }
        let unsaid = all - self.kept.len() as u64;
        if unsaid > 0 {
            report.reason(Said::new(Message::ProblemsUnsaid, &[&unsaid.to_string()]));
        }
    }
}
