//! The report for people: one HTML file that prints well, needs nothing, and runs nothing.
//!
//! ```text
//! verdict or failure -> Page (words in one language) -> sections -> markup -> Target
//! ```
//!
//! Invariants: the page says what the program found and nothing more: evidence is shown only beside a
//! verdict of VERIFIED, or of NOT IN ORDER, which says that all of it holds, and units of a delivery likewise; text enters
//! through [`markup::Html`] alone; the same findings give the same bytes, but for the run log's time, which
//! is an argument. It holds no script, and its policy (`default-src 'none'`) lets a browser load nothing.

mod boards;
mod curve;
mod delivery;
mod inspection;
mod markup;
mod oven;
mod page;
mod panel;
mod paste;
mod profiles;
mod svg;
mod timeline;
mod words;

use std::ffi::OsString;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::durable::Target;
use crate::failure::Failure;
use crate::lateness;
use crate::masked;
use crate::messages::{Language, Message, Said};
use crate::report::{Report, Verdict};
use crate::run_log;
use page::{Page, Run};

/// The most characters of the command that the run log shows.
const MAX_COMMAND: usize = 1900;

/// Whether a file begins as a page of this program does.
pub(crate) fn is_page(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head);
    head.starts_with("<!DOCTYPE html>\n<html lang=\"")
        && head.contains("content=\"default-src &#39;none&#39;; style-src &#39;sha256-")
}

/// Begins to note what is read, if there will be a page.
pub(crate) fn begin(target: Option<&Target>) {
    if target.is_some() {
        run_log::start();
    }
}

/// Writes the page that was asked for, whatever was found. What cannot be written is no verdict.
pub(crate) fn keep(
    language: Language,
    arguments: &[OsString],
    target: Option<&Target>,
    outcome: Result<Report, Failure>,
    now: SystemTime,
) -> Result<Report, Failure> {
    let Some(target) = target else { return outcome };
    let at = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let run = Run { command: command(arguments), files: run_log::finish(), at };
    let (page, word) = match &outcome {
        Ok(report) => (of_report(report, run, language), report.word()),
        Err(failure) => (of_failure(failure, run, language), Verdict::Undecided.message()),
    };
    if let Err(why) = target.write(page.to_html().as_bytes()) {
        let word = word.unwrap_or(Message::CouldNotTell).text(language);
        return Err(Failure::new(why).with_hint(Said::new(Message::HtmlVerdictWas, &[word])));
    }
    outcome.map(|mut report| {
        report.fact(Message::LabelReport, target.path().display());
        report
    })
}

/// What was typed, as it could be typed again, word by word.
fn command(arguments: &[OsString]) -> Vec<String> {
    let mut words = vec!["fiducial".to_string()];
    words.extend(arguments.iter().skip(1).map(|word| {
        let word = word.to_string_lossy();
        // The page is handed on, and a lot key must not be.
        let word = masked::masked(&word).into_owned();
        let is_plain = |letter: char| letter.is_alphanumeric() || "-_./,:=+@".contains(letter);
        if !word.is_empty() && word.chars().all(is_plain) {
            word
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    }));
    let mut left = MAX_COMMAND;
    words.retain_mut(|word| {
        *word = word.chars().take(left).collect();
        left -= word.chars().count();
        left = left.saturating_sub(1);
        !word.is_empty()
    });
    words
}

fn of_report(report: &Report, run: Run, language: Language) -> Page<'_> {
    Page {
        language,
        verdict: report.verdict(),
        word: report.word(),
        is_misfit: report.is_misfit(),
        is_damaged: report.is_damaged(),
        holds: report.holds(),
        is_repacked: report.is_repacked(),
        headline: report.headline().map(|said| said.to_text(language)),
        look: report.looks(language),
        reasons: report.reasons_for_people().map(|said| said.to_text(language)).collect(),
        lateness: lateness::said(report.reasons_for_people())
            .map(|said| said.to_text(language))
            .collect(),
        hint: None,
        facts: report.facts(language).collect(),
        open: report.open(language),
        matter: report.matter(),
        delivery: report.delivery(),
        run,
    }
}

fn of_failure(failure: &Failure, run: Run, language: Language) -> Page<'_> {
    let (why, hint) = failure.said();
    Page {
        language,
        verdict: Verdict::Undecided,
        word: None,
        is_misfit: false,
        is_damaged: false,
        holds: false,
        is_repacked: false,
        headline: None,
        look: Vec::new(),
        reasons: vec![why.to_text(language)],
        lateness: Vec::new(),
        hint: hint.map(|hint| hint.to_text(language)),
        facts: Vec::new(),
        open: Vec::new(),
        matter: None,
        delivery: None,
        run,
    }
}
