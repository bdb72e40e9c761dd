//! The conformance kit's runner: asks any witness what `spec/vectors/witness/` holds.
//!
//! Rule: C2SP tlog-witness; `spec/vectors/witness/README.md` explains the files and the outcome.
//! The files were made by a program in another language; what is judged here is only what a
//! witness answers to them: its status, its bytes, and its cosignatures.
//!
//! Everything is bounded: files, cases, answers, the time of one answer and of the whole run. The
//! runner sends to the given prefixes only and follows no redirect.
//!
//! Out of scope: durability beyond what an answer shows, `sign-subtree`, and bastions.

pub mod case;
pub mod client;
pub mod judge;
mod listen;
pub mod play;
pub mod report;

use std::time::{Duration, Instant};

use spec::key::{Algorithm, VerifierKey};

use case::Case;
use client::Client;
use report::{Outcome, Report, Verdict};

/// Whom to ask, and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to read a log's latest checkpoint; `None`: nowhere.
    pub monitor: Option<String>,
    /// What the witness offers beyond what every witness does: the `needs` of cases.
    pub options: Vec<String>,
    /// How long the whole run may take. Cases that are not reached count as not told.
    pub patience: Duration,
    /// The submission prefix.
    pub url: String,
    /// The keys that sign every answer of the witness.
    pub vkeys: Vec<VerifierKey>,
}

/// Plays all cases that the witness can be asked, one after the other, and hands each verdict to
/// `watch` as it comes.
pub fn run(settings: &Settings, cases: &[Case], watch: &mut dyn FnMut(&Verdict)) -> Report {
    let mut client = Client::new(&settings.url, settings.monitor.as_deref());
    let end = Instant::now() + settings.patience;
    let mut report = Report::default();
    let offered = |case: &&Case| {
        case.needs.as_ref().is_none_or(|needs| settings.options.iter().any(|have| have == needs))
    };
    for case in cases.iter().filter(offered) {
        let outcome = if Instant::now() > end {
            Outcome::Untold("the run's time was over before it".to_string())
        } else {
            play::play(case, &settings.vkeys, &mut client)
        };
        let verdict = Verdict { case: case.name.clone(), cites: case.cites.clone(), outcome };
        watch(&verdict);
        report.verdicts.push(verdict);
    }
    report.skipped = cases.iter().filter(|case| !offered(case)).count();
    report.remarks = remarks(settings);
    report
}

/// What is not of any one case: recommendations of the text.
fn remarks(settings: &Settings) -> Vec<String> {
    let mut remarks = Vec::new();
    if !settings.vkeys.iter().any(|key| key.algorithm() == Algorithm::CosignatureMlDsa44) {
        remarks
            .push("no ML-DSA-44 key (0x06) was given: witnesses SHOULD sign with one".to_string());
    }
    match client::keeps_connections(&settings.url) {
        Some(false) => {
            remarks.push("a connection is not kept open: witnesses SHOULD support it".to_string());
        }
        Some(true) => {}
        None => remarks.push("whether connections are kept open could not be told".to_string()),
    }
    remarks
}
