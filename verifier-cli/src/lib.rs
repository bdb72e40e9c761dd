//! Judges: inclusion, consistency, audits, disclosures, ranges, bundles, deliveries, splits; offline.
//!
//! One way through every command: what was typed (`args`) becomes what is meant, bytes from
//! outside become types of `spec`, and a verdict comes out as a `report::Report`. Nothing below
//! this file decides an exit code or prints a verdict.
//!
//! Invariants: no verdict without a policy that the caller named; keys are never taken from what
//! is judged; what was not checked is said in every verdict.

mod args;
mod audit;
mod command;
mod dossier;
mod durable;
mod failed;
mod failure;
mod html;
mod input;
mod large;
mod lateness;
mod list;
mod log;
mod masked;
mod matter;
mod messages;
mod mistaken;
mod pictures;
mod progress;
mod reconcile;
mod report;
mod run_log;
mod templates;
mod timestamp;
mod watch;
mod words;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::time::SystemTime;

use crate::args::{Files, Refused, Wanted};
use crate::durable::Target;
use crate::failure::Failure;
use crate::messages::Language;
use crate::report::{Report, Verdict};

/// The exit code of a verdict, and of a log or file that was read and is sound.
const VERIFIED: u8 = 0;

/// The exit code of evidence that is wrong.
const REJECTED: u8 = 1;

/// The exit code when nothing could be decided: unreadable files, the network, wrong usage.
const COULD_NOT_TELL: u8 = 2;

/// Runs the program with its arguments, the program's name first; returns the exit code. Before a judgement that all
/// cores share, and before no other, it has the caller `share_work`.
pub fn run(arguments: impl IntoIterator<Item = OsString>, share_work: impl FnOnce()) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let guessed = Language::of_environment(|name| std::env::var(name).ok());
    let wanted = match args::parse(&arguments, guessed) {
        Ok(wanted) => wanted,
        Err(refused) => {
            print_refused(&refused, &arguments);
            return if refused.is_error() { COULD_NOT_TELL } else { VERIFIED };
        }
    };
    let language = wanted.language;
    if command::is_shared(&wanted.command) {
        share_work();
    }
    // A watch whose reader has gone goes on all the same: what it finds it writes to files.
    let show = |report: &Report| drop(print_report(report, language, wanted.json));
    let (printed, code) = match judge(&wanted, &arguments, &show) {
        Ok(report) => (print_report(&report, language, wanted.json), exit_code(report.verdict())),
        Err(failure) => (print_failure(&failure, language, wanted.json), COULD_NOT_TELL),
    };
    // A verdict that nobody could read is no verdict.
    if printed.is_err() { COULD_NOT_TELL } else { code }
}

/// Runs the command, and writes its page if there is to be one. Where the output goes is looked at first:
/// what must not be written is neither judged nor touched.
fn judge(
    wanted: &Wanted,
    arguments: &[OsString],
    show: &dyn Fn(&Report),
) -> Result<Report, Failure> {
    let files = Files::of(wanted);
    let target = files.output.as_deref().map(|path| Target::new(path, &files.inputs));
    let target = target.transpose()?;
    let page = files.page.as_deref().map(|path| Target::new(path, &files.inputs)).transpose()?;
    if let (Some(target), Some(page)) = (&target, &page) {
        target.apart_from(page)?;
    }
    if let Some(page) = &page {
        page.only_over(html::is_page)?;
    }
    html::begin(page.as_ref());
    let outcome = command::run(wanted, target.as_ref(), show);
    html::keep(wanted.language, arguments, page.as_ref(), outcome, SystemTime::now())
}

/// The one place where a verdict becomes an exit code.
const fn exit_code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Done | Verdict::Verified => VERIFIED,
        Verdict::Rejected => REJECTED,
        Verdict::Undecided => COULD_NOT_TELL,
    }
}

/// Says why arguments are refused. Help and the version come this way too. Nothing is left to do if the
/// terminal itself is gone.
fn print_refused(refused: &Refused, arguments: &[OsString]) {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let keys: Vec<&str> = words.into_iter().filter_map(masked::key_in).collect();
    let _ = if keys.is_empty() {
        refused.print()
    } else {
        // The words that are refused are repeated, and so would be a key.
        let text = refused.to_string();
        let text = keys.iter().fold(text, |text, key| text.replace(key, &masked::masked(key)));
        std::io::stderr().lock().write_all(text.as_bytes())
    };
}

fn print_report(report: &Report, language: Language, json: bool) -> std::io::Result<()> {
    let text = if json { report.to_json(language) } else { report.to_text(language) };
    let mut out = std::io::stdout().lock();
    let is_painted = !json && out.is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let text = if is_painted { reconcile::paint(&text) } else { text };
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn print_failure(failure: &Failure, language: Language, json: bool) -> std::io::Result<()> {
    if json {
        let mut out = std::io::stdout().lock();
        out.write_all(failure.to_json(language).as_bytes())?;
        return out.flush();
    }
    std::io::stderr().lock().write_all(failure.to_text(language).as_bytes())
}
