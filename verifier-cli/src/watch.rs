//! `watch`: a log and its witnesses, looked at again and again, by somebody who remembers.
//!
//! Rule: `spec/text/split.md`; the witnesses' answers are C2SP tlog-witness, "Monitor Retrieval".
//!
//! ```text
//! the log's checkpoint      -+
//! each witness's checkpoint -+-> signed by the log -> compared by the log's own tiles
//! what was seen before      -+     all one log: remembered     two histories: evidence
//! ```
//!
//! Everything compared carries the log's signature; a note without it says nothing of the log.
//! What was seen and is one log is remembered, so that a history that is shown today and withdrawn
//! tomorrow is found. After a split nothing is remembered: the same evidence is found again.
//!
//! Invariants: the state is never moved onto a history that was not compared with the one before;
//! evidence is durable before its path is told.

mod ask;
mod compare;
mod look;
mod state;

use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use self::look::Watcher;
use spec::time::format_utc;

use crate::args::Watch as Wanted;
use crate::durable::Target;
use crate::failure::Failure;
use crate::log::Network;
use crate::report::{Report, Verdict};

/// Looks once, or until something is wrong with the log. The state is in `target`. `show` gets each
/// report but the last.
pub(crate) fn run(
    wanted: &Wanted,
    target: Option<&Target>,
    network: &Network,
    show: &dyn Fn(&Report),
) -> Result<Report, Failure> {
    let watcher = Watcher::open(wanted, target.expect("clap asks for --state"), network)?;
    if wanted.once {
        return watcher.look();
    }
    loop {
        let mut report = watcher.look()?;
        report.set_found_at(now());
        if report.verdict() == Verdict::Rejected {
            return Ok(report);
        }
        show(&report);
        thread::sleep(Duration::from_secs(wanted.interval));
    }
}

/// The time of this machine, for people who read many reports; nothing is decided by it.
fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    format_utc(since.map_or(0, |since| since.as_secs()))
}
